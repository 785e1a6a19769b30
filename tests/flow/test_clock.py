"""A wall clock that jumps under a consumer holds nothing up, and loses and doubles nothing."""

from pathlib import Path

import pytest

from kit.installation import Installation, each_once
from kit.parts import RealParts
from kit.wall_clock import WallClock
from kit.watching import commits, until

HOUR, DAY = 3_600, 86_400
JUMPS = (-HOUR, 0, -DAY, 0)
"""Where the clock stands, beside the machine's, one after the other: back and forward by an hour, and by a day."""

FLUSH_AFTER_S = 3.0
HELD_UP_S = 60.0  # far longer than a flush takes on a busy machine, far shorter than any jump
TABLE = "events/page_view"
EVENT = '{"page": "/clock"}\n'


@pytest.mark.clause("S110e")
def test_events_gathered_when_the_clock_jumps_by_an_hour_or_a_day_are_stored_once_and_in_time(
    tmp_path: Path, real_parts: RealParts
) -> None:
    clock = WallClock(tmp_path, real_parts)
    installed = Installation(tmp_path, REMIT_FLUSH_AFTER_S=str(FLUSH_AFTER_S))
    installed.prepare()
    log = tmp_path / "run.log"
    consumer = installed.start_behind(clock.words, log, "run")
    try:
        until(lambda: "consuming" in log.read_text(), "the consumer does not start")
        for ahead in JUMPS:
            before = commits(installed.data, TABLE)
            installed.remit("emit", "page_view", stdin=EVENT)
            clock.jump(ahead)
            until(lambda: commits(installed.data, TABLE) > before, "held up", HELD_UP_S)  # noqa: B023
        assert consumer.poll() is None, log.read_text()[-2000:]
        consumer.terminate()
        assert consumer.wait(60) == 0, log.read_text()[-2000:]
    finally:
        installed.end_all()
    rows = installed.rows("page_view")
    assert rows.num_rows == len(JUMPS)
    assert each_once(rows)
    assert installed.breaches() == {}
