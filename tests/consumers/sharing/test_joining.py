"""The join attack: two recipients lay their files side by side, with every column they have in common."""

from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from kit.crowd import NOW
from kit.handed_over import read_rows
from kit.linking import Linked, linked
from kit.policies import OPERATE
from kit.sharing import crowded, policy_with, recipient
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN
from remit_consumers.sharing.formats import Format
from remit_consumers.sharing.share import share
from remit_consumers.sharing.terms import Asked
from remit_consumers.views.names import ViewNames

BOUND = 0.1
"""What no attack may come to by the defaults of a recipient: one in ten."""


def attacked(folder: Path, **changes: object) -> Linked:
    """What two recipients of the same fields of 30,000 page views by 3,600 subjects come to."""
    deployment, files = handed_over(folder, **changes)
    return linked(files["acme"], files["other"], truth(deployment, "acme", "other"))


def handed_over(folder: Path, **changes: object) -> tuple[Deployment, dict[str, pa.Table]]:
    """What two recipients of the same fields get, by recipient."""
    policy = policy_with(acme=recipient(**changes), other=recipient(**changes))
    deployment = crowded(folder, policy, 30_000, 4_000)
    files = {name: rows_of(deployment, name, folder) for name in ("acme", "other")}
    assert [one.num_rows for one in files.values()] == [30_000, 30_000]
    return deployment, files


def rows_of(
    deployment: Deployment,
    name: str,
    folder: Path,
    form: Format = Format.PARQUET,
    schema: pa.Schema | None = None,
) -> pa.Table:
    """What a recipient gets in a format."""
    into = folder / f"{name}-{form}"
    share(deployment, Asked(name, form=form), into, NOW)
    return read_rows(into / f"page_view.{OPERATE}.{form}", schema or pa.schema([]))


def truth(deployment: Deployment, *recipients: str) -> dict[str, str]:
    """Which names of two recipients are of the same subject: the lake knows."""
    lake = DeltaTable(deployment.settings.lake / "events" / "page_view")
    stored = lake.to_pyarrow_table(columns=["subject", "day"])
    columns = [stored.column(name).combine_chunks() for name in ("subject", "day")]
    named: list[pa.Array] = []
    for name in recipients:
        terms = deployment.policy.recipients[name]
        found = ViewNames(deployment.settings.keys, RECIPIENT_DOMAIN + name, terms.subject).of(
            *columns
        )
        assert found is not None
        named.append(found)
    return dict(zip(named[0].to_pylist(), named[1].to_pylist(), strict=True))


@pytest.mark.clause("S059b", "S054a")
def test_two_recipients_tie_under_one_subject_in_ten_together_in_whichever_format(
    tmp_path: Path,
) -> None:
    """The attack is on one pair of files; the other formats hold the same rows, so it comes to the same."""
    deployment, files = handed_over(tmp_path)
    found = linked(files["acme"], files["other"], truth(deployment, "acme", "other"))
    assert found.by_row <= BOUND
    assert found.by_place < 0.01
    assert found.by_frequency <= BOUND
    assert found.by_history <= BOUND
    attacked_rows = in_order(files["other"])
    for form in set(Format) - {Format.PARQUET}:
        again = rows_of(deployment, "other", tmp_path, form, files["other"].schema)
        assert in_order(again).equals(attacked_rows), form
        assert not again.equals(files["other"])  # shuffled anew


def in_order(rows: pa.Table) -> pa.Table:
    """Rows in an order that says nothing of how they came."""
    return rows.sort_by([(name, "ascending") for name in rows.column_names]).combine_chunks()


def test_lasting_names_betray_histories_and_the_page_says_so(tmp_path: Path) -> None:
    """What docs/sharing.md warns of: rows stay under the bound, the longest histories do not."""
    found = attacked(tmp_path, subject="stable")
    assert found.by_row <= BOUND
    assert found.by_history > BOUND
