"""A lake of which a table has gone, or was put back by itself from an older copy, is refused, and the line says which."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kit.lake import LOG, make_flush, make_receipt, make_rows
from remit_consumers.backup.guard import check_readable
from remit_consumers.backup.tables import copy_table, in_order
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.holds import Hold, Holds, Reach, holds, place
from remit_consumers.lake.log import versions
from remit_consumers.lake.promises import broken, check_whole, keep_promised
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.restrictions import restrict, standing
from remit_consumers.lake.rewrite import Change, rewrite
from remit_consumers.lake.tables import tables_in
from remit_consumers.proof.verify import verify
from remit_schemas.errors import LakeError

TABLE = "events/page_view"
NOW = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    made = Lake(tmp_path / "data/lake")
    made.claim(LOG, 0)
    for offset in range(3):
        rows = make_rows(offset, subject="anna")
        made.commit(make_flush(offset, TableCommit(TABLE, rows, make_receipt(offset))))
    return made


@contextmanager
def put_back_by_itself(lake: Lake, name: str) -> Iterator[None]:
    """What happens inside is undone in one table alone, as if its folder had come back from an older copy."""
    older = lake.root.parent.parent / "older"
    shutil.copytree(lake.root / name, older)
    yield
    shutil.rmtree(lake.root / name)
    shutil.move(older, lake.root / name)


def erased(lake: Lake) -> None:
    gone = RemovedCount(Removal.ERASED, "requested", rows=9, values={"ip": 9})

    def change(rows: pa.Table) -> Change:
        return Change(rows.filter(pc.is_null(rows.column("subject"))), [gone])

    rewrite(lake.root, TABLE, pa.array(["anna"]), change)


def refused(lake: Lake, name: str) -> None:
    """Who opens, reads, writes and verifies the lake is told which table it is, and what to do."""
    with pytest.raises(LakeError, match=f"table {name} .*: mount or restore .*whole lake"):
        check_readable(lake.root, lake.root.parent.parent / "keys")
    with pytest.raises(LakeError, match=name):
        Lake(lake.root).claim(LOG, 0)
    assert name in verify(lake.root.parent).checks["chain"].detail


def test_a_table_of_events_from_before_the_last_flush_is_refused(lake: Lake) -> None:
    with put_back_by_itself(lake, TABLE):
        lake.commit(make_flush(3))
    refused(lake, TABLE)


def test_a_table_of_events_from_before_an_erasure_is_refused(lake: Lake) -> None:
    with put_back_by_itself(lake, TABLE):
        erased(lake)
    refused(lake, TABLE)


def test_a_table_of_events_that_has_gone_is_refused(lake: Lake) -> None:
    shutil.rmtree(lake.root / TABLE)
    refused(lake, TABLE)


@pytest.mark.parametrize("name", ["receipts", "tagsets"])
def test_any_table_from_before_the_last_sweep_is_refused(lake: Lake, name: str) -> None:
    lake.materialise()
    with put_back_by_itself(lake, name):
        tagset = make_flush(3).tagsets[0]
        flush = make_flush(3)
        other = type(tagset)("feedfeedfeedfeed", *(getattr(tagset, one) for one in _OTHERS))
        lake.commit(type(flush)(LOG, flush.positions, flush.parts, flush.marks, [other]))
        lake.materialise()
        keep_promised(lake.root, tables_in(lake.root))
    refused(lake, name)


_OTHERS = ("contract", "policy", "policy_version", "purposes", "fields")


def test_an_older_table_of_positions_lets_no_older_table_of_rows_pass(lake: Lake) -> None:
    """Positions put back with it promise less; what receipts have chained of it does not."""
    with put_back_by_itself(lake, TABLE):
        older = lake.root.parent.parent / "positions"
        shutil.copytree(lake.root / "positions", older)
        lake.commit(make_flush(3))
        lake.materialise()
        shutil.rmtree(lake.root / "positions")
        shutil.move(older, lake.root / "positions")
    with pytest.raises(LakeError, match=f"older copy of the table {TABLE}"):
        check_whole(lake.root)
    with pytest.raises(LakeError, match=f"older copy of the table {TABLE}"):
        Lake(lake.root).claim(LOG, 0)


def test_restrictions_that_have_gone_restrict_nobody_and_are_asked_for(lake: Lake) -> None:
    assert standing(lake.root).num_rows == 0
    restrict(lake.root, "1", "", ["anna"], NOW)
    with put_back_by_itself(lake, "restrictions"):
        restrict(lake.root, "2", "", ["bob"], NOW)
    refused(lake, "restrictions")
    shutil.rmtree(lake.root / "restrictions")
    refused(lake, "restrictions")
    with pytest.raises(LakeError, match="no longer has the table restrictions"):
        standing(lake.root)
    with pytest.raises(LakeError, match="no longer has the table restrictions"):
        restrict(lake.root, "3", "", ["carl"], NOW)


def test_holds_that_have_gone_hold_nothing_and_are_asked_for(lake: Lake) -> None:
    assert holds(lake.root) == []
    hold = Hold("", "case 17", "S108b", "counsel", Reach(), NOW)
    place(lake.root, hold)
    with put_back_by_itself(lake, "holds"):
        place(lake.root, hold)
    refused(lake, "holds")
    shutil.rmtree(lake.root / "holds")
    refused(lake, "holds")
    with pytest.raises(LakeError, match="no longer has the table holds"):
        Holds.of(lake.root, NOW)
    with pytest.raises(LakeError, match="no longer has the table holds"):
        place(lake.root, hold)


def test_what_stands_is_promised_once(lake: Lake) -> None:
    keep_promised(lake.root, tables_in(lake.root))
    before = versions(lake.root / "positions")
    keep_promised(lake.root, tables_in(lake.root))
    assert versions(lake.root / "positions") == before
    assert not list(broken(lake.root))


def test_a_lake_put_back_whole_is_let_pass(lake: Lake, tmp_path: Path) -> None:
    copy = Lake(tmp_path / "copy/lake")
    for name in in_order(tables_in(lake.root)):
        copy_table(lake.root, name, copy.root)
        lake.commit(make_flush(lake.position(LOG, 0) or 0))
        erased(lake)
        keep_promised(lake.root, tables_in(lake.root))
        lake.materialise()
        lake.claim(LOG, 0)
    check_whole(copy.root)
    assert copy.claim(LOG, 0).position == 3
