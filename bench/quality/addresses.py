"""ip: addresses in every way that they are written, and what is none."""

import random
from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path
from typing import Final

from bench.quality.asked import Answers, Out, Peers, everybody
from bench.quality.labelled import Labelled, rows_of, short, word
from bench.quality.made import SEED
from bench.quality.row import Row, known
from bench.quality.scores import percent

TABLE: Final = "ip"
PEERS: Final = ("ipaddress", "octets", "anonip")
MANY: Final = 2_000
V4_BITS, V6_BITS = 24, 48  # the defaults that are measured
SIX_TO_FOUR_BITS: Final = 16  # before the IPv4 address in one of 2002::/16 (RFC 3056)
GARBAGE: Final = (
    "-",
    "777.2",
    "hello;goodbye",
    "1.2.3",
    "1.2.3.4.5",
    "999.1.1.1",
    "0x7f.1",
    "127.1",
    "2130706433",
    "unknown",
    "_hidden",
    "localhost",
    "192.0.2.7, 198.51.100.9",
    "192.0.2.7/32",
    "192.0.2.07",
    "192.0.2.7\u2028",
    "1200::AB00:1234::2552:7777",
    "2001:db8:::1",
    "2001:db8::g",
    ":::",
    "[2001:db8::1",
    "<script>",
    "a@example.com",
    "d41d8cd98f00b204e9800998ecf8427e",
)
"""What is no address, or not one alone."""


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score drawn addresses in every way of writing, texts that are none, and the folder's vectors."""
    for words, right in _drawn().items():
        yield _wrong(f"wrong: {words}", "drawn", right, peers)
    garbage = _garbage()
    found = everybody(TABLE, peers, PEERS, garbage)
    yield Row(
        table=TABLE,
        measure="not an address, passed on",
        data="drawn",
        count=len(garbage),
        scores=known({name: _passed(answers) for name, answers in found.items()}),
        goal=0,
    )
    for path in labelled.files("ip/*remoteaddr*"):
        yield _wrong("wrong: remote addresses", short(path), _vectors(path), peers)


def cut(address: IPv4Address | IPv6Address) -> str:
    """Cut an address to its network with the standard library; an IPv4 address in an IPv6 one is cut as it is alone."""
    inner = plain(address)
    bits = V4_BITS if isinstance(inner, IPv4Address) else V6_BITS
    if isinstance(inner, IPv6Address) and inner.sixtofour:
        bits = SIX_TO_FOUR_BITS + V4_BITS
    return str(ip_network(f"{inner}/{bits}", strict=False).network_address)


def plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that stands in a mapped one; any other as it is."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_right(out: Out, right: str) -> bool:
    """Whether an output is the network, in whatever spelling."""
    try:
        return isinstance(out, str) and str(plain(ip_address(out))) == right
    except ValueError:
        return False


def _drawn() -> dict[str, dict[str, str]]:
    """Draw addresses in each way of writing, with the network that is right."""
    rng = random.Random(SEED)
    fours = [IPv4Address(rng.getrandbits(32)) for _ in range(MANY)]
    sixes = [IPv6Address(rng.getrandbits(128)) for _ in range(MANY)]
    return {
        "IPv4": {str(four): cut(four) for four in fours},
        "IPv6": {str(six): cut(six) for six in sixes}
        | {six.exploded.upper(): cut(six) for six in sixes},
        "IPv4 in IPv6": {f"::ffff:{four}": cut(four) for four in fours}
        | {f"::FFFF:{int(four) >> 16:x}:{int(four) & 0xFFFF:x}": cut(four) for four in fours},
        "with a zone": {f"{six}%eth0": cut(six) for six in sixes},
        "with a port": {f"{four}:{rng.randint(1, 65_535)}": cut(four) for four in fours}
        | {f"[{six}]:{rng.randint(1, 65_535)}": cut(six) for six in sixes},
        "in brackets": {f"[{six}]": cut(six) for six in sixes},
    }


def _garbage() -> list[str]:
    """Give texts that are no address: a list, and addresses broken at random."""
    rng = random.Random(SEED)
    broken = [
        f"{rng.randint(256, 999)}.{rng.getrandbits(8)}.{rng.getrandbits(8)}" for _ in range(MANY)
    ]
    words = ["".join(rng.choices("abcxyz0189.:%[]", k=rng.randint(1, 30))) for _ in range(MANY)]
    return [*GARBAGE, *(text for text in (*broken, *words) if not _is_address(text))]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _wrong(measure: str, data: str, right: Mapping[str, str], peers: Peers) -> Row:
    """Score by how many outputs are not the network."""
    found = everybody(TABLE, peers, PEERS, list(right))
    return Row(
        table=TABLE,
        measure=measure,
        data=data,
        count=len(right),
        scores=known({name: _wrong_share(right, answers) for name, answers in found.items()}),
        goal=0,
    )


def _wrong_share(right: Mapping[str, str], answers: Answers) -> float | None:
    """Give the percentage of outputs that are wrong; an empty network stands for null."""
    wrong = [
        bool(out) if not right[value] else not is_right(out, right[value])
        for value, out in answers.outs.items()
    ]
    return percent(sum(wrong), len(wrong))


def _passed(answers: Answers) -> float | None:
    """Give the percentage of what is no address that came out as anything."""
    return percent(sum(map(bool, answers.outs.values())), len(answers.outs))


def _vectors(path: Path) -> dict[str, str]:
    """Read remote addresses and the networks of what they should be read as; what is none gives an empty one.

    The unspecified address counts as none or as itself, as its reader likes: it is left out.
    """
    vectors: dict[str, str] = {}
    for row in rows_of(path):
        arguments, want = row.get("args"), row.get("want")
        value = (
            word(arguments, "remoteAddr") if isinstance(arguments, Mapping) else word(row, "ipStr")
        )
        address = word(want, "IP") if isinstance(want, Mapping) else str(want or "")
        if value not in {"", "0.0.0.0", "::"}:  # noqa: S104  no server binds to it
            vectors[value] = cut(ip_address(address.partition("%")[0])) if address else ""
    return vectors
