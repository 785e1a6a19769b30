"""The job that every stream library is given, for one message: decode, cut the address, parse the agent, hash the subject, drop the rest.

Twice: as its pages would have one write it, and as somebody would who has measured it. Less than remit does: pages,
referrers and times stay as they are, nothing is decided by a policy, and nothing is counted.
"""

import hashlib
import hmac
import io
import ipaddress
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any, Final

import fastavro
import ua_parser

Refine = Callable[[bytes], dict[str, Any]]
"""Takes a message in Confluent's frame, gives what is left of it."""

FRAME: Final = 5  # format byte and schema id
KEY: Final = b"k" * 32  # of the pseudonyms: any will do
DROPPED: Final = ("user_agent", "language", "hardware", "screen")
V4: Final = 24  # bits of an address that stay
V6: Final = 48
REMEMBERED: Final = 100_000  # of each kind, in the tuned form: more than the run has


def idiomatic(schema: str) -> Refine:
    """Make the function as the libraries' pages have it: fastavro, ipaddress, ua-parser, hmac."""
    parsed = fastavro.parse_schema(json.loads(schema))

    def refine(message: bytes) -> dict[str, Any]:
        buffer = io.BytesIO(message)
        buffer.seek(FRAME)
        event: Any = fastavro.schemaless_reader(buffer, parsed, None)
        event["ip"] = _network(event["ip"])
        event["browser"], event["os"] = _agent(event["user_agent"])
        event["subject"] = _pseudonym(event["subject"])
        for name in DROPPED:
            del event[name]
        return dict(event)

    return refine


def tuned(schema: str) -> Refine:
    """Make the function as one who measured would: a decoder written for the schema, every distinct value reduced once."""
    decode = decoder(schema)
    networks: dict[str | None, str | None] = {None: None}
    agents: dict[str | None, tuple[str | None, str | None]] = {}
    pseudonyms: dict[str | None, str | None] = {None: None}

    def refine(message: bytes) -> dict[str, Any]:
        event = decode(message)
        ip, agent, subject = event["ip"], event.pop("user_agent"), event["subject"]
        if ip not in networks:
            _remember(networks, ip, _quick_network(ip))
        if agent not in agents:
            _remember(agents, agent, _agent(agent))
        if subject not in pseudonyms:
            _remember(pseudonyms, subject, _quick_pseudonym(subject))
        event["ip"] = networks[ip]
        event["browser"], event["os"] = agents[agent]
        event["subject"] = pseudonyms[subject]
        return event

    return refine


FORMS: Final[dict[str, Callable[[str], Refine]]] = {"idiomatic": idiomatic, "tuned": tuned}
"""By the name in the table."""


def decoder(schema: str) -> Refine:
    """Write and compile a decoder for a flat record of strings and numbers; what the job drops is skipped unread.

    Source:
        Avro 1.12, binary encoding.
    """
    source = "\n".join(_lines(json.loads(schema)["fields"]))
    names: dict[str, Any] = {"_long": _long}
    exec(source, names)  # noqa: S102  # written here, from a schema of ours
    made: Refine = names["decode"]
    return made


def _lines(fields: list[dict[str, Any]]) -> Iterator[str]:
    yield f"def decode(b):\n at = {FRAME}"
    kept = [(f"v{n}", each["name"]) for n, each in enumerate(fields)]
    for (variable, name), each in zip(kept, fields, strict=True):
        kind = each["type"]
        indent = " "
        if isinstance(kind, list):
            yield f" {variable} = None\n at += 1\n if b[at - 1]:"
            kind, indent = kind[1], "  "
        is_text = (kind["type"] if isinstance(kind, dict) else kind) == "string"
        yield from (indent + line for line in _value(variable, name, is_text=is_text))
    pairs = ", ".join(
        f"{name!r}: {variable}"
        for variable, name in kept
        if name not in DROPPED or name == "user_agent"
    )
    yield f" return {{{pairs}}}"


def _value(variable: str, name: str, *, is_text: bool) -> Iterator[str]:
    yield "n = b[at]; at += 1"
    yield "if n > 127: n, at = _long(b, at - 1)"
    if not is_text:
        yield f"{variable} = (n >> 1) ^ -(n & 1)"
        return
    yield "n >>= 1"
    if name not in DROPPED or name == "user_agent":
        yield f"{variable} = b[at : at + n].decode()"
    yield "at += n"


def _long(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  # the last byte has no continuation bit
            return number, at
        shift += 7


def _remember(known: dict[str | None, Any], key: str | None, value: object) -> None:
    if len(known) >= REMEMBERED:
        known.clear()
        known[None] = None
    known[key] = value


def _agent(text: str | None) -> tuple[str | None, str | None]:
    found = ua_parser.parse(text or "")
    browser, system = found.user_agent, found.os
    return browser.family if browser else None, system.family if system else None


def _network(address: str | None) -> str | None:
    if address is None:
        return None
    bits = V4 if ipaddress.ip_address(address).version == 4 else V6  # noqa: PLR2004
    return str(ipaddress.ip_network((address, bits), strict=False).network_address)


def _quick_network(address: str | None) -> str | None:
    if address is None:
        return None
    if ":" not in address:
        return f"{address.rpartition('.')[0]}.0"
    packed = socket.inet_pton(socket.AF_INET6, address)[: V6 // 8]
    return socket.inet_ntop(socket.AF_INET6, packed + bytes(16 - V6 // 8))


def _pseudonym(subject: str | None) -> str | None:
    if subject is None:
        return None
    return hmac.new(KEY, subject.encode(), hashlib.sha256).hexdigest()


def _quick_pseudonym(subject: str | None) -> str | None:
    return None if subject is None else hmac.digest(KEY, subject.encode(), "sha256").hex()
