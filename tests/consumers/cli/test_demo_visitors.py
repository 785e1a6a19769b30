"""The demonstration's visitors are invented: the same for each seed, nobody's addresses, nobody's names."""

import re
import threading
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from itertools import islice
from typing import Any

from kit.ports import free_port
from kit.watching import until
from remit_cli.demo_visitors import Policy, requests_of, visitors

POLICY = Policy("2021-11-01", ("analytics.reporting", "functional.service.improve"))
NOBODYS = [
    ip_network(text)
    for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
]
"""RFC 5737, RFC 3849."""


def asked(seed: int = 1, many: int = 3_000) -> list[tuple[str, Mapping[str, Any]]]:
    """What visitors send first."""
    return list(islice(requests_of(POLICY, seed), many))


def views() -> list[Mapping[str, Any]]:
    """Of that, the page views."""
    return [body["events"][0] for path, body in asked() if path == "/v1/events"]


def test_a_seed_says_all_that_visitors_do() -> None:
    assert asked(1) == asked(1)
    assert asked(1) != asked(2)


def test_addresses_and_names_are_nobodys() -> None:
    for view in views():
        assert any(ip_address(view["ip"]) in network for network in NOBODYS)
        assert view["subject"].startswith("invented-visitor-")
        hosts = re.findall(r"(?:https?://|%40)([\w.]+)", f"{view['page']} {view['referrer']}")
        assert all(host.endswith(".example") for host in hosts)


def test_visitors_vary_in_language_machine_and_page() -> None:
    found = views()
    for name in ("language", "user_agent", "screen", "utc_offset"):
        assert len({view[name] for view in found}) > 3, name
    assert {view["page"].split("?")[0] for view in found} >= {"/", "/search", "/basket"}


def test_only_what_was_agreed_to_is_taken_back() -> None:
    given: set[tuple[str, str]] = set()
    statuses = set()
    for path, body in asked():
        if path != "/v1/consent":
            continue
        [status] = body.keys() & {"given", "refused", "withdrawn"}
        [purpose] = body[status]
        statuses.add(status)
        if status == "given":
            given.add((body["subject"], purpose))
        elif status == "withdrawn":
            given.remove((body["subject"], purpose))
    assert statuses == {"given", "refused", "withdrawn"}


def test_where_the_policy_leaves_nothing_to_anybody_no_choice_is_made() -> None:
    bodies = islice(requests_of(Policy("2021-11-01", ()), 1), 500)
    assert {path for path, _ in bodies} == {"/v1/events"}


def test_that_no_edge_answers_is_said_once_and_the_end_comes_at_once() -> None:
    said: list[str] = []
    with visitors(f"127.0.0.1:{free_port()}", "key", said.append):
        until(lambda: bool(said), "nobody was told")
    assert len(said) == 1
    assert not [one.name for one in threading.enumerate() if one.name == "remit-demo-visitors"]
