"""The gate: who may look, and whose forms change anything."""

import pytest
from starlette.requests import Request

from remit_consumers.dashboard.gate import COOKIE, Gate, is_loopback


def asked(**headers: str) -> Request:
    """A request with these headers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw})


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104 - what is tested
        ("::", False),
        ("192.0.2.1", False),
        ("shop.example", False),
        ("", False),
    ],
)
def test_an_address_is_known_as_this_machines_alone_or_is_not(host: str, *, is_here: bool) -> None:
    assert is_loopback(host) is is_here


@pytest.mark.parametrize("host", ["localhost:8090", "127.0.0.1", "[::1]:8090"])
def test_an_open_gate_answers_to_the_name_of_this_machine(host: str) -> None:
    assert Gate().admits(asked(host=host))


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.rebound.example:80", "", "[", "@"])
def test_an_open_gate_answers_to_no_other_name(host: str) -> None:
    assert not Gate().admits(asked(host=host))


def test_the_token_opens_a_closed_gate_once() -> None:
    gate = Gate(is_open=False)
    token = gate.token
    assert gate.enter("another") is None
    session = gate.enter(token)
    assert session
    assert gate.enter(token) is None
    assert not gate.token
    assert gate.enter("") is None
    assert gate.admits(asked(host="remit.example", cookie=f"{COOKIE}={session}"))
    assert not gate.admits(asked(host="localhost", cookie=f"{COOKIE}={token}"))
    assert not gate.admits(asked(host="localhost"))


def test_an_open_gate_has_no_token() -> None:
    assert not Gate().token


def test_nothing_of_a_token_stands_in_what_is_printed_of_a_gate() -> None:
    gate = Gate(is_open=False)
    assert gate.token not in repr(gate)


def test_a_form_is_taken_from_a_page_of_the_same_address_alone() -> None:
    here = {"host": "localhost:8090"}
    assert Gate.is_own(asked(**here, origin="http://localhost:8090"))
    for origin in ("http://localhost:8091", "https://shop.example", "null", ""):
        assert not Gate.is_own(asked(**here, origin=origin))
    assert not Gate.is_own(asked(**here))
