"""The typed events: built right or not at all, never changed, never shown."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from enum import IntEnum, StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.contracts import KINDS, load_record, make_field_json
from remit_schemas.codec import decode_one, encoder
from remit_schemas.contract import builtin
from remit_schemas.errors import EncodeError
from remit_schemas.event import Event, now_ms
from remit_schemas.events import EVENTS, ConsentChange, OperationalLog, PageView, ServiceLog
from remit_schemas.generate import EVENTS_FILE, main, module_of

NOON = datetime(2026, 11, 23, 12, 0, 0, 123_999, tzinfo=UTC)
NOON_MS = 1_795_435_200_123
CANARY = "canary@example.com"

EACH = pytest.mark.parametrize("event", EVENTS, ids=EVENTS.values())


def make_view(**changes: object) -> PageView:
    return PageView.of({"ip": "203.0.113.7", "page": "/orders", "status": 200} | changes)


def test_the_checked_in_events_are_those_of_the_contracts() -> None:
    assert EVENTS_FILE.read_text("utf-8") == module_of(builtin()), (
        "run python -m remit_schemas.generate"
    )


def test_generating_writes_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit_schemas.generate.EVENTS_FILE", tmp_path / "events.py")
    main()
    assert (tmp_path / "events.py").read_bytes() == EVENTS_FILE.read_bytes()


def test_every_contract_has_its_event() -> None:
    assert sorted(EVENTS.values()) == list(builtin().names)
    assert {ConsentChange, PageView, ServiceLog, OperationalLog} < set(EVENTS)


@EACH
def test_an_event_has_the_fields_of_its_contract_in_order(event: type[Event]) -> None:
    contract = builtin().by_name(EVENTS[event])
    assert event.__contract__ == contract.name
    assert event.__fields__ == tuple(field.name for field in contract.fields)
    assert all(field.doc.split()[0] in str(event.__doc__) for field in contract.fields)


@EACH
def test_every_field_is_null_unless_given_and_the_times_are_now(event: type[Event]) -> None:
    before = now_ms()
    built = event()
    values = {name: getattr(built, name) for name in event.__fields__}
    assert before <= values.pop("occurred_at") == values.pop("collected_at") <= now_ms()
    assert set(values.values()) == {None}


@EACH
def test_an_event_is_encoded_as_it_was_built(event: type[Event]) -> None:
    contract = builtin().by_name(EVENTS[event])
    texts = {field.name: field.name for field in contract.fields if field.avro_type == "string"}
    read = decode_one(contract, encoder(contract)(event.of({**texts, "occurred_at": NOON_MS})))
    assert texts.items() <= read.items()
    assert read["occurred_at"] == NOON.replace(microsecond=123_000)


@pytest.mark.parametrize(
    "given_time",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=8))),
        NOON_MS,
        "2026-11-23T12:00:00.123Z",
        "2026-11-23T20:00:00.123+08:00",
    ],
)
def test_a_time_is_kept_in_whole_milliseconds(given_time: object) -> None:
    assert make_view(occurred_at=given_time).occurred_at == NOON_MS


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31)))  # noqa: DTZ001 - made aware below
def test_no_time_is_rounded_up(naive: datetime) -> None:
    time = naive.replace(tzinfo=UTC)
    kept = PageView(occurred_at=time).occurred_at
    assert timedelta() <= time - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(milliseconds=kept)
    assert time - datetime(1970, 1, 1, tzinfo=UTC) < timedelta(milliseconds=kept + 1)


@pytest.mark.parametrize("name", ["occurred_at", "collected_at"])
@pytest.mark.parametrize(
    "wrong",
    [
        NOON.replace(tzinfo=None),
        "2026-11-23T12:00:00",
        "yesterday",
        1.5,
        True,
        -1,
        datetime(1969, 12, 31, tzinfo=UTC),
        253_402_300_800_000,
        [NOON],
    ],
)
def test_a_time_that_is_none_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(EncodeError, match=rf"^page_view\.{name}: "):
        make_view(**{name: wrong})


@pytest.mark.parametrize(
    "name",
    [
        "ip",
        "user_agent",
        "language",
        "page",
        "referrer",
        "method",
        "hardware",
        "screen",
        "platform",
    ],
)
@pytest.mark.parametrize("wrong", [b"bytes", 5, 1.5, True, ["list"], object()])
def test_a_text_that_is_none_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(
        EncodeError, match=rf"^page_view\.{name}: text is wanted, not {type(wrong).__name__}"
    ):
        make_view(**{name: wrong})


@pytest.mark.parametrize("name", ["status", "duration_ms"])
@pytest.mark.parametrize("wrong", ["200", 200.0, True, [200]])
def test_a_whole_number_that_is_none_is_refused(name: str, wrong: object) -> None:
    with pytest.raises(EncodeError, match=rf"^page_view\.{name}: a whole number is wanted"):
        make_view(**{name: wrong})


def test_a_field_that_the_contract_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="ip_adress"):
        PageView(ip_adress="203.0.113.7")  # type: ignore[call-arg]
    with pytest.raises(EncodeError, match=r"page_view: a name of 9 .* did you mean user_agent"):
        PageView.of({"useragent": "curl/8"})


def test_values_are_given_by_name_only() -> None:
    with pytest.raises(TypeError):
        PageView(NOON)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "build",
    [
        lambda: make_view(page=CANARY.encode()),
        lambda: make_view(status=CANARY),
        lambda: make_view(occurred_at=CANARY),
        lambda: make_view(**{CANARY: 1}),
    ],
)
def test_an_error_carries_no_value_neither_in_its_text_nor_in_its_cause(
    build: Callable[[], PageView],
) -> None:
    with pytest.raises(EncodeError) as caught:
        build()
    assert "canary" not in repr(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_an_event_shows_which_fields_it_has_and_not_what_is_in_them() -> None:
    shown = repr(make_view(page=CANARY))
    assert shown == str(make_view(page=CANARY))
    assert shown == "PageView(occurred_at=…, collected_at=…, ip=…, page=…, status=…)"


@EACH
def test_an_event_cannot_be_changed(event: type[Event]) -> None:
    built = event()
    for name in (*event.__fields__, "another"):
        with pytest.raises(AttributeError, match="cannot be changed"):
            setattr(built, name, None)
        with pytest.raises(AttributeError, match="cannot be changed"):
            delattr(built, name)


def test_events_are_equal_when_contract_and_values_are() -> None:
    one, same = (
        make_view(occurred_at=NOON, collected_at=NOON),
        make_view(occurred_at=NOON, collected_at=NOON),
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != make_view(occurred_at=NOON, collected_at=NOON, page="/")
    assert OperationalLog(occurred_at=1, collected_at=1) != ServiceLog(
        occurred_at=1, collected_at=1
    )


@pytest.mark.parametrize(
    "through",
    [lambda event: pickle.loads(pickle.dumps(event)), copy.copy, copy.deepcopy],  # noqa: S301 - our own bytes
)
def test_an_event_goes_to_another_process_and_back(through: Callable[[PageView], PageView]) -> None:
    event = make_view()
    assert through(event) == event
    assert type(through(event)) is PageView


class Method(StrEnum):
    """An app's own words."""

    GET = "GET"


