"""Who may consume: a numbered place for each consumer of a data folder, held by flock and so gone with its process."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path

CONSUMERS_MAX = 64
"""Consumers of one data folder on one machine: more than its partitions would stand idle (12 by default)."""


@dataclass(frozen=True, slots=True)
class ConsumerLock:
    """A consumer's place, for as long as the process lives or until `release`.

    Attributes:
        number: The lowest number that was free: after a kill -9 the next process gets the same one.
        descriptor: The open lock file.
    """

    number: int
    descriptor: int

    def release(self) -> None:
        """Give the place back."""
        os.close(self.descriptor)


def claim_consumer(folder: Path, *, places: int = CONSUMERS_MAX) -> ConsumerLock | None:
    """Take the lowest free place among `places`; None where all are taken by living processes.

    Args:
        folder: Where the lock files lie; made when missing.
        places: 1 on the embedded log, which has one consumer.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(places):
        descriptor = os.open(
            folder / f"consumer-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return ConsumerLock(number, descriptor)
    return None
