"""Renewal: what an erasure of an older remit left in dictionaries goes, no row changes, and until then it is found."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kit.lake import LOG, make_flush, make_receipt, make_rows, take_rows
from kit.program import run
from remit_consumers.erasure.residue import Needles, rescan
from remit_consumers.lake import durable, groups, renewal, splice
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.lease import lease
from remit_consumers.lake.renewal import Renewed, count_old, old_files, renew_naming, renew_tables
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.plans import Plans
from remit_consumers.proof.verify import verify
from remit_consumers.retention.sweep import Sweep
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy

TABLE = "events/page_view"
GROUP = 20
EVENTS = 10 * GROUP
GONE = f"{5:032x}"
ZSTD = bytes.fromhex("28b52ffd")
"""How a frame of zstd begins. Source: RFC 8878 section 3.1.1."""


def write_as_before(
    parts: Iterable[pa.Table],
    schema: pa.Schema,
    where: Path | pa.BufferOutputStream,
    size: int,
    options: dict[str, object],
) -> int:
    """As the release before parted dictionaries wrote: Arrow's own way."""
    rows = pa.concat_tables(parts)
    assert rows.schema == schema
    pq.write_table(rows, where, row_group_size=size, **options)
    return int(rows.num_rows)


def flush(lake: Lake, offset: int) -> None:
    """Commit many subjects' rows as a flush has them, dictionary-encoded."""
    rows = make_rows(offset, EVENTS).drop_columns(["subject"])
    subjects = pa.array([f"{offset * EVENTS + n:032x}" for n in range(EVENTS)])
    rows = rows.append_column("subject", subjects.dictionary_encode())
    lake.commit(make_flush(offset, TableCommit(TABLE, rows, make_receipt(offset, EVENTS))))


def erase(lake: Lake, name: str) -> None:
    """Take somebody's rows, and the old files at once."""
    take_rows(lake, name)
    Vacuum().take(lake.root / TABLE, 0.0)


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake that an older remit wrote and erased somebody from: two flushes, of the second group by splicing."""
    monkeypatch.setattr(durable, "GROUP_ROWS", GROUP)
    made = Lake(tmp_path / "data" / "lake")
    with monkeypatch.context() as before:
        before.setattr(durable, "write_groups", write_as_before)
        before.setattr(splice, "write_groups", write_as_before)
        before.setattr(splice, "are_own", lambda _: True)
        made.claim(LOG, 0)
        for offset in range(2):
            flush(made, offset)
        erase(made, GONE)
    made.materialise()
    return made


def texts(root: Path) -> Iterator[bytes]:
    """Every byte of a lake's Parquet files, as it stands and decompressed wherever a frame may begin."""
    for file in root.rglob("*.parquet"):
        data = file.read_bytes()
        yield data
        at = data.find(ZSTD)
        while at >= 0:
            yield frame(data[at:])
            at = data.find(ZSTD, at + 1)


def frame(data: bytes) -> bytes:
    """What the frame says that bytes begin with, as far as it is one."""
    found = b""
    with suppress(OSError), pa.CompressedInputStream(pa.BufferReader(data), "zstd") as stream:
        while piece := stream.read(16):  # what lies behind the frame is none
            found += piece
    return found


def stands(lake: Lake, name: str) -> bool:
    """Whether a name stands in any byte of a lake's files."""
    return any(name.encode() in text for text in texts(lake.root))


def rows(lake: Lake) -> list[dict[str, object]]:
    return sorted(DeltaTable(lake.root / TABLE).to_pyarrow_table().to_pylist(), key=repr)


def broken(lake: Lake) -> dict[str, str]:
    """What `verify` finds wrong."""
    lake.materialise()
    checks = verify(lake.root.parent).checks
    return {name: one.detail for name, one in checks.items() if not one.holds}


def test_what_an_older_erasure_left_in_dictionaries_is_found_and_goes_with_a_sweep(
    lake: Lake,
) -> None:
    before = rows(lake)
    assert GONE not in {row["subject"] for row in before}
    assert stands(lake, GONE), "the older remit left nothing: this test is about nothing"
    assert rescan(lake.root, Needles((GONE,))).total
    assert list(broken(lake)) == ["erased"]
    assert count_old(lake.root)[TABLE] == 2
    assert renew_tables(lake.root).left == 0
    assert rows(lake) == before
    assert broken(lake) == {}
    Vacuum().take(lake.root / TABLE, 0.0)
    assert not stands(lake, GONE)
    assert rescan(lake.root, Needles((GONE,))).total == 0
    assert stands(lake, f"{6:032x}")
    assert renew_tables(lake.root) == Renewed()


def test_files_that_something_was_taken_from_are_renewed_first(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = open_table(lake.root, TABLE)
    first = old_files(table)[0]
    assert pq.read_metadata(table.path / first).num_rows == EVENTS - 1
    monkeypatch.setattr(renewal, "entries", lambda _: [])  # its log was cut behind the erasure
    assert old_files(table)[0] == first


def test_a_sweep_renews_for_a_while_and_the_next_goes_on(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal, "AT_A_TIME", 1)
    old = sum(count_old(lake.root).values())
    assert renew_tables(lake.root, budget_s=0.0) == Renewed(0, old)
    with lease(lake.root):
        assert renew_tables(lake.root) == Renewed(0, old)
    some = renew_tables(lake.root, budget_s=1e-9)
    assert some == Renewed(1, old - 1)
    rest = Sweep(lake.root, Plans(builtin(), find_policy(None), lake.root).plan, Vacuum()).apply(
        datetime.now(UTC)
    )
    assert rest is not None
    assert rest.renewed == Renewed(some.left, 0)
    assert broken(lake) == {}


def test_an_erasure_renews_at_once_what_names_its_subject(lake: Lake) -> None:
    table = open_table(lake.root, TABLE)
    assert renew_naming(table, pa.array([GONE])) == 1
    Vacuum().take(table.path, 0.0)
    assert not stands(lake, GONE)
    assert len(old_files(table)) == 1


KILLING = """
import sys
from pathlib import Path
from kit.dying import after, die, die_in_turn
from remit_consumers.lake import renewal, publish

def renew(where):
    if where == "read": renewal.write = die
    if where == "written": renewal.moved = die
    if where == "published": publish.publish = after(publish.publish)
    renewal.renew_tables(Path(sys.argv[1]))

die_in_turn(("read", "written", "published"), renew)
"""
"""Renews a lake three times over, each time killed by the system at another step."""


def test_a_renewal_that_is_killed_at_any_step_is_done_by_the_next(lake: Lake) -> None:
    before = rows(lake)
    run(KILLING, lake.root, timeout_s=120)
    assert renew_tables(lake.root).left == 0
    assert count_old(lake.root) == {}
    assert rows(lake) == before
    assert broken(lake) == {}


def test_a_value_that_only_a_dictionary_names_counts_as_unused(tmp_path: Path) -> None:
    file = tmp_path / "one.parquet"
    named = pa.DictionaryArray.from_arrays(pa.array([0, 2, None]), ["a", "b", "c"])
    pq.write_table(pa.table({"page": named, "many": [["x"], ["y"], []]}), file, row_group_size=1)
    assert groups.unused(file) == 1
    assert groups.names_any(file, "page", pa.array(["b"]))
    assert not groups.names_any(file, "page", pa.array(["x"]))
