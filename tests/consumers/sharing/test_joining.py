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


def attacked(folder: Path, form: Format = Format.PARQUET, **changes: object) -> Linked:
    """What two recipients of the same fields of 30,000 page views by 3,600 subjects come to; the second reads a format."""
    policy = policy_with(acme=recipient(**changes), other=recipient(**changes))
    deployment = crowded(folder, policy, 30_000, 4_000)
    files: list[pa.Table] = []
    for name, one in (("acme", Format.PARQUET), ("other", form)):
        share(deployment, Asked(name, form=one), folder / name, NOW)
        file = folder / name / f"page_view.{OPERATE}.{one}"
        files.append(read_rows(file, files[0].schema if files else pa.schema([])))
    assert files[0].num_rows == files[1].num_rows == 30_000
    return linked(files[0], files[1], truth(deployment, "acme", "other"))


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
@pytest.mark.parametrize("form", Format)
def test_two_recipients_tie_under_one_subject_in_ten_together(tmp_path: Path, form: Format) -> None:
    found = attacked(tmp_path, form)
    assert found.by_row <= BOUND
    assert found.by_place < 0.01
    assert found.by_frequency <= BOUND
    assert found.by_history <= BOUND


def test_lasting_names_betray_histories_and_the_page_says_so(tmp_path: Path) -> None:
    """What docs/sharing.md warns of: rows stay under the bound, the longest histories do not."""
    found = attacked(tmp_path, subject="stable")
    assert found.by_row <= BOUND
    assert found.by_history > BOUND
