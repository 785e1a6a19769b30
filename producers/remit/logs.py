"""Service logs from an app's own loggers: `RemitHandler` for logging, `StructlogProcessor` for structlog.

The template of a line and its arguments go apart (`arguments.py`), so that lines of one kind can be counted, values
made smaller by their type, and the rest scrubbed as free text. Neither ever raises into the app, waits for a network,
or takes what remit and its Kafka client log themselves: a line about a line would never end.
"""

import logging
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, cast

from remit.arguments import Plain, as_json, failure, named, reduced
from remit.result import Emits
from remit_schemas.events import ServiceLog

OWN_LOGGERS: Final = ("remit", "remit_schemas", "confluent_kafka")
"""Loggers of remit and of what it sends with."""

STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; whatever else it has was given as `extra`."""

OF_STRUCTLOG: Final = frozenset(
    {"event", "level", "log_level", "logger", "logger_name", "timestamp", "exc_info"}
    | {"exception", "stack", "stack_info", "positional_args"}
)
"""Keys of an event dict that structlog's own processors put there."""

METHOD_LEVELS: Final = {"warn": "WARNING", "exception": "ERROR", "msg": "INFO", "err": "ERROR"}
"""Methods of structlog's loggers that are not named like their level."""

_NAMES: Final = frozenset({"ip", "subject", "tenant"})
"""Names that say where a value belongs: beside the arguments."""


class RemitHandler(logging.Handler):
    """Gives each record to a client as a service log.

    Attributes:
        dropped: Records of remit's own loggers, and those that were logged while one was being emitted.
        faults: Records that could not be made an event, such as those with too few arguments.
    """

    def __init__(self, client: Emits, level: int | str = logging.NOTSET) -> None:
        super().__init__(level)
        self.dropped = 0
        self.faults = 0
        self._client = client
        self._inside = threading.local()

    def createLock(self) -> None:  # noqa: N802 - logging's name
        """Do without logging's lock: a client needs none, and a thread that waits for a client must not hold one.

        Another thread may log while it holds a lock of the client: a warning of remit's own, or a signal's handler.
        """
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Give one record to the client, if no filter is against it: as logging does, without its lock."""
        # From Python 3.12 on a filter may give another record.
        passed = cast("bool | logging.LogRecord", self.filter(record))
        if passed:
            self.emit(passed if isinstance(passed, logging.LogRecord) else record)
        return bool(passed)

    def emit(self, record: logging.LogRecord) -> None:
        """Give one record to the client; never raises."""
        if getattr(self._inside, "emits", False) or _is_own(record.name):
            self.dropped += 1
            return
        self._inside.emits = True
        try:
            self._give(record)
        except Exception:  # noqa: BLE001 - the promise: logging never breaks the app
            self.handleError(record)
        finally:
            self._inside.emits = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Count what could not be made an event, and say so without the record: its arguments are values."""
        self.faults += 1
        error = sys.exc_info()[0]
        if logging.raiseExceptions and sys.stderr is not None and error is not None:
            with suppress(OSError, ValueError):
                sys.stderr.write(
                    f"remit: a record of logger {record.name} was not taken: {error.__name__}\n"
                )

    def _give(self, record: logging.LogRecord) -> None:
        given = {name: value for name, value in vars(record).items() if name not in STANDARD}
        if record.exc_info and record.exc_info[1]:
            given["exception"] = record.exc_info[1]
        if isinstance(record.msg, Mapping) and "event" in record.msg:  # structlog over logging
            given = {**record.msg, **given}
            template, values = _structured(given)
        else:
            template, values = _line(record), _arguments(record)
        message = _message(record, template)
        line = _Line(record.levelname, record.name, template, message, int(record.created * 1000))
        _emit(self._client, line, values, given)


class StructlogProcessor:
    """A processor of structlog: gives each event to a client and passes it on as it came.

    Put it behind what adds level and logger, and before what renders.

    Attributes:
        dropped: Events of remit's own loggers, and those that came while one was being emitted.
        faults: Events that could not be made a service log.
    """

    def __init__(self, client: Emits) -> None:
        self.dropped = 0
        self.faults = 0
        self._client = client
        self._inside = threading.local()

    def __call__(
        self, logger: object, method_name: str, event_dict: MutableMapping[str, object]
    ) -> MutableMapping[str, object]:
        """Give one event to the client; never raises."""
        name = event_dict.get("logger") or getattr(logger, "name", None)
        name = name if isinstance(name, str) else None
        if getattr(self._inside, "emits", False) or _is_own(name or ""):
            self.dropped += 1
            return event_dict
        self._inside.emits = True
        try:
            level = METHOD_LEVELS.get(method_name, method_name).upper()
            template, values = _structured(event_dict)
            _emit(self._client, _Line(level, name, template), values, event_dict)
        except Exception:  # noqa: BLE001 - the promise: logging never breaks the app
            self.faults += 1
        finally:
            self._inside.emits = False
        return event_dict


