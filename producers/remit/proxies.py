"""Who asked, as far as trusted proxies say: what stands left of their entries is never believed.

Each proxy adds the address that it was called from behind what it got, so a list is read from its right end, and only
as far as the proxies that wrote it are trusted. Whatever cannot be read is no address: null rather than a guess.

Source: RFC 7239 (`Forwarded`), 4 to 6; MDN, `X-Forwarded-For`, "Selecting an IP address".
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, Self

from remit_schemas.errors import SettingsError

VARIABLE: Final = "REMIT_PROXIES"
"""The setting: how many proxies are trusted, or which networks they are in."""

ENTRIES_MAX: Final = 32
"""Entries that are looked at, from the right: longer chains of proxies are none (our choice)."""

CHARS_MAX: Final = 4_096
"""Characters that are looked at, from the right (our choice; 32 entries of IPv6 have 2,000)."""

ENTRY_CHARS_MAX: Final = 100
"""Characters of one address with brackets, zone and port: the longest has 45 + 2 + 21 + 6 (RFC 4291, 2.2; RFC 6874)."""

_FORWARDED: Final = "forwarded"
_X_FORWARDED_FOR: Final = "x-forwarded-for"
_HEADERS: Final = (_FORWARDED, _X_FORWARDED_FOR)

_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN_V4 = re.compile(rf"(?!0\.0\.0\.0\Z){_BYTE}(?:\.{_BYTE}){{3}}")
"""An address as nearly all are written, and as it is given back; the rest is looked at more closely."""

_ZONE = re.compile(r"[A-Za-z0-9._~-]{0,20}", re.ASCII)
_PORT = re.compile(r"(?::[0-9A-Za-z._-]{0,32})?", re.ASCII)
"""What may stand behind an address; a port that is none says nothing of the address, which ends before it."""

_STRING_BACKWARDS = r'"(?:[^"]|"\\(?:\\\\)*+(?!\\))*+"'
"""A quoted string from its end: a quote before which (here: behind which) an odd number of backslashes stands is text."""

_LAST = re.compile(rf'(?P<element>(?:[^",]|{_STRING_BACKWARDS})*+)(?:,|\Z)', re.DOTALL)
"""The last element of a list, backwards; possessive throughout, so linear. Left of it may stand whatever was sent: a
quote that somebody opened there and never closed cannot swallow what a proxy wrote behind it."""

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_PAIR = re.compile(
    rf'[ \t]*+({_WORD})=(?:({_WORD})|"((?:[^"\\]|\\.)*+)")[ \t]*+(?:;|\Z)', re.DOTALL
)
"""One `name=value` of an element. Source: RFC 7239, 4; RFC 9110, 5.6."""

_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

_Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxies are believed when they say for whom they ask.

    Attributes:
        depth: So many proxies stand before the app, each of which adds an entry; the app is never called around them.
        networks: Or: the proxies are whoever calls from these networks.
        header: The header that they write, if only that one is to be looked at.
    """

    depth: int = 0
    networks: tuple[_Network, ...] = ()
    header: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a rule: ``1``, ``10.0.0.0/8, ::1``, or ``2 forwarded``; empty trusts nobody.

        Raises:
            SettingsError: It is none.
        """
        depth: list[int] = []
        networks: list[_Network] = []
        headers: list[str] = []
        for word in text.replace(",", " ").lower().split():
            if word in _HEADERS:
                headers.append(word)
            elif word.isascii() and word.isdigit():
                depth.append(int(word) if len(word) <= len(str(ENTRIES_MAX)) else ENTRIES_MAX + 1)
            else:
                networks.append(_network(word))
        if len(depth) + bool(networks) > 1 or len(headers) > 1:
            message = (
                f"{VARIABLE} is a number of proxies, or their networks; and at most one header"
            )
            raise SettingsError(message)
        if sum(depth) > ENTRIES_MAX:
            raise SettingsError(f"{VARIABLE} must lie between 0 and {ENTRIES_MAX}")
        return cls(sum(depth), tuple(networks), headers[0] if headers else None)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read REMIT_PROXIES.

        Raises:
            SettingsError: It is no rule.
        """
        return cls.parse(environ.get(VARIABLE, ""))

    def client(
        self, peer: str | None, forwarded: Sequence[str], x_forwarded_for: Sequence[str]
    ) -> str | None:
        """Say whose address the request came from.

        Args:
            peer: Who holds the connection, with or without a port; None for a Unix socket.
            forwarded: The lines of the header `Forwarded`, in their order.
            x_forwarded_for: The lines of the header `X-Forwarded-For`.

        Returns:
            The address; None where the trusted proxies do not name one. Where both headers are there and do not name
            the same, one of them is the sender's own: None, unless `header` says which one the proxies write.
        """
        if not (self.depth or self.networks):
            return address(peer)
        if self.networks and not self._is_proxy(caller := address(peer)):
            return caller
        both = (_FORWARDED, forwarded, _elements), (_X_FORWARDED_FOR, x_forwarded_for, _items)
        said = [
            self._named(entries(lines))
            for name, lines, entries in both
            if lines and self.header in (None, name)  # no set is built for each request
        ]
        return said[0] if said and said.count(said[0]) == len(said) else None

    def _named(self, entries: Iterator[str | None]) -> str | None:
        """Give the entry that the outermost trusted proxy wrote, from entries from right to left."""
        found = None
        for number, found in enumerate(entries, 1):
            if number == self.depth or found is None:
                return found
            if self.networks and not self._is_proxy(found):
                return found
        return found if self.networks else None  # all are proxies: the first was the first to ask

    def _is_proxy(self, sender: str | None) -> bool:
        """Whether an address lies in a trusted network."""
        if sender is None:
            return False
        ip = ip_address(sender.partition("%")[0])
        return any(ip in network for network in self.networks)


