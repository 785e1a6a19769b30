"""The cut: old entries go once receipts hold them, at every step safe to be killed, and nothing is less sure for it."""

import json
import os
import re
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from kit.dying import assert_killed
from kit.lake import (
    LOG,
    PRODUCER,
    make_flush,
    make_quarantined,
    make_receipt,
    make_rows,
    take_rows,
)
from remit_consumers.backup.tables import copy_table, in_order
from remit_consumers.dashboard.figures import Figures
from remit_consumers.lake import publish
from remit_consumers.lake.commit import Flush, Lake, TableCommit
from remit_consumers.lake.history import links, receipts_after
from remit_consumers.lake.log import LOG_FOLDER, first_version, log_file, unbroken, versions
from remit_consumers.lake.logcut import AT_LEAST, KEPT_S, Cutting, cut_logs
from remit_consumers.lake.positions import app_id
from remit_consumers.lake.receipts import Link, first_head, laid_out, next_head, stored
from remit_consumers.lake.tables import open_table, tables_in
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.lookout import Lookout
from remit_consumers.proof.verify import verify
from remit_consumers.sharing.news import Cursor, news
from remit_schemas.errors import LakeError, StaleWriter

TABLE = "events/page_view"
PACKS = 5


def named(offset: int, name: str, events: int = 3) -> Flush:
    """The pack at an offset, its rows somebody's."""
    return make_flush(
        offset,
        TableCommit(TABLE, make_rows(offset, events, subject=name), make_receipt(offset, events)),
    )


def erased(lake: Lake, name: str) -> None:
    """Take somebody's rows, and the files that held them."""
    take_rows(lake, name)
    Vacuum().take(lake.root / TABLE, 0.0)


def aged(lake: Lake, by_s: float = 2 * KEPT_S) -> None:
    """Make every entry of every log that old, and what it took out as well."""
    then = time.time() - by_s
    for file in lake.root.rglob(f"{LOG_FOLDER}/*.json"):
        at = f'"deletionTimestamp":{int(then * 1000)}'
        file.write_text(re.sub(r'"deletionTimestamp":\d+', at, file.read_text()))
        os.utime(file, (then, then))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake in which somebody was erased some hours ago, of which the logs tell."""
    made = Lake(tmp_path / "lake")
    made.claim(LOG, 0)
    for offset in range(PACKS):
        made.commit(named(offset, "anna" if offset < 2 else "bob"))
    erased(made, "anna")
    aged(made)
    return made


def cut(lake: Lake) -> Cutting:
    done = cut_logs(lake.root)
    assert done.refused == []
    return done


def broken(lake: Lake) -> dict[str, str]:
    checks = verify(lake.root.parent).checks
    return {name: check.detail for name, check in checks.items() if not check.holds}


def goes_on(lake: Lake) -> None:
    """Another consumer takes over, and everything holds."""
    other = Lake(lake.root)
    claim = other.claim(LOG, 0)
    assert claim.position is not None
    other.commit(make_flush(claim.position))
    other.materialise()
    assert broken(lake) == {}


def test_a_log_is_cut_and_all_that_it_proved_still_holds(lake: Lake) -> None:
    assert cut(lake).entries == {TABLE: PACKS + 1}
    assert first_version(lake.root / TABLE) == PACKS + 1
    assert DeltaTable(lake.root / TABLE).to_pyarrow_table().num_rows == 9
    found = verify(lake.root.parent)
    assert found.holds, found.to_dict()
    assert f"{TABLE} from version {PACKS + 1}" in found.checks["chain"].detail
    assert found.checks["chain"].to_dict()["log_read_from"] == {TABLE: PACKS + 1}
    goes_on(lake)


def test_many_entries_are_cut_without_any_rewrite_and_few_are_not(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.claim(LOG, 0)
    for offset in range(AT_LEAST + 1):
        lake.commit(make_flush(offset))
        if offset == AT_LEAST // 2:
            aged(lake)
            assert cut(lake).entries == {}
    aged(lake)
    assert cut(lake).entries == {TABLE: AT_LEAST + 1}
    goes_on(lake)


def test_nothing_of_a_file_that_was_erased_is_left_in_the_log(lake: Lake) -> None:
    taken = {path for entry in _entries(lake) for path in entry["removed"]}
    assert taken
    cut(lake)
    aged(lake)
    cut(lake)  # the entry that took the files out was the newest one that was old enough
    for file in (lake.root / TABLE / LOG_FOLDER).iterdir():
        rows = pq.read_table(file) if file.suffix == ".parquet" else None
        text = json.dumps(rows.to_pylist(), default=str) if rows else file.read_text()
        assert not [path for path in taken if path in text], file.name
    goes_on(lake)


def _entries(lake: Lake) -> list[dict[str, list[str]]]:
    found = []
    for version in versions(lake.root / TABLE):
        lines = map(json.loads, log_file(lake.root / TABLE, version).read_text().splitlines())
        found.append({"removed": [one["remove"]["path"] for one in lines if "remove" in one]})
    return found


def test_what_is_cut_is_cut_once_and_a_second_time_changes_nothing(lake: Lake) -> None:
    cut(lake)
    aged(lake)
    cut(lake)
    before = {name: versions(lake.root / name) for name in tables_in(lake.root)}
    for _ in range(3):
        aged(lake)
        assert cut(lake).entries == {}
    assert before == {name: versions(lake.root / name) for name in tables_in(lake.root)}


def test_entries_stay_while_they_are_young_or_their_files_are_there(lake: Lake) -> None:
    aged(lake, KEPT_S / 2)
    assert cut(lake).entries == {}
    aged(lake)
    spared = lake.root / TABLE / _entries(lake)[PACKS + 1]["removed"][0]
    spared.write_bytes(b"")
    assert cut(lake).entries == {}
    spared.unlink()
    assert cut(lake).entries == {TABLE: PACKS + 1}


KILLED = """
import sys
from pathlib import Path
from kit.dying import after, die
from remit_consumers.lake import logcut