@dataclass(frozen=True, slots=True)
class _Line:
    """What a line is beside its arguments.

    Attributes:
        level: Its severity, in capitals.
        logger: Who wrote it.
        template: As the programmer wrote it; None where that cannot be told.
        message: As a person reads it; None where the template says it.
        at_ms: When, milliseconds since 1970; None is now.
    """

    level: str
    logger: str | None
    template: str | None
    message: str | None = None
    at_ms: int | None = None


def _is_own(logger: object) -> bool:
    return isinstance(logger, str) and logger.partition(".")[0] in OWN_LOGGERS


def _emit(client: Emits, line: _Line, positional: Plain, given: Mapping[str, object]) -> None:
    """Emit one line; `ip`, `subject` and `tenant` among what was given go where they belong."""
    extra = {
        name: reduced(value)
        for name, value in given.items()
        if name not in _NAMES and name not in OF_STRUCTLOG and not name.startswith("_")
    }
    error = _error_of(given)
    if error is not None:
        extra["exception"] = failure(error)
    arguments = _together(positional, extra)
    event = ServiceLog(
        occurred_at=line.at_ms,
        level=line.level,
        logger=line.logger,
        template=line.template,
        arguments=as_json(arguments) if arguments else None,
        message=line.message,
        ip=_address(given.get("ip")),
    )
    client.emit(event, subject=_text(given.get("subject")), tenant=_text(given.get("tenant")))


def _together(positional: Plain, extra: dict[str, Plain]) -> Plain:
    """Put what stands in a line's places and what was named beside it into one."""
    if not extra:
        return positional
    if isinstance(positional, dict):
        return {**positional, **extra}
    return {"args": positional, **extra} if positional else extra


def _line(record: logging.LogRecord) -> str | None:
    """The template of a record; None for a text without places: it may have been put together from values."""
    return record.msg if isinstance(record.msg, str) and record.args else None


def _arguments(record: logging.LogRecord) -> Plain:
    """The arguments of a record, by the words that they stand behind."""
    if not record.args:
        return None
    if isinstance(record.args, Mapping):
        return reduced(record.args)
    by_word = named(record.msg, record.args) if isinstance(record.msg, str) else None
    return by_word if by_word is not None else [reduced(value) for value in record.args]


def _message(record: logging.LogRecord, template: str | None) -> str | None:
    """The line as a person reads it, from arguments made smaller: what `arguments` does not say, it must not say."""
    if template is None:
        text = reduced(record.msg)
        return text if isinstance(text, str) else as_json(text)
    if not record.args:
        return None
    given = record.args if isinstance(record.args, Mapping) else tuple(map(reduced, record.args))
    try:
        return template % (reduced(given) if isinstance(given, Mapping) else given)
    except (TypeError, ValueError, KeyError):  # too few, or of another kind: they go as they are
        return None


def _structured(event: Mapping[str, object]) -> tuple[str | None, Plain]:
    """The template of structlog's event, and its positional arguments where its formatter has not used them yet."""
    template = event.get("event")
    places = event.get("positional_args")
    if isinstance(template, str) and isinstance(places, tuple):
        return template, named(template, places) or [reduced(value) for value in places]
    text = reduced(template)
    return (text if isinstance(text, str | None) else as_json(text)), None


def _error_of(given: Mapping[str, object]) -> BaseException | None:
    """The exception that a line is about: itself, as logging's triple, or the one being handled."""
    for name in ("exc_info", "exception"):
        about = given.get(name)
        if isinstance(about, tuple) and len(about) > 1:
            about = about[1]
        if about is True:
            about = sys.exc_info()[1]
        if isinstance(about, BaseException):
            return about
    return None


def _address(value: object) -> str | None:
    return str(value) if isinstance(value, str | IPv4Address | IPv6Address) else None


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