NOBODY: Final = Proxies()
"""Trusts nobody: the client is who holds the connection."""


def address(text: str | None) -> str | None:
    """Write an address in its plain form, without its port: ``[::ffff:192.0.2.1]:80`` is ``192.0.2.1``.

    Returns:
        None where it is none, or the one that stands for no host at all (``0.0.0.0``, ``::``).
    """
    if text is None or len(text) > ENTRY_CHARS_MAX:
        return None
    host, port = text.strip(" \t"), ""
    if _PLAIN_V4.fullmatch(host):
        return host
    if host.startswith("["):
        host, bracket, port = host[1:].partition("]")
        if not bracket or ":" not in host:
            return None
    elif host.count(":") == 1:
        host, _, number = host.partition(":")
        port = f":{number}"
    host, _, zone = host.partition("%")
    if _PORT.fullmatch(port) is None or _ZONE.fullmatch(zone) is None:
        return None
    return _written(host, zone)


def _written(host: str, zone: str) -> str | None:
    try:
        ip = ip_address(host)
    except ValueError:
        return None
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_unspecified or (zone and isinstance(ip, IPv4Address)):
        return None
    return f"{ip}%{zone}" if zone else str(ip)


def _network(word: str) -> _Network:
    try:
        return ip_network(word)
    except ValueError:
        message = f"{VARIABLE}: a word of {len(word)} characters is no network, such as 10.0.0.0/8"
        raise SettingsError(message) from None


def _joined(lines: Sequence[str]) -> tuple[str, bool]:
    """Join the lines of a header as one list, and say whether something of it was left out.

    Source: RFC 9110, 5.3.
    """
    most = ENTRIES_MAX + 1  # what is cut costs the entry that it may have gone through
    joined = ",".join(lines[-most:])
    return joined[-CHARS_MAX:], len(joined) > CHARS_MAX or len(lines) > most


def _items(lines: Sequence[str]) -> Iterator[str | None]:
    """Yield the entries of `X-Forwarded-For` from right to left, None for what cannot be read and for what is too far."""
    joined, is_cut = _joined(lines)
    items = joined.rsplit(",", ENTRIES_MAX)
    whole = items[1:] if is_cut or len(items) > ENTRIES_MAX else items
    yield from map(address, reversed(whole))
    if len(whole) < len(items):
        yield None


def _elements(lines: Sequence[str]) -> Iterator[str | None]:
    """Yield the entries of `Forwarded` from right to left, None for what cannot be read and for what is too far."""
    joined, is_cut = _joined(lines)
    backwards, at = joined[::-1], 0
    for _ in range(ENTRIES_MAX):
        last = _LAST.match(backwards, at)
        if last is None:
            break
        at = last.end()
        ends_here = last.end("element") == len(backwards)
        if ends_here and is_cut:
            break
        yield _for(last["element"][::-1])
        if ends_here:
            return
    yield None


def _for(element: str) -> str | None:
    """Read the node that an element is for; ``unknown`` and ``_hidden`` are none."""
    nodes: list[str] = []
    at = 0
    while at < len(element):
        pair = _PAIR.match(element, at)
        if pair is None:
            return None
        at = pair.end()
        if pair[1].lower() == "for":
            nodes.append(_ESCAPED.sub(r"\1", pair[3]) if pair[2] is None else pair[2])
    return address(nodes[0]) if len(nodes) == 1 and _is_node(nodes[0]) else None


def _is_node(node: str) -> bool:
    """Whether a node is written as it must be: IPv6 in brackets. Source: RFC 7239, 6."""
    return node.startswith("[") or node.count(":") <= 1
