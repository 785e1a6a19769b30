"""A proxy in front of a broker that loses what it is told to: whole connections, or the answers to some kinds of question.

What is lost stays lost, as behind a firewall that forgot a connection: whoever waits for it is told nothing.
"""

import asyncio
import struct
import threading
from asyncio import IncompleteReadError, StreamReader, StreamWriter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Self

LENGTH = struct.Struct(">i")
"""Stands before each question and each answer: how many bytes follow."""

QUESTION = struct.Struct(">hhi")
"""Begins each question: its kind, the version, and the number that its answer bears."""


class Kind(IntEnum):
    """Kinds of question to a broker. Source: the Kafka protocol guide, API keys."""

    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    SYNC_GROUP = 14
    OFFSET_FOR_LEADER_EPOCH = 23


@dataclass(slots=True)
class _Way:
    """A connection through the proxy.

    Attributes:
        ends: Both of its sockets, as far as they are open.
        asked: Kinds of the questions on their way, by number.
        is_lost: Whether everything on it is lost, both ways.
    """

    ends: list[StreamWriter] = field(default_factory=list)
    asked: dict[int, int] = field(default_factory=dict)
    is_lost: bool = False


class Stalling:
    """The proxy: a context manager with a thread of its own.

    Attributes:
        lost: How many questions or answers were lost, by kind of question.
    """

    def __init__(self, port: int, broker: int) -> None:
        """Prepare it.

        Args:
            port: Where it listens, on 127.0.0.1; what the broker advertises.
            broker: Where the broker listens.
        """
        self.lost: dict[int, int] = {}
        self._port, self._broker = port, broker
        self._ways: list[_Way] = []
        self._swallowed: frozenset[int] = frozenset()
        self._is_stalled = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="stalling", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        serving = asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._server = asyncio.run_coroutine_threadsafe(serving, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._do(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def swallow(self, *kinds: Kind) -> None:
        """From now on hand on no answer to questions of these kinds."""
        self._swallowed = frozenset(kinds)

    def stall(self) -> None:
        """Lose everything from now on, on connections that stand and on new ones, which are taken."""
        self._is_stalled = True
        self.forget()

    def forget(self) -> None:
        """Lose everything on the connections that stand now; new ones work."""
        self._do(self._forget)

    def resume(self) -> None:
        """Lose nothing on new connections, and no answers; what lost something before stays silent."""
        self._is_stalled, self._swallowed = False, frozenset()

    def cut(self) -> None:
        """Close all connections."""
        self._do(self._cut)

    def _do(self, what: Callable[[], object]) -> None:
        self._loop.call_soon_threadsafe(what)

    async def _end(self) -> None:
        self._server.close()
        serving = asyncio.all_tasks() - {asyncio.current_task()}
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        self._cut()

    def _forget(self) -> None:
        for way in self._ways:
            way.is_lost = True

    def _cut(self) -> None:
        for way in self._ways:
            for end in way.ends:
                end.close()

    async def _connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        way = _Way([writer], is_lost=self._is_stalled)
        self._ways.append(way)
        try:
            with suppress(OSError, IncompleteReadError):
                await self._serve(way, reader, writer)
        finally:
            self._ways.remove(way)
            for end in way.ends:
                end.close()

    async def _serve(self, way: _Way, reader: StreamReader, writer: StreamWriter) -> None:
        if way.is_lost:
            await reader.read(-1)
            return
        answers, questions = await asyncio.open_connection("127.0.0.1", self._broker)
        way.ends.append(questions)
        asking = self._hand_on(reader, questions, lambda frame: self._asked(way, frame))
        answering = self._hand_on(answers, writer, lambda frame: self._answered(way, frame))
        await _first(asking, answering)

    async def _hand_on(
        self, reader: StreamReader, writer: StreamWriter, is_kept: Callable[[bytes], bool]
    ) -> None:
        while True:
            head = await reader.readexactly(LENGTH.size)
            frame = await reader.readexactly(LENGTH.unpack(head)[0])
            if is_kept(frame):
                writer.write(head + frame)
                await writer.drain()

    def _asked(self, way: _Way, frame: bytes) -> bool:
        kind, _, number = QUESTION.unpack_from(frame)
        way.asked[number] = kind
        return self._keeps(way, kind)

    def _answered(self, way: _Way, frame: bytes) -> bool:
        kind = way.asked.pop(LENGTH.unpack_from(frame)[0], -1)
        return self._keeps(way, kind, self._swallowed)

    def _keeps(self, way: _Way, kind: int, swallowed: frozenset[int] = frozenset()) -> bool:
        if way.is_lost or kind in swallowed:
            self.lost[kind] = self.lost.get(kind, 0) + 1
            return False
        return True


async def _first(*ways: Awaitable[None]) -> None:
    """Wait until one of them ends, and end the others."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
