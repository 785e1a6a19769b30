"""Whose machine: hardware and IP addresses, names of hosts."""

import re
import socket
from functools import lru_cache

from remit_consumers.reducers.scrub.rule import Rule

_OCTET = r"(?:[01]?[0-9]{1,2}|2[0-4][0-9]|25[0-5])"

_PACKED = frozenset(
    """
    jar war ear zip gz tgz bz2 xz tar dll exe sys log txt xml conf cfg json yaml yml properties rpm deb apk whl egg
    pyc js css html htm php rb lock pid sock tmp bak img iso bin dat cab msi mum cat pdb h c cpp java class
    """.split()
)
"""Last parts of file names, behind a version: no top-level domain of a host is meant."""

_PACKED_OR_COUNTRY = frozenset({"so", "py", "sh", "md"})
"""Last parts of file names that are countries too: files have the version right before them."""

_MAC_WORD = re.compile(r"(?:mac|bssid|hwaddr|ether|lladdr)[ :=]+$", re.IGNORECASE)

_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9_\-]*\.)+[A-Za-z][A-Za-z0-9\-]+"

_QUAD = re.compile(r"(?<![0-9])(?:[0-9]{1,3}([._-])[0-9]{1,3}\1[0-9]{1,3}\1[0-9]{1,3})(?![0-9])")

_PADDED = re.compile(r"(?<![0-9])(?:[01][0-9]{2}|2[0-4][0-9]|25[0-5]){4}(?![0-9])")

_VERSION_BEFORE = re.compile(
    r"(?:(?<![a-z])v|~|(?:version|(?<![a-z])ver)\.?[ :=\"'(]{0,3}v?)$", re.IGNORECASE
)
_VERSION_BEHIND = re.compile(
    r"[-+._]?(?:alpha|beta|rc|snapshot|final|ga|dev|jar|dll|exe|zip|tar|rpm|deb)\b", re.IGNORECASE
)
"""What makes four numbers a version; `release` and `build` are none: leases and hosts are released and built too."""


def is_mac(match: re.Match[str]) -> bool:
    """Whether pairs are a hardware address: six of decimal digits and dashes are a time if they can be."""
    if match[0].isalnum():
        return _MAC_WORD.search(match.string, max(0, match.start() - 12), match.start()) is not None
    pairs = match[0].split("-")
    if len(pairs) != 6 or not "".join(pairs).isdigit():  # noqa: PLR2004  48 bits, or year to second
        return True
    _, month, day, hour, minute, second = map(int, pairs)
    return not (0 < month <= 12 and 0 < day <= 31 and hour < 24 and minute < 60 and second < 60)  # noqa: PLR2004  a calendar


def _is_file(name: str) -> bool:
    """Whether a name with a version in it is a file's."""
    stem, _, last = name.lower().rpartition(".")
    return last in _PACKED or (last in _PACKED_OR_COUNTRY and not stem.rpartition(".")[2].isalpha())


def is_numbered_host(match: re.Match[str]) -> bool:
    """Whether a name that holds an address is a host's: versions of files and block ids are none."""
    name, quad = match[0], _QUAD.search(match[0])
    stem, _, last = name.rpartition(".")
    if _is_file(name) or (quad and any(int(octet) > 0xFF for octet in re.split(r"[._-]", quad[0]))):  # noqa: PLR2004  a byte
        return False
    if stem and last.isalpha() and len(last) > 1:
        return bool(quad or _PADDED.search(name))
    return quad is not None and quad[1] == "-" and any(c.isalpha() for c in name)


def is_v4(match: re.Match[str]) -> bool:
    """Whether four numbers are an IPv4 address, and no version of a program."""
    if any(int(octet) > 0xFF for octet in match[0].split(".")):  # noqa: PLR2004  a byte
        return False
    before = match.string[max(0, match.start() - 16) : match.start()]
    return not _VERSION_BEFORE.search(before) and not _VERSION_BEHIND.match(
        match.string, match.end()
    )


@lru_cache(maxsize=4096)
def _reads_as_v6(bare: str) -> bool:
    """Whether a text is an IPv6 address."""
    try:
        socket.inet_pton(socket.AF_INET6, bare)
    except OSError:
        return False
    return True


def is_v6(match: re.Match[str]) -> bool:
    """Whether hexadecimal digits and colons are an IPv6 address; C++'s `a::b` and times are none.

    A port may stand behind it, and a word of hexadecimal letters before it.
    What anybody can have has a digit in it: 2000::/3 and fe80::/10 (RFC 4291, 2.4).
    """
    bare = match[0].partition("%")[0]
    if not any(c.isdigit() for c in bare) and bare.count(":") < 4:  # noqa: PLR2004  words do not have so many
        return False
    shorter = (bare.rstrip(":"), bare.rpartition(":")[0], bare.partition(":")[2])
    return any(map(_reads_as_v6, (bare, *shorter)))


