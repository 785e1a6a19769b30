"""What the process does to its clients: it forks, and it ends."""

import atexit
import os
import threading
from contextlib import AbstractContextManager, ExitStack
from typing import Final, Protocol
from weakref import WeakSet


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
_HELD: Final[list[ExitStack]] = []  # between the two sides of a fork
_HOOKS_LOCK: Final = threading.Lock()
_hooks: Final[list[str]] = []  # what the interpreter was told of, once


def remember(resident: Resident) -> None:
    """Have it told of forks and of the end; the interpreter's hooks are set by the first."""
    with _HOOKS_LOCK:
        if not _hooks:
            _hooks.append("set")
            atexit.register(_end)
            os.register_at_fork(before=_hold, after_in_parent=_go_on, after_in_child=_forget)
        _RESIDENTS.add(resident)


def _hold() -> None:
    """Wait until no thread is in the middle of anything.

    Measured without it: a thread that was importing (cryptography does so at its first key) leaves the module's
    lock taken in the child for ever: nearly every fork within a thread's first emit hung.
    """
    stack = ExitStack()
    _HELD.append(stack)
    for resident in list(_RESIDENTS):
        for guard in resident.guards():
            stack.enter_context(guard)


def _go_on() -> None:
    _HELD.pop().close()


def _forget() -> None:
    _HELD.clear()  # the locks in there are the parent's
    for resident in list(_RESIDENTS):
        resident.forget()


def _end() -> None:
    for resident in list(_RESIDENTS):
        resident.end()
