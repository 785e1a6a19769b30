"""An app's own loggers as service logs: template and arguments apart, smaller by their type, and never a fault for the app."""

import json
import logging
import logging.config
import logging.handlers
import queue
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from ipaddress import ip_address
from uuid import uuid4

import pytest
import structlog

from kit.program import run
from kit.spooled import Home, MakeClient
from remit.arguments import named, reduced
from remit.logs import RemitHandler, StructlogProcessor
from remit.operations import operation
from remit.result import Accepted, Refused
from remit_consumers.reducers.free_text import scrubbed
from remit_schemas.events import OperationalLog, ServiceLog

logger = logging.getLogger("shop.checkout")
TIMEOUT_S = 120.0


class Taken:
    """A client that only keeps what it is given; it logs while it does."""

    def __init__(self) -> None:
        self.events: list[tuple[ServiceLog | OperationalLog, str | None, str | None]] = []

    def emit(
        self, event: object, *, subject: str | None = None, tenant: str | None = None
    ) -> Accepted | Refused:
        """Keep an event."""
        logger.warning("while emitting")
        assert isinstance(event, ServiceLog | OperationalLog)
        self.events.append((event, subject, tenant))
        return Accepted()

    @property
    def last(self) -> ServiceLog:
        """The newest service log."""
        event = self.events[-1][0]
        assert isinstance(event, ServiceLog)
        return event

    @property
    def arguments(self) -> object:
        """Its arguments."""
        return json.loads(self.last.arguments or "null")


@pytest.fixture
def taken() -> Taken:
    return Taken()


@pytest.fixture
def handler(taken: Taken) -> Iterator[RemitHandler]:
    """A handler on the logger of these tests."""
    added = RemitHandler(taken)
    logger.addHandler(added)
    logger.setLevel(logging.DEBUG)
    yield added
    logger.removeHandler(added)
    logger.setLevel(logging.NOTSET)


def test_template_and_arguments_go_apart(taken: Taken, handler: RemitHandler) -> None:
    logger.info("order %s took %d ms", "A17", 12)
    assert (taken.last.level, taken.last.logger) == ("INFO", "shop.checkout")
    assert taken.last.template == "order %s took %d ms"
    assert taken.arguments == {"order": "A17", "took": 12}
    assert taken.last.message == "order A17 took 12 ms"
    assert handler.faults == 0


def test_a_message_without_arguments_is_free_text_and_no_template(
    taken: Taken, handler: RemitHandler
) -> None:
    name = "alice"
    logger.info(f"hello {name}")  # noqa: G004 - what apps do
    assert (taken.last.template, taken.last.arguments) == (None, None)
    assert taken.last.message == "hello alice"


@pytest.mark.clause("S026a")
def test_a_value_is_made_smaller_by_its_type_in_arguments_and_message(
    taken: Taken, handler: RemitHandler
) -> None:
    moment = datetime(2026, 1, 5, 8, 0, 0, 123456, tzinfo=UTC)
    logger.info("%s %s %s %s", ip_address("203.0.113.7"), uuid4(), moment, object())
    assert taken.last.message == "<ip> <uuid> 2026-01-05T08:00:00+00:00 <object>"
    assert "203" not in str(taken.last.arguments)


@pytest.mark.clause("S026a", "S055")
def test_an_exception_is_its_type_and_place_and_never_what_it_says(
    taken: Taken, handler: RemitHandler
) -> None:
    try:
        int("alice@example.com")
    except ValueError as error:
        logger.exception("no number in %s", "field")
        assert "alice" not in str(taken.last.arguments)
        assert "ValueError at test_logs.py:" in str(taken.last.arguments)
        logger.error(error)  # noqa: TRY400 - without a traceback
    assert taken.last.message is not None
    assert taken.last.message.startswith("ValueError at test_logs.py:")
    assert taken.last.template is None


def test_what_is_named_goes_under_its_name_and_who_and_where_beside_it(
    taken: Taken, handler: RemitHandler
) -> None:
    about = {"ip": "203.0.113.7", "subject": "u1", "tenant": "shop-1", "phone": "13812345678"}
    logger.info("paid %s", "A17", extra=about)
    assert taken.arguments == {"paid": "A17", "phone": "13812345678"}
    assert taken.events[-1][1:] == ("u1", "shop-1")
    assert taken.last.ip == "203.0.113.7"
    logger.info("paid %(order)s by %(email)s", {"order": 17, "email": "a@b.example"})
    assert taken.arguments == {"order": 17, "email": "a@b.example"}


SECRETS = [
    ("password=%s", "hunter22"),
    ("login with token: %s", "a8f5f167f44f4964e6c998dee827110c"),
    ("mail to %s", "alice@example.com"),
    ("phone %s", "+86 138 1234 5678"),
    ("passport no %s", "E12345678"),
    ("card %s", "4111111111111111"),
    ("from %s", "203.0.113.7"),
]