class Status(IntEnum):
    """An app's own numbers."""

    OK = 200


def test_members_of_enumerations_become_plain_values() -> None:
    view = PageView(method=Method.GET, status=Status.OK)
    assert (type(view.method), view.method) == (str, "GET")
    assert (type(view.status), view.status) == (int, 200)


@pytest.fixture
def probe(tmp_path: Path) -> type[Event]:
    """The generated event of a contract with every type there is, with null and without."""
    names = [str(kind if isinstance(kind, str) else "time") for kind in KINDS]
    fields = [make_field_json(f"a_{name}", kind) for name, kind in zip(names, KINDS, strict=True)]
    fields += [
        make_field_json(f"b_{name}", ("null", kind))
        for name, kind in zip(names, KINDS, strict=True)
    ]
    module: dict[str, object] = {"__name__": "probe"}
    exec(module_of([load_record(tmp_path, *fields)]), module)  # noqa: S102 - what we generate is what is tested
    built = module["Probe"]
    assert isinstance(built, type)
    assert issubclass(built, Event)
    return built


NEEDED = {
    "a_string": "a",
    "a_int": 1,
    "a_long": 2,
    "a_boolean": True,
    "a_double": 1,
    "a_time": NOON,
}


def test_an_event_is_generated_of_any_contract(probe: type[Event]) -> None:
    built = probe.of(NEEDED | {"b_time": NOON_MS, "b_boolean": False})
    values = [getattr(built, name) for name in NEEDED]
    assert values == ["a", 1, 2, True, 1.0, NOON_MS]
    assert getattr(built, "b_time") == NOON_MS  # noqa: B009 - only the generated class knows it
    assert getattr(built, "b_string") is None  # noqa: B009


@pytest.mark.parametrize("name", NEEDED)
def test_a_field_that_is_never_null_must_be_given(probe: type[Event], name: str) -> None:
    with pytest.raises(TypeError, match=name):
        probe.of({key: value for key, value in NEEDED.items() if key != name})
    with pytest.raises(EncodeError, match=rf"^probe\.{name}: "):
        probe.of(NEEDED | {name: None})


@pytest.mark.parametrize("wrong", [0, "true", 1.0])
def test_a_boolean_that_is_none_is_refused(probe: type[Event], wrong: object) -> None:
    with pytest.raises(EncodeError, match=r"^probe\.a_boolean: true or false is wanted"):
        probe.of(NEEDED | {"a_boolean": wrong})


@pytest.mark.parametrize("wrong", ["1.5", True])
def test_a_number_that_is_none_is_refused(probe: type[Event], wrong: object) -> None:
    with pytest.raises(EncodeError, match=r"^probe\.b_double: a number is wanted"):
        probe.of(NEEDED | {"b_double": wrong})


def test_an_app_that_imports_events_does_not_pay_for_pydantic_or_fastavro() -> None:
    program = "import sys, remit_schemas.events, remit_schemas.codec; print(*sys.modules)"
    modules = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pydantic", "fastavro"} & set(modules)
