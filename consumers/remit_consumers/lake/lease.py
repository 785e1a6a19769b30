"""Who maintains a lake: one process at a time, by a lock that goes with its holder.

The lock saves work. What keeps two owners from harm is the commit itself: of two that take out one file, only one stands.
So a file system that does not share locks between machines costs repeated work, and no row. On an object store the lock is
an object: one that is older than a lease lasts was left by a process that was killed, and is taken away.
"""

import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from remit_consumers.store.place import is_local, take_name

LOCK = "maintenance.lock"
"""The lock's file in the lake's folder; it is empty."""

LEASE_S: Final = 1_800.0
"""How long an object is a lock: longer than a sweep takes, short enough for the next hour's."""


@contextmanager
def lease(root: Path, lock: str = LOCK) -> Iterator[bool]:
    """Hold a lake's lease, or another `lock` in its folder, without waiting for it; gives whether it is held."""
    if not is_local(root):
        yield from _leased(root / lock)
        return
    handle = os.open(root / lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        yield False
    else:
        yield True
    finally:
        os.close(handle)


def _leased(lock: Path) -> Iterator[bool]:
    """Hold a lock that is an object."""
    drafted = lock.with_name(f"{lock.name}.{uuid.uuid4()}")
    drafted.write_text(drafted.name, "utf-8")
    try:
        with suppress(FileNotFoundError):
            if time.time() - lock.stat().st_mtime > LEASE_S:
                lock.unlink(missing_ok=True)
        take_name(drafted, lock)
    except FileExistsError:
        yield False
    else:
        try:
            yield True
        finally:
            lock.unlink(missing_ok=True)
    finally:
        drafted.unlink(missing_ok=True)
