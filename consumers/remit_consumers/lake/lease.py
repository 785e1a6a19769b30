"""Who maintains a lake: one process at a time, by a lock that goes with its holder.

The lock saves work. What keeps two owners from harm is the commit itself: of two that take out one file, only one stands.
So a file system that does not share locks between machines costs repeated work, and no row.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = "maintenance.lock"
"""The lock's file in the lake's folder; it is empty."""


@contextmanager
def lease(root: Path, lock: str = LOCK) -> Iterator[bool]:
    """Hold a lake's lease, or another `lock` in its folder, without waiting for it; gives whether it is held."""
    handle = os.open(root / lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)
