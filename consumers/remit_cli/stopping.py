"""How a program that goes on learns that it is to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def asked_to_stop() -> Iterator[threading.Event]:
    """Give what SIGTERM and Ctrl-C set; afterwards both do again what they did before."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        # In a thread of its own: the one that is interrupted may hold the event's lock (it waits for it), and would
        # wait for itself: one of some ten ends of `remit watch` hung.
        threading.Thread(target=stop.set, name="remit-stop", daemon=True).start()

    before = {each: signal.signal(each, ask_to_stop) for each in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
