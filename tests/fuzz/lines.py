"""Targets of lines: access logs, logs of services, events and corrections on standard input, settings, statements."""

from collections.abc import Callable
from contextlib import suppress

from fuzz.target import Target, of_text
from remit import access_log, text_log
from remit.edge.limits import Limits
from remit.settings import Settings as ProducerSettings
from remit_cli.asking import correction_of
from remit_cli.collect import _read as read_line
from remit_consumers.period import Period
from remit_consumers.settings import Settings
from remit_consumers.views.statement import looked_at
from remit_schemas.errors import SettingsError
from remit_schemas.log_address import parse_log
from remit_schemas.routes import read_route
from remit_schemas.trust import trust_of

ACCESS = b'203.0.113.7 - - [26/Apr/2016:00:00:01 +0200] "GET /a?b=c HTTP/1.1" 200 1 "https://a.example/" "Mozilla/5.0"'
SYSLOG = (
    b"Nov  1 10:00:01 box sshd[4711]: Accepted password for ada from 203.0.113.9 port 4242 ssh2"
)
NUMBERS = (
    *("REMIT_PACK_EVENTS_MAX", "REMIT_PACK_AGE_S", "REMIT_SPOOL_BYTES_MAX", "REMIT_FLUSH_EVENTS"),
    *("REMIT_FLUSH_AFTER_S", "REMIT_EDGE_RATE", "REMIT_EDGE_BODY_BYTES_MAX", "REMIT_LOG"),
)


def _settings(text: str) -> None:
    """Read every program's settings, with the text in one after the other."""
    for name in NUMBERS:
        for reads in (ProducerSettings.from_env, Settings.from_env, Limits.from_env):
            with suppress(SettingsError):
                reads({name: text})


def _statement(sql: str) -> object:
    return looked_at(sql, {"page_view": ("page", "ip")})


def _period(text: str) -> Period:
    first, _, last = text.partition(" ")
    return Period.named(first, last)


def _correction(text: str) -> None:
    for fills in (False, True):
        correction_of(text, fills=fills)


def _line(read: Callable[[str, int], object]) -> Callable[[bytes], object]:
    return of_text(lambda text: read(text, 1_600_000_000_000))


TARGETS = (
    Target("access_log_line", _line(access_log.page_view), (ACCESS,)),
    Target(
        "service_log_line",
        _line(text_log.service_log),
        (SYSLOG, b"2021-11-01T10:00:00,123+02:00 WARN card 4111 refused"),
    ),
    Target(
        "event_line", of_text(read_line), (b'{"page":"/x","subject":"ada"}',), refuses=(ValueError,)
    ),
    Target(
        "correction_line",
        of_text(_correction),
        (b'{"contract":"page_view","fields":{"language":"de"},"from":"2021-01-01"}',),
    ),
    Target("settings", of_text(_settings), (b"5", b"1e3", b"kafka://h:9092/remit")),
    Target("log_address", of_text(parse_log), (b"kafka://h:9092/remit",)),
    Target("trust", of_text(trust_of), (b"A" * 43 + b"=",), is_quoting=True),
    Target("period", of_text(_period), (b"2021-11-01 2021-11-30",)),
    Target("route", of_text(read_route), (b"/users/{id}/cart",), is_quoting=True),
    Target(
        "sql_statement",
        of_text(_statement),
        (b"SELECT page, count(*) FROM page_view GROUP BY 1",),
        is_quoting=True,
    ),
)
