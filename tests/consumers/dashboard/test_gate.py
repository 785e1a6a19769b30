"""The gate: who may look, in which role, and whose forms change anything."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.requests import Request

from remit_consumers.access.invitations import invite, revoke
from remit_consumers.access.roles import Role
from remit_consumers.access.sessions import LOCAL, Identity
from remit_consumers.dashboard.gate import COOKIE, PRINTED, TLS_COOKIE, Gate, is_loopback


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
    found = Gate(role=Role.OPERATOR).identity(asked(host=host))
    assert found == Identity(LOCAL, Role.OPERATOR)


@pytest.mark.parametrize("host", ["rebound.example", "127.0.0.1.rebound.example:80", "", "[", "@"])
def test_an_open_gate_answers_to_no_other_name(host: str) -> None:
    assert Gate().identity(asked(host=host)) is None


def test_the_token_opens_a_closed_gate_once() -> None:
    gate = Gate(is_open=False)
    token = gate.token
    assert gate.enter("another") is None
    session = gate.enter(token)
    assert session
    assert gate.enter(token) is None
    assert not gate.token
    assert gate.enter("") is None
    found = gate.identity(asked(host="remit.example", cookie=f"{COOKIE}={session}"))
    assert found == Identity(PRINTED, Role.AUDITOR)
    assert gate.identity(asked(host="localhost", cookie=f"{COOKIE}={token}")) is None
    assert gate.identity(asked(host="localhost")) is None


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


def test_who_was_invited_is_in_for_their_role_until_they_are_revoked(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    token = invite(tmp_path, "ann", Role.OFFICER, now + timedelta(hours=9), now)
    gate = Gate(is_open=False, keys=tmp_path)
    session = gate.enter(token)
    assert session
    assert gate.enter(token) is None
    request = asked(host="remit.example", cookie=f"{COOKIE}={session}")
    found = gate.identity(request)
    assert found is not None
    assert found.role is Role.OFFICER
    assert "ann" not in found.who
    revoke(tmp_path, "ann")
    assert gate.identity(request) is None


def test_a_session_on_an_open_gate_wins_over_the_role_of_the_machine(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    token = invite(tmp_path, "ann", Role.OPERATOR, now + timedelta(hours=9), now)
    gate = Gate(keys=tmp_path)
    session = gate.enter(token)
    found = gate.identity(asked(host="localhost", cookie=f"{COOKIE}={session}"))
    assert found is not None
    assert found.role is Role.OPERATOR


def test_under_tls_only_the_cookie_that_is_bound_to_the_host_counts() -> None:
    gate = Gate(is_open=False)
    session = gate.enter(gate.token)
    for cookie, is_in in ((COOKIE, False), (TLS_COOKIE, True)):
        request = asked(host="remit.example", cookie=f"{cookie}={session}")
        request.scope["scheme"] = "https"
        assert (gate.identity(request) is not None) is is_in