@pytest.mark.parametrize(("template", "value"), SECRETS, ids=[each[0] for each in SECRETS])
def test_the_scrubber_finds_in_arguments_what_it_finds_in_the_message(
    taken: Taken, handler: RemitHandler, template: str, value: str
) -> None:
    logger.info(template, value)
    assert taken.last.arguments is not None
    assert value in taken.last.arguments
    assert value not in scrubbed([taken.last.arguments])[0]
    logger.info("event", extra={template.partition("%")[0].strip(" =:").replace(" no", ""): value})
    assert value not in scrubbed([str(taken.last.arguments)])[0]


def test_what_is_logged_while_emitting_and_by_remit_itself_is_dropped_and_counted(
    taken: Taken, handler: RemitHandler
) -> None:
    logger.info("one")
    assert (len(taken.events), handler.dropped) == (1, 1)
    own = logging.getLogger("remit.worker")
    own.addHandler(handler)
    own.warning("itself")
    own.removeHandler(handler)
    assert (len(taken.events), handler.dropped) == (1, 2)


class Unspeakable:
    """An object that cannot be shown."""

    def __str__(self) -> str:
        raise RuntimeError("alice")

    __repr__ = __str__


def test_a_record_that_does_not_fit_is_taken_as_far_as_it_goes(
    taken: Taken, handler: RemitHandler, capsys: pytest.CaptureFixture[str]
) -> None:
    for template, *given in (("%s and %d", "only one"), ("%d", "no number"), ("%s", Unspeakable())):
        handler.handle(logging.makeLogRecord({"msg": template, "args": tuple(given)}))
    assert [event.message for event, *_ in taken.events if isinstance(event, ServiceLog)] == [
        None,
        None,
        "<Unspeakable>",
    ]
    handler.handle(logging.makeLogRecord({"msg": Unspeakable()}))
    assert taken.last.message == "<Unspeakable>"
    assert capsys.readouterr().err == ""


def test_a_fault_is_told_without_the_record(
    taken: Taken, handler: RemitHandler, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.info("paid", extra={"subject": "u1", "ip": "\ud800 alice"})
    record = logging.makeLogRecord({"name": "shop", "msg": "paid %s", "args": 17})
    handler.handle(record)
    told = capsys.readouterr().err
    assert handler.faults == 1
    assert told == "remit: a record of logger shop was not taken: TypeError\n"


def test_a_configuration_by_dict_and_a_queue_give_records_on(taken: Taken) -> None:
    handlers = {"remit": {"class": "remit.logs.RemitHandler", "client": taken, "level": "ERROR"}}
    loggers = {"shop.dict": {"handlers": ["remit"], "level": "DEBUG"}}
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": handlers,
            "loggers": loggers,
        }
    )
    logging.getLogger("shop.dict").info("too small")
    logging.getLogger("shop.dict").error("large %s", "enough")
    assert [event.template for event, *_ in taken.events if isinstance(event, ServiceLog)] == [
        "large %s"
    ]
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    queued = logging.getLogger("shop.queue")
    queued.addHandler(logging.handlers.QueueHandler(lines))
    listener = logging.handlers.QueueListener(lines, RemitHandler(taken))
    listener.start()
    queued.error("by way of %s", "a queue")
    listener.stop()
    assert taken.last.message == "by way of a queue"


