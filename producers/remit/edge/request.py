"""What the edge takes of a request: a few headers by name, a body within its limits. The rest is dropped unread."""

import zlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from remit.collect import Request
from remit.edge.answer import Answer, refusal
from remit.proxies import Proxies

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]

HEADERS: Final = frozenset(
    (b"content-encoding", b"content-length", b"content-type", b"if-none-match", b"origin")
)
"""What is read of a request's form. What it says of its sender is `remit.collect`'s to read, by a list, too."""

LENGTH_DIGITS: Final = 15
TYPES: Final = (b"application/json", b"text/plain")
"""A beacon with text/plain needs no preflight."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Keep the headers that are on the list; of one that comes twice, the last."""
    return {name: value for name, value in raw if name in HEADERS}


@dataclass(slots=True)  # not frozen: made for every request, in a third of the time
class Sender:
    """What a request itself says of its sender.

    Attributes:
        ip: Address of the client, by the rule of trusted proxies.
        user_agent: The header, and the low-entropy Client Hints as header lines behind it.
        language: The Accept-Language header.
        signals: Of ``gpc`` and ``dnt``, those that were sent.
    """

    ip: str | None
    user_agent: str | None
    language: str | None
    signals: tuple[str, ...]


def sender_of(scope: Scope, proxies: Proxies) -> Sender:
    """Read what a request says of its sender."""
    peer = scope.get("client")
    said = Request.of_headers(peer[0] if peer else None, scope["headers"])
    return Sender(said.client(proxies), said.user_agent, said.language, said.signals)


async def body_of(headers: dict[bytes, bytes], receive: Receive, bytes_max: int) -> bytes | Answer:
    """Read a body, unpacked where it was packed; what is over the limit is cut off, packed or not."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if kind not in TYPES:
        return refusal(415, "a body is application/json or text/plain", ["content-type"])
    packing = headers.get(b"content-encoding", b"identity").strip().lower()
    if packing not in (b"identity", b"gzip"):
        return refusal(415, "a body is plain or packed with gzip", ["content-encoding"])
    body = await _received(headers, receive, bytes_max)
    if body is None:
        return too_large(bytes_max)
    return body if packing == b"identity" else _unpacked(body, bytes_max)


def too_large(bytes_max: int) -> Answer:
    """Answer a body over the limit; the connection goes with what was not read of it."""
    error = f"a body is {bytes_max} bytes at most, packed and unpacked"
    return refusal(413, error, headers=((b"connection", b"close"),))


async def _received(headers: dict[bytes, bytes], receive: Receive, bytes_max: int) -> bytes | None:
    length = headers.get(b"content-length", b"0")
    if int(length[:LENGTH_DIGITS]) > bytes_max:  # the server lets only digits through
        return None
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > bytes_max:
            return None
    return body if len(body) <= bytes_max else None


def _unpacked(body: bytes, bytes_max: int) -> bytes | Answer:
    packed = zlib.decompressobj(wbits=31)
    try:
        plain = packed.decompress(body, bytes_max + 1)
    except zlib.error:
        return refusal(400, "the body is not gzip", ["content-encoding"])
    if len(plain) > bytes_max:
        return too_large(bytes_max)
    if not packed.eof or packed.unused_data:
        return refusal(400, "the body is not one whole gzip member", ["content-encoding"])
    return plain
