"""What `remit doctor` says of the clock: whether anything keeps it right, and whether it stands behind what is stored.

Limits, consents, ends of keys and of epochs all go by the clock of the machine.
"""

import ctypes
import time
from pathlib import Path
from typing import Final

from remit_cli.finding import Finding
from remit_consumers.lake.log import log_file, versions

BEHIND_S: Final = 60.0
"""As far as an event may lie ahead of an edge's clock: what clocks that are kept differ by."""

ERROR: Final = 5
"""TIME_ERROR of adjtimex(2): the clock is not synchronised."""

TIMEX_BYTES: Final = 512
"""More than `struct timex` has on any Linux (208 on 64 bits); all zero, it asks and changes nothing."""


def kernel_state() -> int | None:
    """Ask Linux how its clock is kept, by adjtimex(2); None where it cannot be asked."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(TIMEX_BYTES))
    except (OSError, AttributeError):
        return None
    return None if state < 0 else int(state)


def newest_commit(lake: Path) -> float:
    """Give when the newest commit of a lake was written, in seconds since 1970; 0 where there is none."""
    logs = [*lake.glob("*/_delta_log"), *lake.glob("*/*/_delta_log")]
    newest = (log_file(one.parent, number) for one in logs for number in versions(one.parent)[-1:])
    return max((entry.stat().st_mtime for entry in newest), default=0.0)


def clock(lake: Path, state: int | None, now: float | None = None) -> Finding:
    """Whether the clock can be gone by.

    Args:
        lake: What was stored.
        state: As the kernel says it.
        now: Seconds since 1970, by the clock that is looked at.
    """
    name = "clock"
    behind = newest_commit(lake) - (time.time() if now is None else now)
    if behind > BEHIND_S:
        mend = f"it stands {behind / 60:.0f} minutes behind the newest commit of the lake: set it right before anything is stored by it"
        return Finding(name, holds=False, detail=mend)
    if state == ERROR:
        mend = "nothing keeps it right, says the kernel: limits and ends go by it; run chrony or systemd-timesyncd"
        return Finding(name, holds=True, detail=mend, is_weak=True)
    said = "cannot be asked whether it is kept" if state is None else "kept, says the kernel"
    return Finding(name, holds=True, detail=f"{said}, and not behind what is stored")
