"""Programs that go on learn that they are to stop, wherever a signal finds them."""

import subprocess
import sys

INTERRUPTED = """
import os, signal
from remit_cli.stopping import asked_to_stop

with asked_to_stop() as stop:
    with stop._cond:  # where a signal finds who waits for the event
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.wait(10)
"""


def test_a_signal_that_comes_while_the_program_waits_ends_it() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], timeout=120, check=False)
    assert done.returncode == 0
