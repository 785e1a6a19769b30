"""Lines of any service's log, as service logs: the line is the message, and free text until it is scrubbed."""

import re
from datetime import UTC, datetime

from remit_schemas.errors import EncodeError
from remit_schemas.events import ServiceLog

LINE_CHARACTERS_MAX = 64 << 10
"""A longer line is refused: it is a dump of something, not a message."""

HEAD_CHARACTERS = 120
"""Where a line says its time and level, if it does: loggers write them first."""

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?")
"""A time as ISO 8601 and RFC 3339 write it; without a zone it is taken as UTC."""

LEVEL = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)\b", re.IGNORECASE
)
"""The levels of log4j, Python's logging and syslog."""


def service_log(line: str, collected_at_ms: int) -> ServiceLog | None:
    """Read a line; None where it holds nothing or too much.

    Args:
        line: Without its end.
        collected_at_ms: When the log is imported, milliseconds since 1970; also the time of a line that has none.
    """
    if not line or len(line) > LINE_CHARACTERS_MAX:
        return None
    head = line[:HEAD_CHARACTERS]
    level = LEVEL.search(head)
    try:
        return ServiceLog(
            occurred_at=_time_ms(head, collected_at_ms),
            collected_at=collected_at_ms,
            level=level[1].upper() if level else None,
            message=line,
        )
    except EncodeError:
        return None


def _time_ms(head: str, otherwise: int) -> int:
    """The time that a line begins with, milliseconds since 1970."""
    found = ISO_TIME.search(head)
    if found is None:
        return otherwise
    try:
        moment = datetime.fromisoformat(found[0].replace(",", "."))
    except ValueError:
        return otherwise
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)
