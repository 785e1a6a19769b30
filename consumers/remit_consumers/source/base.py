"""The seam between a log and the pipeline: what every source gives."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

Start = Callable[[Collection[int]], Mapping[int, int | None]]
"""The lake's position of each of these partitions: the next offset to read, or None where nothing was stored yet.

It is called again for partitions that are newly assigned, all at once, before the first pack of any is handed on.
"""

PACKS_MAX: Final = 256  # packs handed on at once
BYTES_MAX: Final = 1 << 20  # bytes of packs handed on at once: some 10,000 to 40,000 events


@dataclass(frozen=True, slots=True)
class Sealed:
    """One pack as it lay on the log, still sealed.

    Attributes:
        partition: Partition of the log; on the embedded log, the number of the slot.
        offset: Place in the partition; on the embedded log, the number of the file.
        data: The bytes of the pack.
        arrived_at: When it was read, by `time.monotonic` in seconds: a wall clock may jump.
    """

    partition: int
    offset: int
    data: bytes
    arrived_at: float


class Source(Protocol):
    """A log, read from the lake's own position on.

    `log_id` is ``spool/<spool id>`` or ``kafka/<cluster id>/<topic uuid>``.
            With ``/<partition>`` behind it, the name under which a partition's transactions are kept in the lake.
            Empty until the log was reached for the first time (a broker may be down at start);
            `start` is never called and nothing is handed on before that.
    """

    @property
    def log_id(self) -> str:
        """The name of the log."""
        ...

    def poll(self, timeout_s: float) -> list[Sealed]:
        """Give what has come since the last call, waiting up to `timeout_s` seconds for the first.

        Returns:
            Packs whose offsets grow within a partition; empty when nothing came in time.
        """
        ...

    def rewind(self, positions: Mapping[int, int]) -> None:
        """Read again from these offsets on: after a commit that failed, or behind a pack that had to wait."""
        ...

    def take_revoked(self) -> bool:
        """Say once, after partitions were lost, that what is gathered and not committed must be dropped."""
        ...

    def assigned(self) -> frozenset[int]:
        """Name the partitions that this process reads now."""
        ...

    def committed(self, positions: Mapping[int, int]) -> None:
        """Learn that the lake stands at `positions` (the next offset of each partition); may let go what lies behind."""
        ...

    def lag(self) -> int:
        """Count the packs on the log that were not handed on yet."""
        ...

    def close(self) -> None:
        """Give the partitions back."""
        ...
