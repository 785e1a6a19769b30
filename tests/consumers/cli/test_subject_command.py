"""`remit subject`: what cannot be read leaves nothing behind, and what cannot be done says what stays open."""

import json
from collections.abc import Callable

import pytest

from kit.command import Said

ASKED = ("subject", "correct", "-", "--proof", "account_login")


def open_requests(remit: Callable[..., Said]) -> list[str]:
    """The ids of the requests that are open."""
    told = json.loads(remit("requests", "list", "--json").out)["requests"]
    return [one["request"] for one in told]


def test_a_correction_that_cannot_be_read_is_no_request(remit: Callable[..., Said]) -> None:
    said = remit(*ASKED, stdin='u17\n{"contract": "page_view", "values": {}}\n')
    assert said.code == 2
    assert open_requests(remit) == []


def test_a_correction_of_a_field_that_there_is_not_says_which_request_stays_open(
    remit: Callable[..., Said],
) -> None:
    said = remit(*ASKED, stdin='u17\n{"contract": "page_view", "fields": {"nosuch": 1}}\n')
    assert said.code == 2
    (request,) = open_requests(remit)
    assert f"remit requests fulfil {request}" in said.problem


def test_ids_are_shown_whole_on_a_narrow_terminal(
    remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    remit("subject", "access", "-", stdin="u17\n")
    (request,) = open_requests(remit)
    monkeypatch.setenv("COLUMNS", "60")
    shown = remit("requests", "list").out
    cells = [line.split("│")[1].strip() for line in shown.splitlines() if line.startswith("│")]
    assert "".join(cells) == request
