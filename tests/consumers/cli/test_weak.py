"""`remit doctor` on what is set in vain, and on the clock."""

from pathlib import Path

import pytest

from kit import lake as lakes
from remit_cli.timekeeping import BEHIND_S, ERROR, clock, kernel_state, newest_commit
from remit_cli.weak import promises
from remit_consumers.lake.commit import Lake
from remit_schemas.kafka_options import kafka_options
from remit_schemas.log_address import parse_log

LOG = parse_log("kafka://broker.example:9092/remit")


@pytest.mark.parametrize(
    ("variable", "text", "is_weak"),
    [
        ("REMIT_KAFKA_ACKS", "1", True),
        ("REMIT_KAFKA_ACKS", "all", False),
        ("REMIT_KAFKA_ACKS", "-1", False),
        ("REMIT_KAFKA_REQUEST_REQUIRED_ACKS", "0", True),
        ("REMIT_KAFKA_ENABLE_IDEMPOTENCE", "false", True),
        ("REMIT_KAFKA_ENABLE_IDEMPOTENCE", "TRUE", False),
        ("REMIT_KAFKA_MAX_IN_FLIGHT", "5", True),
        ("REMIT_KAFKA_LINGER_MS", "50", False),
    ],
)
def test_a_setting_that_would_promise_less_is_said_to_have_no_effect(
    variable: str, text: str, *, is_weak: bool
) -> None:
    found = promises(LOG, kafka_options({variable: text}))
    assert (found.holds, found.is_weak) == (True, is_weak)
    assert (f"{variable} has no effect" in found.detail) == is_weak
    assert not promises(parse_log(""), kafka_options({variable: text})).is_weak


def test_a_clock_behind_what_is_stored_does_not_hold(tmp_path: Path) -> None:
    assert clock(tmp_path, 0).holds, "nothing is stored"
    lake = Lake(tmp_path)
    lake.claim(lakes.LOG, 0)
    lake.commit(lakes.make_flush(0))
    newest = newest_commit(tmp_path)
    assert newest > 0
    assert clock(tmp_path, 0, newest - BEHIND_S + 1).holds
    behind = clock(tmp_path, 0, newest - 3600)
    assert not behind.holds
    assert "60 minutes behind" in behind.detail


def test_a_clock_that_nothing_keeps_is_weak(tmp_path: Path) -> None:
    assert clock(tmp_path, ERROR).is_weak
    assert not clock(tmp_path, 0).is_weak
    assert not clock(tmp_path, None).is_weak
    assert kernel_state() in (None, *range(ERROR + 1))
