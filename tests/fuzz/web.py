"""Targets of what comes over HTTP: bodies of the edge, packed and plain, and every header that is looked at."""

import asyncio
import gzip
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

from fuzz.target import Target, of_text
from remit.batched import BatchClient
from remit.collect import Answer, Request, collect
from remit.edge.app import _key_of
from remit.edge.choices import read_choice
from remit.edge.intake import Intake
from remit.edge.limits import Limits
from remit.edge.published import Published
from remit.edge.request import body_of, sender_of
from remit.proxies import Proxies, address
from remit_consumers.erasure.posting import _understood
from remit_consumers.evidence.timestamp import stamped_at
from remit_schemas.pack import REASONS

SESSION = "AAAAAAAAAAAAAAAAAAAAAA"
PAGE = {"contract": "page_view", "occurred_at": 1_600_000_000_000, "page": "/cart?a=b"}
BATCH = json.dumps(
    {"session": SESSION, "batch": 1, "sent_at": 1_600_000_000_001, "events": [PAGE, PAGE]}
).encode()
CHOICE = json.dumps(
    {
        "session": SESSION,
        "batch": 2,
        "sent_at": 1_600_000_000_001,
        "given": ["marketing"],
        "method": "banner",
        "policy_version": "1",
    }
).encode()
HEADERS = (
    b"x-forwarded-for: 203.0.113.7, 10.0.0.1\n"
    b'forwarded: for="[2001:db8::1]:80";proto=https, for=192.0.2.60\n'
    b"accept-language: de-CH, de;q=0.9\nuser-agent: Mozilla/5.0 (X11; Linux x86_64)\n"
    b'sec-ch-ua: "Chromium";v="130"\nsec-gpc: 1\nreferer: https://a.example/x?q=1\ncookie: a=b'
)


class Refusing:
    """All that reading a body asks of a client: that refusals are counted. What is read goes to a real one in tests/flow."""

    def refuse(self, kind: type | None, reason: str) -> None:
        """Count a refusal."""
        assert kind is None or kind.__name__
        assert reason in REASONS


CLIENT = cast("BatchClient", Refusing())

INTAKES = tuple(Intake(CLIENT, Limits(), is_browser=is_browser) for is_browser in (True, False))
POLICY = cast("Published", SimpleNamespace(version="1", optional_purposes=frozenset({"marketing"})))


def _batch(data: bytes) -> None:
    for intake in INTAKES:
        intake.read(data)


def _choice(data: bytes) -> None:
    for is_browser in (True, False):
        read_choice(data, POLICY, is_browser=is_browser)


def _packed(data: bytes) -> object:
    async def receive() -> dict[str, Any]:
        return {"body": data}

    headers = {b"content-type": b"text/plain", b"content-encoding": b"gzip"}
    return asyncio.run(body_of(headers, receive, 1 << 16))


def _lines(data: bytes) -> list[tuple[bytes, bytes]]:
    """Header lines as a server hands them over."""
    named = (line.partition(b":") for line in data.split(b"\n"))
    return [(name.strip().lower(), value.strip()) for name, _, value in named]


PROXIES = tuple(map(Proxies.parse, ("", "1", "2 forwarded", "10.0.0.0/8, ::1")))


def _headers(data: bytes) -> None:
    headers = _lines(data)
    environ: Mapping[str, object] = {
        f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}": value.decode("latin-1")
        for name, value in headers
    }
    for proxies in PROXIES:
        sender_of({"client": ("10.0.0.1", 1), "headers": headers}, proxies)
        asked = Request.of_environ({**environ, "REMOTE_ADDR": "10.0.0.1"})
        collect(asked, Answer("GET", "/", 200, 3), proxies)


TARGETS = (
    Target("edge_batch", _batch, (BATCH,)),
    Target("edge_choice", _choice, (CHOICE,)),
    Target("edge_gzip", _packed, (gzip.compress(BATCH),)),
    Target("edge_query", _key_of, (b"key=abc", b"a=1&key=x%20y")),
    Target("headers", _headers, (HEADERS,)),
    Target("client_address", of_text(address), (b"[2001:db8::1%eth0]:80", b"192.0.2.1:99")),
    Target(
        "proxies_rule",
        of_text(Proxies.parse),
        (b"2 forwarded", b"10.0.0.0/8, ::1"),
        is_quoting=True,
    ),
    Target("notice_answer", lambda data: _understood("n1", data), (b'{"acknowledged":"n1"}',)),
    Target(
        "timestamp_answer", lambda data: stamped_at(data, b"x"), (b"\x30\x05\x30\x03\x02\x01\x00",)
    ),
)