def half(table, before):
    for version in range(before // 2):
        logcut.log_file(table, version).unlink()
    die()

root, where = Path(sys.argv[1]), sys.argv[2]
if where == "chained": logcut._checkpoint = die
if where == "checkpoint": logcut._checkpoint = after(logcut._checkpoint)
if where == "receipt": logcut.append = after(logcut.append)
if where == "half": logcut.cut = half
if where == "taken": logcut.cut = after(logcut.cut)
logcut.cut_logs(root)
"""
"""Cuts, and is killed by the system at the place it is told."""


@pytest.mark.parametrize("where", ["chained", "checkpoint", "receipt", "half", "taken"])
def test_a_cut_that_is_killed_is_carried_on_by_the_next(lake: Lake, where: str) -> None:
    assert_killed(KILLED, lake.root, where)
    assert broken(lake) == {}
    assert DeltaTable(lake.root / TABLE).to_pyarrow_table().num_rows == 9
    aged(lake)
    cut(lake)
    assert first_version(lake.root / TABLE) >= PACKS + 1
    assert versions(lake.root / TABLE) == unbroken(versions(lake.root / TABLE))
    goes_on(lake)


def test_writers_go_on_while_logs_are_cut(lake: Lake) -> None:
    kept_s, ended, gone = 2.0, Event(), [0]  # longer than a look at the log takes on a busy machine

    def cuts() -> None:
        while not ended.wait(0.05):
            gone.append(sum(cut_logs(lake.root, kept_s).entries.values()))

    with ThreadPoolExecutor(1) as pool:
        cutting = pool.submit(cuts)
        try:
            offset = PACKS
            while not cutting.done() and sum(gone) <= PACKS + 10:  # more than the fixture left
                lake.commit(named(offset, "bob"))
                erased(lake, f"nobody{offset}" if offset % 10 else "bob")
                offset += 1
        finally:
            ended.set()
        cutting.result()
    erased(lake, "bob")
    goes_on(lake)


def test_a_writer_that_did_not_look_for_longer_than_entries_stay_claims_anew(lake: Lake) -> None:
    late, other = Lake(lake.root), Lake(lake.root)
    late.claim(LOG, 1)
    other.claim(LOG, 0)
    for offset in range(PACKS, PACKS + 3):
        other.commit(make_flush(offset))
    erased(other, "bob")
    aged(lake)
    cut(lake)
    with pytest.raises(StaleWriter, match="cut"):
        late.commit(make_flush(0, partition=1))
    late.claim(LOG, 1)
    late.commit(make_flush(0, partition=1))


def test_a_name_that_a_cut_made_free_is_no_new_version(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A writer stopped between its look at the log and its link finds a hole where an entry was."""
    table, link = lake.root / TABLE, os.link

    def link_late(*paths: Path) -> None:
        monkeypatch.undo()
        cut(lake)
        link(*paths)

    monkeypatch.setattr(os, "link", link_late)
    with pytest.raises(StaleWriter, match="cut"):
        publish.append(table, 2, publish.Append((), {app_id(LOG, 7): 1}))
    assert versions(table) == [PACKS + 1, PACKS + 2]
    goes_on(lake)


def test_a_handle_from_before_the_cut_looks_things_up_after_it(lake: Lake) -> None:
    table = open_table(lake.root, TABLE)
    cut(lake)
    table.refresh()
    assert table.delta.transaction_version(app_id(LOG, 0)) == PACKS


def test_packs_beyond_the_position_are_known_though_their_commits_were_cut(lake: Lake) -> None:
    shutil.copytree(lake.root / "positions", lake.root.parent / "positions")
    for offset in range(PACKS, PACKS + 3):
        lake.commit(named(offset, "carl"))
    erased(lake, "bob")
    shutil.rmtree(lake.root / "positions")
    shutil.move(lake.root.parent / "positions", lake.root / "positions")
    aged(lake)
    cut(lake)
    claim = Lake(lake.root).claim(LOG, 0)
    assert claim.position == PACKS
    assert set(claim.done[TABLE]) == {PACKS, PACKS + 1, PACKS + 2}
    assert claim.read == {(PRODUCER, 0, offset + 1) for offset in range(PACKS, PACKS + 3)}


def test_what_receipts_said_since_a_version_is_told_across_a_cut(lake: Lake) -> None:
    before = [one.to_json() for one in receipts_after(lake.root, TABLE, 2)]
    cut(lake)
    after = [one.to_json() for one in receipts_after(lake.root, TABLE, 2)]
    assert after[:-1] == before
    assert sum(one.rows for each in receipts_after(lake.root, TABLE, 2) for one in each.removed)


def test_a_recipient_that_fell_behind_a_cut_gets_all_rows(lake: Lake, tmp_path: Path) -> None:
    cursor = Cursor.read(tmp_path / "cursor").moved({"page_view": 1})
    cut(lake)
    live = {file.relative_to(lake.root / TABLE) for file in (lake.root / TABLE).glob("day=*/*")}
    assert (
        set(map(Path, news(lake.root, cursor, frozenset({"page_view"})).files["page_view"])) == live
    )


def test_a_copy_of_a_lake_whose_logs_were_cut_holds(lake: Lake, tmp_path: Path) -> None:
    cut(lake)
    copy = Lake(tmp_path / "copy/lake")
    for name in in_order(tables_in(lake.root)):
        copy_table(lake.root, name, copy.root)
    goes_on(copy)


def test_the_quarantine_is_cut_as_events_are(lake: Lake) -> None:
    for offset in range(PACKS, PACKS + AT_LEAST + 1):
        lake.commit(make_flush(offset, make_quarantined(offset, events=3)))
    aged(lake)
    assert cut(lake).entries["quarantine"] > AT_LEAST
    goes_on(lake)


def test_a_log_that_is_not_what_receipts_say_is_not_cut(lake: Lake) -> None:
    lake.materialise()
    entry = log_file(lake.root / TABLE, 2)
    entry.write_text(entry.read_text().replace('\\"stored\\":3', '\\"stored\\":4'))
    aged(lake)
    done = cut_logs(lake.root)
    assert "remit verify" in done.refused[0]
    assert first_version(lake.root / TABLE) == 0


def test_receipts_changed_before_the_cut_are_seen_even_where_their_chain_was_made_anew(
    lake: Lake,
) -> None:
    """Whoever can write to the lake changes what a receipt says, and all heads and rows after it so that they fit."""
    cut(lake)
    head, forged = first_head(TABLE), []
    for link in links(lake.root, TABLE, stored(lake.root)):
        text = link.text.replace("S025", "S024") if link.version < PACKS else link.text
        head = next_head(head, text)
        forged.append(Link(TABLE, link.version, text, head))
    write_deltalake(lake.root / "receipts", laid_out(forged), mode="overwrite")
    assert set(broken(lake)) == {"chain"}
    assert f"before version {PACKS + 1}" in broken(lake)["chain"]


def test_a_receipt_changed_before_the_cut_is_seen(lake: Lake) -> None:
    cut(lake)
    rows = stored(lake.root)
    place = rows.schema.get_field_index("values_out")
    changed = [value and value - 1 for value in rows.column(place).to_pylist()]
    rows = rows.set_column(place, rows.schema.field(place), pa.array(changed, pa.int64()))
    write_deltalake(lake.root / "receipts", rows, mode="overwrite")
    assert "chain" in broken(lake)


def test_a_checkpoint_with_other_files_than_were_there_is_seen(lake: Lake) -> None:
    cut(lake)
    (file,) = (lake.root / TABLE / LOG_FOLDER).glob("*.checkpoint.parquet")
    actions = pq.read_table(file)
    is_add = [one is not None for one in actions.column("add").to_pylist()]
    at = is_add.index(True)
    left = pa.concat_tables([actions.slice(0, at), actions.slice(at + 1)])
    pq.write_table(left, file)
    assert "checkpoint" in broken(lake)["rows"]


def test_a_log_that_was_cut_by_somebody_else_is_seen(lake: Lake) -> None:
    DeltaTable(lake.root / TABLE, version=3).create_checkpoint()
    lake.materialise()
    for version in range(3):
        log_file(lake.root / TABLE, version).unlink()
    assert "no receipt says" in broken(lake)["rows"]
    (refused,) = cut_logs(lake.root).refused
    assert "no receipt says" in refused


def test_receipts_older_than_the_cut_are_refused(lake: Lake) -> None:
    cut(lake)
    shutil.rmtree(lake.root / "receipts")
    with pytest.raises(LakeError, match="table receipts"):
        Lake(lake.root).materialise()
    assert not verify(lake.root.parent).holds


def test_who_looked_before_a_cut_goes_on_behind_it(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    lake.claim(LOG, 0)
    lake.commit(named(0, "anna"))
    lake.commit(named(1, "bob"))
    figures, lookout = Figures(lake), Lookout(lake)
    before = figures.now().report.contracts["page_view"]["stored"]
    lake.commit(named(2, "bob"))
    erased(lake, "anna")
    lake.commit(named(3, "bob"))
    aged(lake)
    cut(lake)
    assert figures.now().report.contracts["page_view"]["stored"] == 2 * before
    assert len(lookout.look()) == 2
