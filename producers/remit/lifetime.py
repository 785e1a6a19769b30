"""What the process does to its clients: it forks, and it ends."""

import atexit
import os
import sys
import threading
from contextlib import AbstractContextManager, ExitStack
from types import ModuleType
from typing import Final, Protocol
from weakref import WeakSet

MULTIPROCESSING: Final = "multiprocessing.util"  # told where it is loaded, never loaded for it
LAST: Final = -100  # priority of a finalizer: children are joined before, and may still emit


class Resident(Protocol):
    """Something that lives in this process and must be told."""

    def guards(self) -> tuple[AbstractContextManager[object], ...]:
        """Give the locks under which it does anything that a fork must not cut in two, in the order to take them."""
        ...

    def forget(self) -> None:
        """Be as new: this is a forked child, and everything there is belongs to the parent."""
        ...

    def end(self) -> None:
        """Finish: the process ends."""
        ...


_RESIDENTS: Final["WeakSet[Resident]"] = WeakSet()
_CHANGING: Final = threading.RLock()
"""Guards all of this, from one side of a fork to the other: of two threads that fork, the second waits for the first."""
_HELD: Final[list[ExitStack]] = []  # between the two sides of a fork
_told: Final[dict[str, int]] = {}  # who tells us of the end, and in which process


def remember(resident: Resident) -> None:
    """Have it told of forks and of the end; said again whenever it starts, since a child may end in another way."""
    with _CHANGING:
        _RESIDENTS.add(resident)
        if not _told:
            atexit.register(_end)
            os.register_at_fork(before=_hold, after_in_parent=_go_on, after_in_child=_forget)
            _told["interpreter"] = os.getpid()
        if MULTIPROCESSING in sys.modules and _told.get(MULTIPROCESSING) != os.getpid():
            _told[MULTIPROCESSING] = os.getpid()
            _await_end_of_child(sys.modules[MULTIPROCESSING])


def _await_end_of_child(util: ModuleType) -> None:
    """Be told before a child ends with ``os._exit``, as multiprocessing's do; a child begins by dropping finalizers."""

    def await_end(_: object = None) -> None:
        util.Finalize(None, _end, exitpriority=LAST)

    await_end()
    util.register_after_fork(_RESIDENTS, await_end)


def _hold() -> None:
    """Wait until no thread is in the middle of anything.

    Measured without it: a thread that was importing (cryptography does so at its first key) leaves the module's
    lock taken in the child for ever: nearly every fork within a thread's first emit hung.
    """
    stack = ExitStack()
    stack.enter_context(_CHANGING)
    for resident in list(_RESIDENTS):
        for guard in resident.guards():
            stack.enter_context(guard)
    _HELD.append(stack)


def _go_on() -> None:
    _HELD.pop().close()


def _forget() -> None:
    if _HELD:  # a server that forks in C may tell only the child
        _go_on()  # the thread that forked holds the locks on both sides
    for resident in list(_RESIDENTS):
        resident.forget()


def _end() -> None:
    for resident in list(_RESIDENTS):
        resident.end()
