"""How a program that goes on learns that it is to stop."""

import signal
import threading
from types import FrameType


def asked_to_stop() -> threading.Event:
    """Give what SIGTERM and Ctrl-C set."""
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask_to_stop)
    return stop
