"""Addresses of machines: IPv4, IPv6, MAC, and names of hosts that carry an address or stand where a client is named."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import groupby
from typing import Final

from remit_consumers.proof.residue.domain import is_name
from remit_consumers.proof.residue.kind import Kind, Seen

HOST_BITS_V4 = 8
"""Bits of an IPv4 address that must be zero when nothing says otherwise: a /24 remains (S025, reducer `ip`)."""

HOST_BITS_V6 = 80
"""Bits of an IPv6 address that must be zero when nothing says otherwise: a /48 remains (S025, reducer `ip`)."""

OCTETS: Final = 4
"""Numbers of an IPv4 address."""

OCTET_MAX: Final = 255
"""The highest of them."""

HEXTETS: Final = 8
"""Groups of an IPv6 address. Source: RFC 4291 section 2.2."""

MAC_OCTETS: Final = 6
"""Source: IEEE 802, EUI-48."""

MAC_DIGITS_MIN: Final = 10
"""Fewer digits in six numbers are a list of something."""

WITH_HOSTS = tuple(map(ip_network, ("2000::/3", "fc00::/7", "fe80::/10", "64:ff9b::/96")))
"""IPv6 ranges that hosts have: global, unique local, link local, IPv4 behind NAT64. Other texts with colons are names
such as C++ scopes. Source: IANA IPv6 address space registry, RFC 6052."""

DOTTED = re.compile(r"[0-9A-Za-z.]++")
COLONED = re.compile(r"[0-9A-Za-z:.%-]++")
PAIRED = re.compile(r"[0-9A-Za-z:-]++")
GLUED = re.compile(r"^[A-Za-z]{0,32}[A-UW-Za-uw-z](?=[0-9])")
"""A word that runs into an address; `v` begins a version."""

NAMED = re.compile(r"[0-9A-Za-z_.-]++")
QUAD = re.compile(
    r"(?<![0-9])(?<![0-9][._-])[0-9]{1,3}([._-])(?:[0-9]{1,3}\1){2}[0-9]{1,3}(?![0-9])"
)
PADDED = re.compile(r"(?<![0-9])(?:[01][0-9]{2}|2[0-5][0-9]){4}(?![0-9])")
HEX_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}")
HEX_PAIR = re.compile(r"[0-9A-Fa-f]{1,2}")
MAC_DOTS = re.compile(
    r"(?<![0-9A-Za-z.])(?:[0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}(?![0-9A-Za-z]|\.[0-9A-Za-z])"
)
MAC_BARE = re.compile(
    r"(?i)\bmac(?:[ _-]?addr(?:ess)?)?[\"']?[ =:]{1,3}[\"']?([0-9a-f]{12})(?![0-9a-z])"
)
CLIENT = re.compile(
    r"(?i)\brhost=\[?([0-9a-z._-]{3,253})"
    r"|\b(?:connect(?:ion|ed)?|log(?:in|ged)|access|request|session|attempt|failed|failure|refused|denied|for \S{1,64})"
    r"[:,]? (?:in )?from (?:\[?[0-9a-f.:<>/]{2,45}\]? ?[(\[]|)([0-9a-z._-]{4,253})"
)
"""Where a service names the machine that came to it, as PAM, OpenSSH, ftpd and tcp_wrappers write it."""

HOST_WORDS = (
    "ip",
    "ec2",
    "host",
    "dhcp",
    "static",
    "dynamic",
    "pool",
    "client",
    "ppp",
    "dsl",
    "cable",
)
"""What a name with an address in it begins with where no domain stands behind it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How much of an address may remain.

    Attributes:
        host_bits_v4: Low bits of an IPv4 address that must be zero.
        host_bits_v6: Low bits of an IPv6 address that must be zero.
    """

    host_bits_v4: int = HOST_BITS_V4
    host_bits_v6: int = HOST_BITS_V6

    def is_host_v4(self, octets: Sequence[str]) -> bool:
        """Whether four numbers are an IPv4 address with a host in it."""
        numbers = [int(octet) for octet in octets]
        return max(numbers) <= OCTET_MAX and bool(
            int.from_bytes(bytes(numbers)) & (1 << self.host_bits_v4) - 1
        )

    def is_host_v6(self, address: IPv6Address) -> bool:
        """Whether an address is one that hosts have, with a host in it."""
        inner = address.ipv4_mapped
        if inner is not None:
            return self._has_host_v4(inner)
        has_hosts = any(address in network for network in WITH_HOSTS)
        return has_hosts and bool(int(address) & (1 << self.host_bits_v6) - 1)

    def _has_host_v4(self, address: IPv4Address) -> bool:
        return bool(int(address) & (1 << self.host_bits_v4) - 1)


def kinds(kept: Kept) -> tuple[Kind, ...]:
    """Give the kinds of addresses, under a policy that keeps so much of them."""
    quad = r"[0-9]{1,3}[._\-][0-9]{1,3}[._\-][0-9]{1,3}[._\-][0-9]{1,3}"
    return (
        Kind(
            "ipv4",
            r"[0-9](?:\.[0-9]{1,3}){3}",
            lambda text: Seen(sum(kept.is_host_v4(octets) for octets in _octets(text))),
        ),
        Kind(
            "ipv6",
            r"[0-9A-Fa-f]::|::[0-9A-Fa-f]|[0-9A-Fa-f]:(?:[0-9A-Fa-f]{1,4}:){6}[0-9A-Fa-f]",
            lambda text: Seen(sum(kept.is_host_v6(address) for address in _v6(text))),
        ),
        Kind(
            "mac",
            r"[0-9A-Fa-f]{1,2}(?:[:\-][0-9A-Fa-f]{1,2}){5}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
            r"|(?i:mac)[^0-9]{1,14}[0-9A-Fa-f]{12}",
            lambda text: Seen(sum(1 for _ in _macs(text))),
        ),
        Kind(
            "host",
            rf"{quad}[0-9A-Za-z._\-]*[A-Za-z]|[A-Za-z][._\-]?{quad}|[0-9]{{12}}[0-9A-Za-z._\-]*\.[A-Za-z]"
            r"|ip6\.arpa|ipv6-literal|(?i:rhost=[0-9a-z])|from [0-9A-Za-z]|from [^ ]+ ?[(\[][0-9A-Za-z]",
            lambda text: Seen(sum(1 for _ in _hosts(text))),
        ),
    )


def _octets(text: str) -> Iterator[list[str]]:
    """Four decimal numbers in a row between dots, and no fifth."""
    for name in NAMED.findall(text):
        if name.count(".") < OCTETS - 1 or is_name(name.strip("._-"), OCTETS + 2):
            continue
        for word in DOTTED.findall(name):
            parts = word.split(".")
            parts[0] = GLUED.sub("", parts[0])
            runs = [list(run) for is_number, run in groupby(parts, _is_octet) if is_number]
            yield from (octets for octets in runs if len(octets) == OCTETS)


def _is_octet(part: str) -> bool:
    return part.isdecimal() and len(part) <= len(str(OCTET_MAX))


def _v6(text: str) -> Iterator[IPv6Address]:
    """Every word that reads as an IPv6 address; one with dots in it is found as IPv4."""
    for word in COLONED.findall(text):
        if word.count(":") > 1 and "." not in word.strip("."):
            address = _read_v6(word.partition("%")[0].strip("-."))
            if address is not None:
                yield address


def _read_v6(word: str) -> IPv6Address | None:
    """Read an address that a label may precede (`src:`) and a colon or, as Java writes it, a port may follow."""
    head, _, rest = word.partition(":")
    forms = [word, word.removesuffix(":")]
    if not HEX_GROUP.fullmatch(head):
        forms.append(rest)
    if word.count(":") == HEXTETS:
        forms.append(word.rpartition(":")[0])
    for form in forms:
        try:
            return IPv6Address(form)
        except ValueError:
            continue
    return None


def _macs(text: str) -> Iterator[str]:
    """Addresses of network cards, in the three written forms, and bare behind a word that says so."""
    for word in PAIRED.findall(text):
        for separator in ":-":
            for is_pair, run in groupby(
                word.split(separator), lambda part: HEX_PAIR.fullmatch(part) is not None
            ):
                pairs = list(run)
                if is_pair and len(pairs) == MAC_OCTETS and _is_mac(pairs, separator):
                    yield word
    for word in (*MAC_DOTS.findall(text), *MAC_BARE.findall(text)):
        if _is_mac(re.findall("..", word.replace(".", "")), "."):
            yield word


def _is_mac(pairs: Sequence[str], separator: str) -> bool:
    """Whether six hex numbers are one card's: no group's, not all zeros, no date and time, few cut short.

    Source: IEEE 802, the individual/group bit; BSD writes no zero at the front of a number.
    """
    octets = [int(pair, 16) for pair in pairs]
    is_decimal = "".join(pairs).isdecimal()
    is_written = sum(map(len, pairs)) >= MAC_DIGITS_MIN and not (is_decimal and separator == "-")
    return is_written and any(octets) and not octets[0] & 1


def _hosts(text: str) -> Iterator[str]:
    """Names with an address in them, and clients named by their host."""
    seen = set()
    for word in NAMED.findall(text):
        name = word.strip("._-")
        if _carries_address(name):
            seen.add(name)
            yield name
    for match in CLIENT.finditer(text):
        name = (match[1] or match[2]).strip("._-")
        if name not in seen and (is_name(name) or (match[1] and not _is_plain(name))):
            yield name


def _carries_address(name: str) -> bool:
    """Whether a name of a host holds an IPv4 address, or is one of the reverse tree."""
    lower = name.lower()
    if lower.endswith((".ip6.arpa", ".ipv6-literal.net")):
        return True
    quads = [match[0] for match in QUAD.finditer(lower)]
    if any(_is_quad(quad) for quad in quads):
        begins = re.split(r"[0-9._-]", lower, maxsplit=1)[0]
        is_dotted = "." in quads[0]
        return is_name(lower, OCTETS + 2 if is_dotted else 3) or (
            begins in HOST_WORDS and not is_dotted
        )
    return bool(PADDED.search(lower)) and is_name(lower, 3)


def _is_quad(text: str) -> bool:
    numbers = [int(part) for part in re.split(r"[._-]", text)]
    return max(numbers) <= OCTET_MAX and sum(numbers) > 0


def _is_plain(name: str) -> bool:
    """Whether what stands behind `rhost=` is an address, which is counted as such, or nothing."""
    return name.replace(".", "").isdecimal() or name.lower() in {"unknown", "localhost", "null"}
