"""The lake's format: who writes keeps it, and who is older than it commits nothing, also when it was raised meanwhile."""

from pathlib import Path

import pyarrow as pa
import pytest

from kit.lake import LOG, SCHEMA, make_flush, make_receipt, make_rows
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.format import FILE, FORMAT
from remit_consumers.lake.tables import evolve, open_table
from remit_schemas.errors import LakeError, NewerLake
from remit_schemas.format_file import format_of


def claimed(root: Path) -> Lake:
    """A lake with one commit, claimed by its writer."""
    lake = Lake(root)
    lake.claim(LOG, 0)
    lake.commit(make_flush(0))
    return lake


def raised(lake: Lake) -> None:
    (lake.root / FILE).write_text(f"{FORMAT + 1}\n", "ascii")


def everything(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def test_a_new_lake_has_the_format_of_who_made_it(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    assert format_of(lake.root / FILE) == FORMAT


def test_a_writer_commits_nothing_once_a_newer_one_has_raised_the_format(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    before = everything(lake.root)
    raised(lake)
    with pytest.raises(NewerLake, match="written by a newer remit"):
        lake.commit(make_flush(1))
    assert everything(lake.root) == before


def test_a_writer_widens_no_table_once_a_newer_one_has_raised_the_format(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    before = everything(lake.root)
    wider = SCHEMA.append(pa.field("carrier", pa.string()))
    rows = make_rows(1).append_column("carrier", pa.nulls(3, pa.string()))
    raised(lake)
    part = TableCommit("events/page_view", rows, make_receipt(1), wider)
    with pytest.raises(NewerLake):
        lake.commit(make_flush(1, part))
    assert everything(lake.root) == before


def test_a_lower_format_is_raised_by_the_next_claim_and_not_by_a_reader(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    (lake.root / FILE).write_text("0\n", "ascii")
    Lake(lake.root).receipts()
    assert format_of(lake.root / FILE) == 0
    Lake(lake.root).claim(LOG, 0)
    assert format_of(lake.root / FILE) == FORMAT


@pytest.mark.parametrize("text", ["", "one\n", "1", "-1\n", "1\n1\n", "9999999999\n"])
def test_a_format_that_is_no_number_is_refused(tmp_path: Path, text: str) -> None:
    lake = claimed(tmp_path / "lake")
    (lake.root / FILE).write_text(text, "ascii")
    with pytest.raises(LakeError, match="cannot be read"):
        open_table(lake.root, "positions")


def test_a_table_that_lacks_nothing_is_not_asked_again(tmp_path: Path) -> None:
    lake = claimed(tmp_path / "lake")
    table = open_table(lake.root, "events/page_view")
    raised(lake)
    evolve(table, SCHEMA)  # nothing is written
