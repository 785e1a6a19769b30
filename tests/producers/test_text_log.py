"""Lines of any log: the line is the message, its level and time are read where it says them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.text_log import LINE_CHARACTERS_MAX, service_log

NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("line", "level", "moment"),
    [
        ("2026-01-05T08:00:00Z INFO started", "INFO", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        (
            "[2026-01-05 08:00:00,123] WARN (kafka.Server)",
            "WARN",
            datetime(2026, 1, 5, 8, 0, 0, 123000, tzinfo=UTC),
        ),
        ("2026-01-05 10:00:00+02:00 error: no room", "ERROR", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("nothing to read here", None, datetime.fromtimestamp(NOW / 1000, UTC)),
        ("2026-99-99T08:00:00Z DEBUG odd", "DEBUG", datetime.fromtimestamp(NOW / 1000, UTC)),
    ],
)
def test_level_and_time_are_read_from_the_lines_head(
    line: str, level: str | None, moment: datetime
) -> None:
    event = service_log(line, NOW)
    assert event is not None
    assert event.level == level
    assert event.message == line
    assert event.occurred_at == int(moment.timestamp() * 1000)


def test_an_empty_line_and_one_that_is_too_long_are_none() -> None:
    assert service_log("", NOW) is None
    assert service_log("x" * (LINE_CHARACTERS_MAX + 1), NOW) is None


@given(st.text(min_size=1, max_size=300))
def test_no_text_makes_it_raise(text: str) -> None:
    event = service_log(text, NOW)
    assert event is None or event.message == text
