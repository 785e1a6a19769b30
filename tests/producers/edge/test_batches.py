"""Journals are begun anew and dropped while batches come, and every batch is known all the same."""

import asyncio
from pathlib import Path

import pytest

from kit.spooled import Home
from kit.watching import until
from remit import PageView
from remit.batched import BatchClient
from remit.bunch import Bunch
from remit.edge import batches as room
from remit.edge.batches import Batches
from remit.edge.metrics import EdgeMetrics
from remit.leftovers import adopt_dead

ROUNDS, TOGETHER = 30, 20


def journals(home: Home) -> list[Path]:
    return sorted(home.data.glob("spool/*/arrivals-*"))


async def take(client: BatchClient, taken: Batches, numbers: range) -> None:
    """Emit batches together, and wait until they are safe."""
    for number in numbers:
        assert not taken.is_known(number)
        assert client.emit_all(Bunch(PageView, [PageView()], "ann"), taken.note(number))
        taken.emitted(number)
    assert await taken.commit(list(numbers))


def test_a_batch_that_nobody_sends_again_after_a_full_disk_keeps_no_journal_for_ever(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ANEW_BYTES", 1000)
    client = BatchClient("test", data=home.data)
    taken = Batches(client, home.data / "edge", home.data / "spool", EdgeMetrics())

    async def run() -> None:
        with monkeypatch.context() as full:
            full.setattr(client, "sync", lambda done, _: done(False))  # noqa: FBT003  # as the worker calls it
            assert client.emit_all(Bunch(PageView, [PageView()], "ann"), taken.note(1))
            taken.emitted(1)
            assert not await taken.commit([1])
        for number in range(ROUNDS):
            first = 2 + number * TOGETHER
            await take(client, taken, range(first, first + TOGETHER))

    asyncio.run(run())
    assert taken.is_known(1)
    assert int(journals(home)[0].name[-6:]) > 3, "old ones are gone"
    taken.close()
    client.close(10)


def test_a_journal_that_has_grown_is_dropped_once_the_tables_have_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "ANEW_BYTES", 1000)
    folder, spool = home.data / "edge", home.data / "spool"
    client = BatchClient("test", data=home.data)
    taken = Batches(client, folder, spool, EdgeMetrics())

    async def run() -> None:
        for number in range(ROUNDS):
            first = 1 + number * TOGETHER
            await take(client, taken, range(first, first + TOGETHER))

    asyncio.run(run())
    names = [path.name for path in journals(home)]
    assert int(names[0][-6:]) > 3, "old ones are gone"
    until(lambda: len(journals(home)) <= 3, "they pile up")
    taken.close()
    client.close(10)
    adopt_dead(spool)
    again = BatchClient("test", data=home.data)
    known = Batches(again, folder, spool, EdgeMetrics())
    assert all(known.is_known(number) for number in range(1, ROUNDS * TOGETHER + 1))
    assert not known.is_known(ROUNDS * TOGETHER + 1)
    assert not list(spool.glob("*/settled-*"))
    known.close()
    again.close(10)
