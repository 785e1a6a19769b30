"""Consumers' places: one process each, the lowest free number, gone with its process."""

import subprocess
import sys
from pathlib import Path

from remit_consumers.locks import claim_consumer

HOLD = """
import sys
from pathlib import Path
from remit_consumers.locks import claim_consumer
print(claim_consumer(Path(sys.argv[1])).number, flush=True)
sys.stdin.read()
"""


def held(folder: Path) -> "subprocess.Popen[str]":
    """A process that holds a place; it has it when this returns."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=pipe, stdout=pipe, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "0"
    return process


def test_a_second_consumer_takes_the_next_place_and_the_embedded_log_has_only_one(
    tmp_path: Path,
) -> None:
    with held(tmp_path) as process:
        assert claim_consumer(tmp_path, places=1) is None
        second = claim_consumer(tmp_path)
        assert second is not None
        assert second.number == 1
        second.release()
        process.kill()


def test_after_kill_9_the_next_process_has_the_same_number_at_once(tmp_path: Path) -> None:
    with held(tmp_path) as process:
        process.kill()
        process.wait()
        lock = claim_consumer(tmp_path, places=1)
        assert lock is not None
        assert lock.number == 0
        lock.release()


def test_a_place_that_was_released_is_free(tmp_path: Path) -> None:
    first = claim_consumer(tmp_path, places=1)
    assert first is not None
    first.release()
    assert claim_consumer(tmp_path, places=1) is not None
