"""Run a program that dies with the process that started it.

`python leash.py PARENT_PID PROGRAM ARGUMENT...` asks the kernel (Linux) to kill it when its parent ends, however that
comes about, and becomes PROGRAM. Elsewhere it only becomes PROGRAM.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def leashed(command: Sequence[str]) -> list[str]:
    """Give the command that runs `command` on a leash held by this process.

    The kernel ties the leash to the *thread* that starts it: start it from one that lives as long as it is needed.
    """
    return [sys.executable, "-ISE", str(Path(__file__)), str(os.getpid()), *command]


def _main(parent: int, command: list[str]) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the leash was on
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - becoming the program named is the purpose


if __name__ == "__main__":
    _main(int(sys.argv[1]), sys.argv[2:])