def test_structlog_events_are_templates_with_named_arguments_and_go_on_as_they_came(
    taken: Taken, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = structlog.wrap_logger(
        structlog.PrintLogger(),
        processors=[
            structlog.processors.add_log_level,
            StructlogProcessor(taken),
            structlog.processors.KeyValueRenderer(),
        ],
    )
    logs.info("order placed", order="A17", email="a@b.example", subject="u1", ip="203.0.113.7")
    assert (taken.last.level, taken.last.template) == ("INFO", "order placed")
    assert taken.arguments == {"order": "A17", "email": "a@b.example"}
    assert (taken.last.ip, taken.events[-1][1]) == ("203.0.113.7", "u1")
    assert "email='a@b.example'" in capsys.readouterr().out
    try:
        int("alice")
    except ValueError:
        logs.exception("no number")
    assert taken.last.level == "ERROR"
    assert "ValueError at test_logs.py:" in str(taken.arguments)
    assert "alice" not in str(taken.arguments)


def test_structlog_over_logging_gives_the_same(taken: Taken, handler: RemitHandler) -> None:
    logs = structlog.wrap_logger(
        logger,
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logs.warning("order placed", order="A17", subject="u1")
    assert (taken.last.level, taken.last.template) == ("WARNING", "order placed")
    assert (taken.arguments, taken.events[-1][1]) == ({"order": "A17"}, "u1")


@pytest.mark.parametrize(
    ("template", "given", "expected"),
    [
        ("user='%s' id=%d", ("a", 1), {"user": "a", "id": 1}),
        ("%s: %s", ("a", 1), {"0": "a", "1": 1}),
        ("retry %d of %d, retry %d", (1, 2, 3), {"retry": 1, "of": 2, "retry_2": 3}),
        ("100%% of %5.1f", (3.5,), {"of": 3.5}),
        ("密码: %s", ("x",), {"密码": "x"}),
        ("%*d", (3, 4), None),
        ("%s", ("a", "b"), None),
    ],
)
def test_positional_arguments_are_named_by_the_word_before_them(
    template: str, given: tuple[object, ...], expected: object
) -> None:
    assert named(template, given) == expected


def test_lists_and_mappings_end() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert reduced(endless) == [[["<list>"]]]
    assert reduced({object(): b"\x00" * 9, "n": {1}}) == {"<object>": "<9 bytes>", "n": [1]}
    assert len(str(reduced("x" * 9_999))) == 4_096


@pytest.mark.clause("S026b")
def test_an_operation_is_recorded_by_how_its_block_ends(taken: Taken) -> None:
    with operation(taken, "order.refund", subject="u1", target_kind="order", target="17"):
        pass
    for error in (PermissionError, KeyError, KeyboardInterrupt):
        with pytest.raises(error), operation(taken, "order.refund"):
            raise error
    with operation(taken, "order.refund") as deed:
        deed.outcome = "denied"
    events = [event for event, *_ in taken.events if isinstance(event, OperationalLog)]
    assert [event.outcome for event in events] == ["done", "denied", "failed", "failed", "denied"]
    assert (events[0].operation, events[0].target_kind, events[0].target) == (
        "order.refund",
        "order",
        "17",
    )
    assert taken.events[0][1] == "u1"


def test_records_reach_the_log_through_a_real_client(make_client: MakeClient, home: Home) -> None:
    client = make_client()
    handler = RemitHandler(client)
    logger.addHandler(handler)
    logger.warning("order %s", "A17", extra={"subject": "u1"})
    logger.removeHandler(handler)
    assert client.flush(30)
    [event] = home.stored().values()
    assert (event.values["template"], event.values["message"]) == ("order %s", "order A17")
    assert event.subject == "u1"


FORKS = """
import logging, os, sys
from remit import Client
from remit.logs import RemitHandler
client = Client("forks", data=sys.argv[1], log="")
log = logging.getLogger("shop")
log.addHandler(RemitHandler(client))
log.error("from the %s", "parent")
child = os.fork()
log.error("from both of %s", os.getpid())
if child:
    assert os.waitpid(child, 0)[1] == 0
assert client.close(30)
"""


def test_a_forked_child_logs_on(home: Home) -> None:
    run(FORKS, home.data)
    templates = [event.values["template"] for event in home.stored().values()]
    assert sorted(map(str, templates)) == ["from both of %s", "from both of %s", "from the %s"]


def test_remit_logs_needs_no_structlog() -> None:
    run("import sys, remit.logs\nassert 'structlog' not in sys.modules")
    assert "structlog" in sys.modules


class Meeting(Taken):
    """A client that is busy with one event until another has come."""

    def __init__(self) -> None:
        super().__init__()
        self.both = threading.Barrier(2)

    def emit(
        self, event: object, *, subject: str | None = None, tenant: str | None = None
    ) -> Accepted | Refused:
        """Keep an event once there are two."""
        self.both.wait(TIMEOUT_S)
        return super().emit(event, subject=subject, tenant=tenant)


def test_a_thread_that_waits_for_the_client_holds_no_other_up() -> None:
    meeting = Meeting()
    handler = RemitHandler(meeting)
    records = [logging.makeLogRecord({"msg": f"line {n}", "name": "shop"}) for n in range(2)]
    other = threading.Thread(target=handler.handle, args=(records[0],))
    other.start()
    assert handler.handle(records[1])
    other.join(TIMEOUT_S)
    assert handler.faults == 0
    assert len(meeting.events) == 2


def test_what_a_filter_is_against_is_not_taken(taken: Taken) -> None:
    handler = RemitHandler(taken)
    handler.addFilter(lambda record: record.name != "shop.noise")
    for name in ("shop.noise", "shop.checkout"):
        handler.handle(logging.makeLogRecord({"msg": "paid", "name": name}))
    assert [event.logger for event, _, _ in taken.events if isinstance(event, ServiceLog)] == [
        "shop.checkout"
    ]
