"""Quiet: an erasure waits until no consumer is in the middle of a commit, and holds the next ones off for a moment.

Each consumer holds a lock of its own while it decides and commits, so what it commits after the moment was decided by
the suppression list as it stands.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_PREFIX = "deciding-"


@contextmanager
def deciding(locks: Path, consumer: int) -> Iterator[None]:
    """Hold a consumer's own lock; waits while an erasure makes names go."""
    locks.mkdir(parents=True, exist_ok=True)
    with _held(locks / f"{_PREFIX}{consumer}"):
        yield


@contextmanager
def quiet(locks: Path) -> Iterator[None]:
    """Hold the locks of all consumers, each as soon as it is between two commits."""
    with ExitStack() as stack:
        for file in sorted(locks.glob(f"{_PREFIX}*")):
            stack.enter_context(_held(file))
        yield


@contextmanager
def _held(file: Path) -> Iterator[None]:
    """Hold one lock, waiting for it."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)  # closing lets the lock go
