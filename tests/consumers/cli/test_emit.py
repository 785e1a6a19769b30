"""`remit emit`: each line of standard input is accepted, refused or told as unreadable, by its number."""

import json
from collections.abc import Callable

import pytest

from kit.command import Said

BAD = {
    "no JSON": "{page: /}",
    "no object": '["/"]',
    "a field that is none": '{"pgae": "/secret-9f"}',
    "a type that does not fit": '{"status": "secret-9f"}',
    "a subject that is no text": '{"subject": 17}',
    "nothing": "",
}
GOOD = '{"page": "/orders/17", "subject": "u1", "tenant": "shop"}'


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_line_is_told_by_its_number_and_the_others_are_accepted(
    kind: str, remit: Callable[..., Said]
) -> None:
    said = remit("emit", "page_view", "--json", stdin=f"{GOOD}\n{BAD[kind]}\n{GOOD}\n")
    assert said.code == 1
    assert json.loads(said.out) == {"accepted": 2, "unreadable": 1}
    assert said.problem.startswith("remit: line 2: ")
    assert "secret-9f" not in said.err


def test_a_refused_event_is_counted_by_its_reason(remit: Callable[..., Said]) -> None:
    assert remit("keys", "rotate").code == 0
    assert remit("keys", "stop", "user.device.ip_address").code == 0
    said = remit("emit", "page_view", "--json", stdin='{"ip": "203.0.113.7"}\n')
    assert (said.code, json.loads(said.out)) == (1, {"stopped": 1})


def test_what_was_emitted_is_in_the_report(remit: Callable[..., Said]) -> None:
    said = remit("emit", "page_view", "--wait", stdin=f"{GOOD}\n" * 3)
    assert said.code == 0
    assert "3 accepted" in said.out
    told = json.loads(remit("report", "--json").out)["contracts"]["page_view"]
    assert (told["offered"], told["stored"], told["in_flight"]) == (3, 3, 0)
    assert remit("verify").code == 0
