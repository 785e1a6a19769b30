"""The join attack: who holds the views of two purposes tries to find the rows and subjects of one in the other."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kit.crowd import NOW, make_crowd, settings_in
from kit.linking import Linked, linked
from kit.policies import IMPROVE, OPERATE, REPORT
from remit_consumers.settings import Settings
from remit_consumers.views.building import build
from remit_consumers.views.names import ViewNames
from remit_schemas.policy import Policy, find_policy
from remit_schemas.view import Names

SUBJECTS_MIN = 10
BOUND = 1 / SUBJECTS_MIN
"""What guessing within a crowd comes to."""

BOTH = frozenset({REPORT, IMPROVE})


def asking(subject: Names = "stable") -> Policy:
    """The policy that is shipped, asking that the views of optional purposes show crowds."""
    terms = {"subjects_min": SUBJECTS_MIN, "subject": subject, "clause": "S105a", "reason": "ten"}
    written = find_policy().model_dump(mode="json", exclude_none=True)
    return Policy.model_validate(written | {"views": dict.fromkeys(BOTH, terms)})


def attacked(folder: Path, policy: Policy, *purposes: str) -> Linked:
    """What an attacker with two views of 30,000 page views by 3,600 subjects comes to."""
    settings = settings_in(folder)
    make_crowd(settings, policy, BOTH)
    for purpose in purposes:
        build(settings, policy, purpose, NOW)
    one, two = (view(settings, purpose) for purpose in purposes)
    assert one.num_rows == two.num_rows == 30_000
    return linked(one, two, truth(settings, policy, *purposes))


def view(settings: Settings, purpose: str) -> pa.Table:
    return pq.read_table(
        settings.views / purpose / "page_view" / "tenant=" / "rows.parquet", partitioning=None
    )


def truth(settings: Settings, policy: Policy, *purposes: str) -> dict[str, str]:
    """Which names of two purposes are of the same subject: the lake knows."""
    stored = DeltaTable(settings.lake / "events" / "page_view").to_pyarrow_table(
        columns=["subject", "day"]
    )
    columns = [stored.column(name).combine_chunks() for name in ("subject", "day")]
    named = []
    for purpose in purposes:
        terms = policy.views.get(purpose)
        found = ViewNames(settings.keys, purpose, terms.subject if terms else "stable").of(*columns)
        assert found is not None
        named.append(found.to_pylist())
    return dict(zip(*named, strict=True))


@pytest.mark.clause("S110a", "S110c")
def test_views_share_no_name_and_no_order_and_frequency_alone_finds_few(tmp_path: Path) -> None:
    policy = find_policy()
    found = attacked(tmp_path, policy, REPORT, IMPROVE)
    settings = settings_in(tmp_path)
    names = [set(view(settings, purpose)["subject"].to_pylist()) for purpose in (REPORT, IMPROVE)]
    stored = DeltaTable(settings.lake / "events" / "page_view").to_pyarrow_table(
        columns=["subject"]
    )
    assert not names[0] & names[1]
    assert not (names[0] | names[1]) & set(stored["subject"].to_pylist())
    assert found.by_place < 0.01  # as many as one frequent subject's rows meet by chance
    assert found.by_frequency < BOUND


def test_equal_columns_betray_rows_where_the_policy_asks_nothing_and_the_page_says_so(
    tmp_path: Path,
) -> None:
    """What docs/views.md warns of: a test that fails when it is no longer true."""
    found = attacked(tmp_path, find_policy(), REPORT, IMPROVE)
    assert found.by_row > 0.9
    assert found.by_history > 0.9


@pytest.mark.clause("S110a", "S110c")
@pytest.mark.parametrize("other", [IMPROVE, OPERATE])
def test_a_row_in_a_crowd_is_found_no_more_often_than_by_guessing_in_it(
    tmp_path: Path, other: str
) -> None:
    found = attacked(tmp_path, asking(), REPORT, other)
    assert found.by_row <= BOUND
    assert found.by_place < 0.01


def test_names_for_a_day_keep_histories_short(tmp_path: Path) -> None:
    stable = attacked(tmp_path / "stable", asking(), REPORT, IMPROVE)
    daily = attacked(tmp_path / "daily", asking("daily"), REPORT, IMPROVE)
    assert stable.by_history < 0.3
    assert daily.by_history <= BOUND


def test_a_view_without_names_has_no_column_of_them(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    make_crowd(settings, asking("none"), BOTH, views=1_000, subjects=100)
    build(settings, asking("none"), REPORT, NOW)
    assert "subject" not in view(settings, REPORT).column_names