MAC = Rule(
    "mac",
    r"(?:[0-9A-Fa-f]{2}[:\-]){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}|(?i-u:(?:mac|bssid|hwaddr|ether|lladdr)[ :=]+[0-9a-f]{12})",
    pattern=re.compile(
        r"(?:(?<![0-9A-Za-z_-])|(?<=%[0-9A-F]{2}))[0-9A-F]{2}([:-])(?:[0-9A-F]{2}\1){4,30}[0-9A-F]{2}(?![0-9A-Za-z_]|[:-][0-9A-Za-z])"
        r"|(?<![\w.])[0-9A-F]{4}\.[0-9A-F]{4}\.[0-9A-F]{4}(?![\w.])|(?<=[ :=])(?<![0-9]:)[0-9A-F]{12}(?!\w)",
        re.ASCII | re.IGNORECASE,
    ),
    check=is_mac,
)
"""48 bits, and longer: what a packet filter writes of a frame, a network's GUID, a key's fingerprint."""

NUMBERED_HOST = Rule(
    "host",
    r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}|[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}-[0-9]{1,3}"
    r"|[0-9]{1,3}_[0-9]{1,3}_[0-9]{1,3}_[0-9]{1,3}|[A-Za-z\-][0-9]{12}[.\-]",
    pattern=re.compile(r"(?<![\w.-])\w[\w.-]{5,251}\w(?![\w-])", re.ASCII),
    check=is_numbered_host,
    narrow=(
        r"[0-9][\-_.][A-Za-z0-9\-_.]{0,200}\.[A-Za-z]{2}|[0-9]-[0-9]{1,3}-[0-9]{1,3}-[0-9]|[A-Za-z\-][0-9]{12}[.\-]"
    ),
)
"""Providers name a client's machine by its address: `192-0-2-7.dsl.isp.example`."""

V4 = Rule(
    "ip",
    r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}",
    pattern=re.compile(
        r"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2}))(?<![0-9]\.)[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9])(?!\.[0-9](?![0-9]{2,4}(?![0-9.])))",
        re.ASCII,
    ),
    check=is_v4,
    forms=(
        (
            r"^|[^0-9.]|(?:^|[^0-9])\.|%[0-9A-Fa-f]{2}",
            rf"(?:{_OCTET}\.){{3}}{_OCTET}",
            r"$|[^0-9.]|\.(?:$|[^0-9]|[0-9]{3,5}(?:$|[^0-9.]|\.(?:$|[^0-9])))",
        ),
    ),
    doubt=(
        r"~[0-9]|[vV][0-9]|(?i-u:ver|version)[. :=\"'(]*[0-9]"
        r"|[0-9][\-+._]?(?i-u:alpha|beta|rc|snapshot|final|ga|dev|jar|dll|exe|zip|tar|rpm|deb)"
    ),
)

_WORD_BEFORE = "".join(rf"|(?<=[g-zG-Z_][0-9A-Fa-f]{{{n}}}:)" for n in range(5))
"""Behind `src:` or `IPv6:` an address begins; behind a group of one it does not."""

V6 = Rule(
    "ip",
    r"::|(?:[0-9A-Fa-f]{1,4}:){6}[0-9A-Fa-f]",
    pattern=re.compile(
        rf"(?:(?<![0-9A-Za-z:.%])|(?<=%[0-9A-F]{{2}}){_WORD_BEFORE})[0-9A-F:]{{2,39}}"
        r"(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3})?(?:%\w{1,16})?(?![\w:])",
        re.ASCII | re.IGNORECASE,
    ),
    check=is_v6,
)

_CALLS = (
    r"(?i-u:\b(?:connect(?:ion|ed)?|disconnect(?:ed)?|login|logged in|string|failed|closed|reset|refused connect|session"
    r"|attempt) (?:from|by) )|getaddrinfo for |maps to |<ip> \(|<user> from "
)

CALLING_HOST = Rule(
    "host",
    r"(?i-u:rhost=|client=|relay=|helo=)|(?i-u:from|by|getaddrinfo for|maps to) [A-Za-z0-9]|'@'|<ip> \([A-Za-z0-9]",
    (
        (
            r"(?i-u:\b(?:rhost|client|relay|helo)=)",
            r"(?:[A-Za-z0-9][A-Za-z0-9_.:\-]*|<[^<>\s.]+\.[^<>\s]+>)",
            "",
        ),
        ("'@'", _HOST, "'"),
        (_CALLS, _HOST, ""),
    ),
    is_worded=True,
)
"""Where a service says who calls it."""

ADDRESSED_HOST = Rule(
    "host",
    r"[A-Za-z0-9] ?[\[(/]<ip>| port [0-9]",
    (
        (r"^|[^A-Za-z0-9_.\-]", _HOST, r" ?[\[(/]<ip>| port [0-9]"),
        (r" from ", r"[A-Za-z0-9][A-Za-z0-9_.\-]*", r" port [0-9]"),
    ),
)
"""A name beside its address."""
