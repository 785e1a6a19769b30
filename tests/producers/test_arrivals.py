"""The journal of batches: whatever a process dies in the middle of, the journal says what is stored and nothing else."""

from pathlib import Path

import pytest

from kit.dying import assert_killed
from kit.spooled import Home
from remit import arrivals
from remit.leftovers import adopt_dead

EMIT = """
import os, signal, sys
from remit import PageView
from remit.batched import BatchClient as Client
from remit.bunch import Bunch
data, when = sys.argv[1:]
client = Client("test", data=data)
journal = client.arrivals()
views = [PageView(page=f"/{n}") for n in range(3)]
views = Bunch(PageView, views, "ann")
def emit(batch, note):
    return client.emit_all(views, note)
assert (emit(1, journal.note(1)))
def dies(*where):
    if when == "after the record":
        journal.note(2)(*where)
    os.kill(os.getpid(), signal.SIGKILL)
if when in ("before the record", "after the record"):
    emit(2, dies)
assert (emit(2, journal.note(2)))
if when in ("after a new journal", "after a full disk"):
    old = journal.begin_anew()
if when == "after a full disk":
    import contextlib, resource
    resource.setrlimit(resource.RLIMIT_FSIZE, (old.stat().st_size + 7, resource.RLIM_INFINITY))
    with contextlib.suppress(OSError):
        journal.sync(journal.end)  # a write that is cut short, as where a disk has no block more
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
if when in ("after a sync", "after a new journal", "after a full disk"):
    import threading
    done = threading.Event()
    client.sync(lambda is_safe: is_safe and done.set(), journal)
    assert done.wait(30)
    assert (emit(3, journal.note(3)))
os.kill(os.getpid(), signal.SIGKILL)
"""


def batches(home: Home) -> list[int]:
    """The batches that the settled journals of a home name."""
    return [
        one.batch
        for path in arrivals.settled(home.data / "spool")
        for one in arrivals.read(path.read_bytes())
        if not arrivals.is_mark(one)
    ]


def die(home: Home, when: str) -> None:
    """Have a process emit two batches of three events, and die."""
    assert_killed(EMIT, home.data, when)


@pytest.mark.parametrize(
    ("when", "kept"),
    [("before the record", [1]), ("after the record", [1]), ("after the events", [1, 2])],
)
def test_a_batch_is_in_the_journal_exactly_if_its_events_are_in_a_pack(
    home: Home, when: str, kept: list[int]
) -> None:
    die(home, when)
    adopt_dead(home.data / "spool")
    assert batches(home) == kept
    assert len(home.stored()) == 3 * len(kept)


def test_settling_twice_changes_nothing(home: Home) -> None:
    die(home, "after the record")
    slot = home.slots[0]
    arrivals.settle(slot)
    before = batches(home)
    arrivals.settle(slot)
    adopt_dead(home.data / "spool")
    assert batches(home) == before == [1]
    assert len(home.stored()) == 3


@pytest.mark.parametrize("when", ["after a sync", "after a new journal", "after a full disk"])
def test_after_a_power_loss_only_what_was_synced_counts_and_the_rest_is_cut_off(
    home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, when: str
) -> None:
    die(home, when)
    other = tmp_path / "boot"
    other.write_text("another boot".ljust(arrivals.BOOT_BYTES))
    monkeypatch.setattr(arrivals, "BOOT", other)
    adopt_dead(home.data / "spool")
    assert batches(home) == [1, 2]
    assert len(home.stored()) == 6, "the third batch was promised to nobody; it comes again"


def test_a_record_that_is_not_whole_ends_a_journal(home: Home) -> None:
    die(home, "after the events")
    (journal,) = home.data.glob("spool/*/arrivals-*")
    data = bytearray(journal.read_bytes())
    for spoiled in (data[:-1], data[:-1] + b"\xff", data + b"torn"):
        named = [one.batch for one in arrivals.read(bytes(spoiled))]
        assert named == ([1, 2] if len(spoiled) > len(data) else [1])
