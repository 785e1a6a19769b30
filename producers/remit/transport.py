"""The seam between the spool and a log that is elsewhere. The embedded log has none: its spool is the log."""

from typing import Protocol


class Transport(Protocol):
    """Takes packs to a log. Called by the worker's thread only."""

    def send(self, number: int, lane: int, data: bytes) -> bool:
        """Take one pack; packs of a lane arrive in the order of these calls.

        Args:
            number: Of the pack in its slot; comes back when it is stored.
            lane: Of the pack.
            data: The pack.

        Returns:
            False when there is no room or no broker now: the pack stays in the spool and is sent again.
        """
        ...

    def stored(self) -> list[int]:
        """Give the numbers that the log has acknowledged since the last call."""
        ...

    def take_broken(self) -> bool:
        """Say once that what was sent and not acknowledged must be sent again, from the first on."""
        ...

    def take_oversized(self) -> list[int]:
        """Give the numbers that the log will never take: larger than it allows."""
        ...

    def close(self, timeout_s: float) -> None:
        """Wait for acknowledgements and let go of the connection."""
        ...

    def abandon(self) -> None:
        """Leave the connection to the process that this one was forked from."""
        ...
