"""What a 202 promises: the batch is on the disk, synced, before it is answered; and a spool or disk that is full loses nothing."""

import secrets
from collections import Counter
from pathlib import Path

import pytest

from kit.disk import NAME, small_disk
from kit.edge_process import EdgeProcess, StartEdge, batch, session, view
from kit.parts import RealParts
from kit.spooled import Home
from kit.trace import has_strace, trace
from kit.watching import until
from remit.leftovers import adopt_dead

PART = "system calls in their order (strace)"

SCRIPT = """
import os, threading
from remit import PageView
from remit.batched import BatchClient
from remit.bunch import Bunch
client = BatchClient("test", data={data!r})
journal = client.arrivals()
def emit(batch):
    for lane in range(5):
        bunch = Bunch(PageView, [PageView(page="/")], f"subject {{lane}}")
        assert client.emit_all(bunch, journal.note(10 * batch + lane + 1))
def sync():
    done = threading.Event()
    client.sync(lambda is_safe: is_safe and done.set(), journal)
    assert done.wait(30)
emit(0)
if not {first!r}:
    sync()
    emit(1)
os.close(os.open({begun!r}, os.O_CREAT | os.O_WRONLY))
sync()
os.close(os.open({done!r}, os.O_CREAT | os.O_WRONLY))
os._exit(0)
"""


@pytest.mark.parametrize("first", [True, False])
def test_a_sync_takes_packs_then_a_new_folder_then_the_journal_before_it_answers(
    home: Home, tmp_path: Path, real_parts: RealParts, *, first: bool
) -> None:
    if not has_strace():
        real_parts.not_ran(PART, "strace is not installed")
        pytest.skip(PART)
    real_parts.ran(PART)
    begun, done = str(tmp_path / "begun"), str(tmp_path / "done")
    script = SCRIPT.format(data=str(home.data), begun=begun, done=done, first=first)
    calls = trace(script, tmp_path, "openat,fsync,fdatasync")
    start = next(n for n, c in enumerate(calls) if c.name == "openat" and begun in c.paths)
    last = next(n for n, c in enumerate(calls) if c.name == "openat" and done in c.paths)
    made = [call for call in calls[start:last] if call.name != "openat"]
    folder = str(home.slots[0])
    journal = next(n for n, c in enumerate(made) if "arrivals-" in c.paths[0])
    synced = [n for n, c in enumerate(made) if c.paths[0] == folder]
    packs = [
        n for n, c in enumerate(made) if c.paths[0].startswith((f"{folder}/open-", f"{folder}/0"))
    ]
    before = [n for n in packs if n < journal]
    assert before
    assert synced or not first
    assert not synced or max(before) < synced[0] < journal, (
        "a folder that has new names, after them"
    )


CLOSES = """
import os, threading
from remit import PageView
from remit.batched import BatchClient
from remit.bunch import Bunch
client = BatchClient("test", data={data!r})
core, done = client._core, threading.Event()
with core.worker.still:
    assert client.emit_all(Bunch(PageView, [PageView(page="/")], "ann"))
    client.sync(lambda is_safe: is_safe and done.set())
    while core.packer.out.qsize():
        os.sched_yield()
    core.packer.close_all()
assert done.wait(30)
os.close(os.open({done!r}, os.O_CREAT | os.O_WRONLY))
os._exit(0)
"""


def test_a_pack_that_closes_while_somebody_waits_is_synced_all_the_same(
    home: Home, tmp_path: Path, real_parts: RealParts
) -> None:
    if not has_strace():
        real_parts.not_ran(PART, "strace is not installed")
        pytest.skip(PART)
    real_parts.ran(PART)
    done = str(tmp_path / "done")
    calls = trace(CLOSES.format(data=str(home.data), done=done), tmp_path)
    last = next(n for n, c in enumerate(calls) if c.name == "openat" and done in c.paths)
    synced = [path for c in calls[:last] if c.name == "fsync" for path in c.paths]
    (pack,) = home.files()
    assert str(pack) in synced
    assert synced.index(str(pack)) < len(synced) - synced[::-1].index(str(home.slots[0])) - 1


def test_a_full_spool_answers_503_and_keeps_what_it_accepted(
    home: Home, start_edge: StartEdge
) -> None:
    edge = start_edge(REMIT_SPOOL_BYTES_MAX="65536", REMIT_PACK_BYTES_MAX="16384")
    key, accepted = edge.key(), 0
    for _ in range(500):
        answer = edge.send(key, batch([view("/" + "x" * 400)] * 20))
        if answer.status == 503:
            break
        assert answer.status == 202
        accepted += 20
    assert answer.status == 503
    assert int(answer.headers["retry-after"]) >= 1
    edge.end()
    adopt_dead(home.data / "spool")
    assert len(home.stored()) == accepted > 0


def test_a_full_disk_answers_503_until_there_is_room_and_what_is_sent_again_is_stored_once(
    tmp_path: Path, real_parts: RealParts
) -> None:
    with small_disk(tmp_path / "disk", "4m", real_parts) as disk:
        if disk is None:
            pytest.skip(NAME)
        home = Home(disk.folder)
        edge = EdgeProcess(home.data, tmp_path / "output", REMIT_PACK_BYTES_MAX=str(128 << 10))
        try:
            key, visit, number = edge.key(), session(), 0
            while True:
                number += 1
                views = [view(f"/{number}/{n}?{secrets.token_hex(400)}") for n in range(40)]
                sent = batch(views, session=visit, batch=number)
                answer = edge.send(key, sent)
                if answer.status == 503:
                    break
                assert answer.status == 202
            assert edge.send(key, sent).status in {202, 503}
            disk.resize("64m")
            until(lambda: edge.send(key, sent).status == 202, "there is room and it does not know")
        finally:
            edge.end()
        adopt_dead(home.data / "spool")
        stored = Counter(str(e.values["page"]).split("?")[0] for e in home.stored().values())
        assert stored == {f"/{b}/{n}": 1 for b in range(1, number + 1) for n in range(40)}
