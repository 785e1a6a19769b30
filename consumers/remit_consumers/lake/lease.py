"""Who maintains a lake: one process at a time, by a lock that goes with its holder.

The lock saves work. What keeps two owners from harm is the commit itself: of two that take out one file, only one stands.
So a file system that does not share locks between machines costs repeated work, and no row. On an object store the lock is
an object that its holder writes anew all the while: one that is older than a lease lasts was left by a process that was
killed, and is taken away.
"""

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Final

from remit_consumers.store.place import is_local, take_name

LOCK = "maintenance.lock"
"""The lock's file in the lake's folder; it is empty."""

LEASE_S: Final = 120.0
"""How long an object is a lock after it was last written, by the store's clock."""

RENEW_S: Final = 20.0
"""How often its holder writes it anew: a few may fail."""


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
            if drafted.stat().st_mtime - lock.stat().st_mtime > LEASE_S:
                lock.unlink(missing_ok=True)
        take_name(drafted, lock)
    except FileExistsError:
        yield False
    else:
        with _renewed(lock, drafted.name):
            yield True
    finally:
        drafted.unlink(missing_ok=True)


@contextmanager
def _renewed(lock: Path, holder: str) -> Iterator[None]:
    """Write a lock anew all the while, and take it away in the end; not where it is another's by then."""
    is_over = Event()

    def renew() -> None:
        while not is_over.wait(RENEW_S):
            with suppress(OSError):  # the next one may reach the store
                if not _is_of(lock, holder):
                    return
                lock.write_text(holder, "utf-8")

    renewing = Thread(target=renew, name="remit-lease", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        is_over.set()
        renewing.join()
        if _is_of(lock, holder):
            lock.unlink(missing_ok=True)


def _is_of(lock: Path, holder: str) -> bool:
    try:
        return lock.read_text("utf-8") == holder
    except FileNotFoundError:
        return False
