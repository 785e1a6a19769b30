"""Lines of a web server's access log in the combined format, as page views.

Source: Apache HTTP Server 2.4, "Log Files", combined log format; nginx, predefined format ``combined``.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from remit_schemas.errors import EncodeError
from remit_schemas.events import PageView

_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
"""A quoted field that may hold escaped quotes; unrolled, so that its match is linear and quick."""

COMBINED = re.compile(
    rf"(\S+) \S+ .*? \[([^\]]{{1,64}})\] {_QUOTED} (\d{{3}}) \S+ {_QUOTED} {_QUOTED}\s*"
)
"""One line; the user's name may hold spaces. The time is bounded, so that no line costs more than its length."""

LINE_CHARACTERS_MAX = 64 << 10
"""A longer line is no access log line: servers cut requests at 8 KiB (Apache LimitRequestLine, nginx buffers)."""

TIME_OF_DAY = re.compile(r":(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)")
"""Hours, minutes, seconds; 60 is a leap second."""

MONTHS = {
    name: number
    for number, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}
"""Month names as servers write them, whatever the locale."""


def page_view(line: str, collected_at_ms: int) -> PageView | None:
    """Read a line; None where it is none.

    Args:
        line: Without its end.
        collected_at_ms: When the log is imported, milliseconds since 1970: an old log is collected now (D1).
    """
    found = COMBINED.fullmatch(line) if len(line) <= LINE_CHARACTERS_MAX else None
    if found is None:
        return None
    ip, time, request, status, referrer, agent = found.groups()
    method, page = split_request(request)
    try:
        return PageView(
            occurred_at=time_ms(time),
            collected_at=collected_at_ms,
            ip=ip,
            user_agent=_given(agent),
            page=page,
            referrer=_given(referrer),
            method=method,
            status=int(status),
            platform="web",
        )
    except (ValueError, KeyError, OverflowError, EncodeError):
        return None


def _given(text: str) -> str | None:
    """A field's text, or None where the server wrote a dash for nothing."""
    return None if text in {"-", ""} else text


def split_request(request: str) -> tuple[str | None, str | None]:
    """Split a request line into method and target; a torn request has neither."""
    method, _, rest = request.partition(" ")
    if not rest:
        return None, None
    target, _, version = rest.rpartition(" ")
    return method, target if version.startswith("HTTP/") and target else rest


def time_ms(text: str) -> int:
    """Read a time such as ``26/Apr/2016:00:00:01 +0200``.

    Returns:
        Milliseconds since 1970.

    Raises:
        ValueError: It is no such time.
        KeyError: It names no month.
    """
    if TIME_OF_DAY.fullmatch(text[11:20]) is None:
        message = "no time of day"
        raise ValueError(message)
    hours, minutes, seconds = int(text[12:14]), int(text[15:17]), int(text[18:20])
    return day_ms(text[:11], text[21:]) + ((hours * 60 + minutes) * 60 + seconds) * 1000


@lru_cache(maxsize=4096)
def day_ms(day: str, offset: str) -> int:
    """Give the beginning of a day in a time zone, milliseconds since 1970; a log has few of them.

    Args:
        day: Such as ``26/Apr/2016``.
        offset: Such as ``+0200``; empty is UTC.

    Raises:
        ValueError: It is no day, or no zone.
        KeyError: It names no month.
    """
    sign = -1 if offset.startswith("-") else 1
    shift = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:5])) if offset else timedelta()
    begin = datetime(int(day[7:11]), MONTHS[day[3:6]], int(day[:2]), tzinfo=UTC) - sign * shift
    return int(begin.timestamp()) * 1000
