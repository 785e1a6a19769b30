"""What was read and is not stored yet: packs in the order of the log, and where each partition then stands.

Here a pack that came before is dropped, and one that never came is noticed: the sequences of a producer's
lane run without gaps, so the mark of each (producer, lane) says both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from remit_consumers.lake.receipt import PackOutcome
from remit_consumers.steps.open import Failed, Opened

Marks = dict[tuple[bytes, int], int]
"""The last sequence seen of each (producer id, lane)."""


@dataclass(slots=True)
class Partition:
    """Where one partition of the log stands.

    Attributes:
        committed: The lake's position: the next offset that it does not account for.
        reached: The next offset behind what is gathered.
        done: For each table, the packs beyond `committed` that a crash left in it already, by offset.
    """

    committed: int
    reached: int
    done: Mapping[str, Mapping[int, PackOutcome]] = field(default_factory=dict)


@dataclass(slots=True)
class Gathered:
    """Everything between two flushes.

    Attributes:
        opened: Packs that opened, in order.
        failed: Packs that did not, each with its outcome.
        events: Events in `opened`.
        bytes: Bytes of their datums.
        gaps: Packs that the sequences say were sent and that never came.
        resent: Packs that came again.
        first_at: Arrival of the first pack, by `time.monotonic` in seconds; None while nothing is gathered.
        policy_version: The version under which the opened packs were sent; one for each flush.
    """

    opened: list[Opened] = field(default_factory=list)
    failed: list[Failed] = field(default_factory=list)
    events: int = 0
    bytes: int = 0
    gaps: int = 0
    resent: int = 0
    first_at: float | None = None
    policy_version: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to flush."""
        return self.first_at is None

    def take(self, item: Opened | Failed, partition: Partition, marks: Marks) -> None:
        """Add one pack; a resend is counted and dropped.

        Args:
            item: What came of it.
            partition: Where it lay.
            marks: Of the whole log, what is gathered included: on the embedded log a resumed import may come
                by another slot than before.
        """
        sealed = item.sealed
        self.first_at = sealed.arrived_at if self.first_at is None else self.first_at
        partition.reached = sealed.offset + 1
        if isinstance(item, Failed):
            self.failed.append(item)
            return
        header = item.header
        lane = (header.producer, header.lane)
        mark = marks.get(lane, 0)
        if header.sequence <= mark:
            self.resent += 1
            return
        self.gaps += header.sequence - mark - 1
        marks[lane] = header.sequence
        self.opened.append(item)
        self.events += len(item.datums)
        self.bytes += len(item.datums.data)
        self.policy_version = header.policy_version
