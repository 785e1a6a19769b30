"""Which batches came already, and when what came is safe: the edge's promise, 202 and not twice.

A batch goes through three places. In `pending` from the moment its events stand in a pack (with its record in the journal:
`remit.arrivals`) to the end of its group commit; in `Seen` from then on, for a day; and in the journal until the tables of
`Seen` are synced. A batch that comes again while it is pending waits for the same commit as the first: nobody is told
"duplicate" of what is not durable. After a start, settled journals are put into `Seen`, synced, and deleted.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from remit import arrivals as journals
from remit.arrivals import ANEW_BYTES, Arrivals
from remit.batched import BatchClient
from remit.edge.group import Group
from remit.edge.metrics import EdgeMetrics
from remit.edge.seen import Seen
from remit.edge.sources import Source
from remit.leftovers import adopt_dead
from remit.open_pack import Note
from remit_schemas.errors import SpoolError

SETTLE_S: Final = 10.0  # a process that takes a dead one's slot over needs milliseconds for it
LOOK_S: Final = 0.01


class Batches:
    """The batches of one edge. On the loop's thread only, once it is made."""

    def __init__(
        self, client: BatchClient, folder: Path, spool: Path, metrics: EdgeMetrics
    ) -> None:
        """Read what the edge before this one left.

        Args:
            client: Takes the events.
            folder: The edge's.
            spool: The spool's.
            metrics: Where commits are counted.

        Raises:
            SpoolError: The journal of the edge before this one cannot be read.
            OSError: A folder cannot be used.
        """
        self._client = client
        self._metrics = metrics
        self._seen = Seen(folder)
        self._arrivals = client.arrivals()
        self._pending: set[int] = set()
        self._unsafe: set[int] = set()  # of them, those whose commit failed
        self._group = Group(self._sync)
        self._retiring: tuple[Path, frozenset[int]] | None = None
        self._dropping: asyncio.Future[None] | None = None
        _take_over(spool, self._arrivals, self._seen)

    def number_of(self, source: Source, session: str, batch: int, part: str) -> int:
        """Give the number of a part of a batch: the events that go into one pack together."""
        words = (session.encode(), b"%d" % batch, part.encode())
        return self._seen.number_of(source.digest, *words)

    def is_known(self, number: int) -> bool:
        """Whether it came already; if so, it may be answered once `commit` says that it is safe."""
        return number in self._pending or number in self._seen

    def note(self, number: int) -> Note:
        """Give what writes a batch down while its events are emitted."""
        return self._arrivals.note(number)

    def emitted(self, number: int) -> None:
        """Learn that a batch's events stand in a pack."""
        self._pending.add(number)

    async def commit(self, numbers: list[int]) -> bool:
        """Wait until everything emitted so far survives a power loss, and remember these batches from then on.

        Returns:
            False when the disk refused: the batches stay pending, and may be sent again. Where they are not, the next
            commit that comes through is theirs too: no journal must wait for them for ever.

        Raises:
            OSError: There is no room for another table; as when the disk refused.
        """
        late = tuple(self._unsafe)
        is_safe = await self._group.join()
        self._unsafe.update(self._pending.intersection(numbers))
        if not is_safe:
            return False
        for number in (*numbers, *late):
            if number in self._pending:
                self._seen.add(number)
                self._pending.discard(number)
            self._unsafe.discard(number)
        return True

    def close(self) -> None:
        """Let go of the files; the journal stays for the next edge."""
        self._arrivals.close()
        self._seen.close()

    def _sync(self, done: Callable[[bool], None]) -> None:
        """Begin a round of syncs; journals that were left before the last one go with it."""

        def counted(is_safe: bool) -> None:  # noqa: FBT001  # the worker calls it by position
            self._metrics.syncs["done" if is_safe else "failed"] += 1
            done(is_safe)

        self._retire()
        self._client.sync(counted, self._arrivals)

    def _retire(self) -> None:
        """Begin a new journal when this one has grown; drop the old one once all it says is in synced tables."""
        if self._retiring is not None:
            path, numbers = self._retiring
            if not self._pending & numbers:
                self._retiring = None
                self._dropping = asyncio.get_running_loop().run_in_executor(None, self._drop, path)
        elif self._arrivals.end > ANEW_BYTES and (self._dropping is None or self._dropping.done()):
            with suppress(OSError):  # the disk is full: the journal grows a little more
                self._retiring = self._arrivals.begin_anew(), frozenset(self._pending)

    def _drop(self, journal: Path) -> None:
        """Sync the tables, then delete a journal; if that fails, the next start reads it again and nothing is lost."""
        with suppress(OSError):
            self._seen.flush()
            journal.unlink(missing_ok=True)


def _take_over(spool: Path, mine: Arrivals, seen: Seen) -> None:
    """Put what edges before this one wrote down into the tables, once their slots are settled."""
    began = time.monotonic()
    while journals.unsettled(spool, mine.producer):
        adopt_dead(spool)
        if time.monotonic() - began > SETTLE_S:
            raise SpoolError(
                "a slot of the spool with a journal of batches stays locked and is not settled"
            )
        time.sleep(LOOK_S)
    for path in journals.settled(spool):
        for arrival in journals.read(path.read_bytes()):
            if not journals.is_mark(arrival):
                seen.add(arrival.batch)
        seen.flush()
        path.unlink()
