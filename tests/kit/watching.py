"""Waiting for something to come about outside of this process, without any fixed pause that could be too short."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

LOOK_S = 0.002
"""Between two looks: shorter than anything that a test wants to catch in the act."""

PATIENCE_S = 120.0
"""Longer than anything waited for takes on a busy machine with two cores."""


def patience() -> float:
    """How many times longer things take now than on a quiet machine: processes that want a core, for each core; at least 1.

    A bound that is a promise (shown within two seconds) is multiplied by it: strict on a quiet machine, and no test
    fails because others run beside it.
    """
    return max(1.0, *(load / (os.cpu_count() or 1) for load in os.getloadavg()[:2]))


def until(
    holds: Callable[[], bool],
    otherwise: str,
    timeout_s: float = PATIENCE_S,
    look_s: float = LOOK_S,
) -> float:
    """Wait until something holds; give how many seconds that took.

    Args:
        holds: Is asked again and again.
        otherwise: What to say if it never does.
        timeout_s: How long to wait.
        look_s: Between two looks; longer where a look is work itself.

    Raises:
        AssertionError: It never did.
    """
    begun = time.monotonic()
    pause = threading.Event()
    while not holds():
        waited_s = time.monotonic() - begun
        assert waited_s < timeout_s, f"{otherwise}, after {waited_s:.0f} s"
        pause.wait(look_s)
    return time.monotonic() - begun


def commits(data: Path, table: str) -> int:
    """The newest version in the log of a lake's table; -1 before the first."""
    folder = data / "lake" / table / "_delta_log"
    names = [path.name for path in folder.glob("[0-9]*.json")] if folder.is_dir() else []
    return max((int(name[:20]) for name in names), default=-1)
