"""How addresses of machines and mailboxes are written."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from remit_consumers.proof.planted import digits

Form = Callable[[Random], str]
"""Writes one value."""

SYLLABLES: Final = (
    "an",
    "be",
    "cor",
    "da",
    "el",
    "fi",
    "gus",
    "hol",
    "in",
    "jo",
    "ka",
    "lu",
    "mar",
    "no",
    "ol",
    "per",
    "ro",
    "san",
    "ti",
    "ver",
    "wen",
    "xu",
    "yi",
    "zo",
)

ENDS: Final = ("com", "net", "org", "de", "co.uk", "com.cn", "io", "fr", "com.br", "edu", "example")
"""Ends of domains that people have mailboxes under."""


def name(chance: Random) -> str:
    """A name that nobody has."""
    return "".join(chance.choices(SYLLABLES, k=chance.randrange(2, 4)))


def domain(chance: Random) -> str:
    """A domain that is made up."""
    return f"{name(chance)}{chance.choice(('', '-'))}{name(chance)}.{chance.choice(ENDS)}"


def octets(chance: Random) -> list[int]:
    """The numbers of an IPv4 address of a host."""
    first = chance.choice([*range(1, 10), *range(11, 127), *range(128, 224)])
    return [first, chance.randrange(256), chance.randrange(256), chance.randrange(1, 255)]


def _dotted(chance: Random) -> str:
    return ".".join(map(str, octets(chance)))


def _v4() -> tuple[Form, ...]:
    return (
        *(_dotted,) * 8,
        *(lambda chance: f"{_dotted(chance)}:{chance.randrange(1024, 65536)}",) * 2,
        lambda chance: f"/{_dotted(chance)}:2181",
        lambda chance: f"{_dotted(chance)}/32",
        lambda chance: f"::ffff:{_dotted(chance)}",
        lambda chance: f"client_ip={_dotted(chance)},",
        lambda chance: f"http://{_dotted(chance)}/a",
        lambda chance: ".".join(f"{octet:03}" for octet in octets(chance)),
        lambda chance: f"{_dotted(chance)}.",
        lambda chance: f"from{_dotted(chance)}",  # hard: glued to a word
        lambda chance: _dotted(chance).replace(".", "[.]"),  # hard: defanged
        lambda chance: str(int.from_bytes(bytes(octets(chance)))),  # hard: one integer
    )


def hextets(chance: Random) -> list[int]:
    """The groups of an IPv6 address of a host."""
    top = chance.choice((0x2001, 0x2A02, 0x2408, 0x2600, 0xFE80, 0xFD00))
    return [top, *(chance.randrange(1, 0x10000) for _ in range(7))]


def _v6_full(chance: Random) -> str:
    return ":".join(f"{group:x}" for group in hextets(chance))


def _v6_short(chance: Random) -> str:
    groups = [f"{group:x}" for group in hextets(chance)]
    return f"{':'.join(groups[: chance.randrange(2, 5)])}::{':'.join(groups[-chance.randrange(1, 3) :])}"


def _v6() -> tuple[Form, ...]:
    return (
        *(_v6_full,) * 4,
        *(_v6_short,) * 5,
        lambda chance: _v6_full(chance).upper(),
        lambda chance: ":".join(f"{group:04x}" for group in hextets(chance)),
        lambda chance: f"[{_v6_short(chance)}]:443",
        lambda chance: f"{_v6_short(chance)}%eth0",
        lambda chance: f"/{_v6_full(chance)}:2181",
        lambda chance: f"{_v6_short(chance)}/128",
        lambda chance: f"client={_v6_full(chance)}.",
        lambda chance: f"src:{_v6_short(chance)}",
        lambda chance: _v6_full(chance).replace(":", "_"),  # hard: as a file is named
    )


def _pairs(chance: Random) -> list[str]:
    first = chance.randrange(64) * 4  # a card's own, no group
    return [f"{byte:02x}" for byte in (first, *(chance.randrange(256) for _ in range(5)))]


def _macs() -> tuple[Form, ...]:
    return (
        *(lambda chance: ":".join(_pairs(chance)),) * 5,
        *(lambda chance: ":".join(_pairs(chance)).upper(),) * 2,
        *(lambda chance: "-".join(_pairs(chance)).upper(),) * 2,
        lambda chance: digits.groups("".join(_pairs(chance)), "."),
        lambda chance: f"mac={''.join(_pairs(chance))}",
        lambda chance: f"hwaddr:{':'.join(_pairs(chance))}",
        lambda chance: "".join(_pairs(chance)),  # hard: twelve hex digits
        lambda chance: ":".join(
            pair.lstrip("0") or "0" for pair in _pairs(chance)
        ),  # hard: BSD drops zeros
    )


def _hosts() -> tuple[Form, ...]:
    def dashed(chance: Random) -> str:
        return "-".join(map(str, octets(chance)))

    return (
        lambda chance: f"ec2-{dashed(chance)}.compute-1.amazonaws.com",
        lambda chance: f"host{dashed(chance)}.{domain(chance)}",
        lambda chance: f"{dashed(chance)}.adsl.{domain(chance)}",
        lambda chance: f"{_dotted(chance)}.dyn.{domain(chance)}",
        lambda chance: f"lns-bzn-{dashed(chance)}.pool.{domain(chance)}",
        lambda chance: f"{_dotted(chance)}.in-addr.arpa",
        lambda chance: f"{'.'.join(f'{chance.randrange(16):x}' for _ in range(32))}.ip6.arpa",
        lambda chance: (
            f"{''.join(f'{octet:03}' for octet in octets(chance))}.cable.{domain(chance)}"
        ),
        lambda chance: f"{_v6_short(chance).replace(':', '-')}.ipv6-literal.net",
        lambda chance: f"ip-{dashed(chance)}",
        lambda chance: f"ip-{dashed(chance)}.eu-west-1.compute.internal",
        lambda chance: f"{dashed(chance).replace('-', '_')}.pool.{domain(chance)}",
        lambda chance: (
            f"authentication failure; tty=ssh ruser= rhost={name(chance)}.{domain(chance)} "
        ),
        lambda chance: f"connection from {name(chance)}.{domain(chance)}",
        lambda chance: f"connection from 198.51.100.0 ({name(chance)}.{domain(chance)})",
        lambda chance: f"{bytes(octets(chance)).hex()}.virtua.{domain(chance)}",  # hard: hex
        lambda chance: (
            f"{chance.randrange(256)}-{chance.randrange(256)}.dyn.{domain(chance)}"
        ),  # hard: half of it
    )


def _emails() -> tuple[Form, ...]:
    def plain(chance: Random) -> str:
        return f"{name(chance)}{chance.choice(('', '.', '_', '-'))}{name(chance)}@{domain(chance)}"

    return (
        *(plain,) * 8,
        *(lambda chance: f"{name(chance)}{chance.randrange(100)}@mail.{domain(chance)}",) * 2,
        lambda chance: f"{name(chance)}+tag@{domain(chance)}",
        lambda chance: plain(chance).upper(),
        lambda chance: f"<{plain(chance)}>",
        lambda chance: f"mailto:{plain(chance)}",
        lambda chance: f'"{name(chance)} {name(chance)}"@{domain(chance)}',
        lambda chance: f"o'{plain(chance)}",
        lambda chance: f"{name(chance)}@bücher-{name(chance)}.de",
        lambda chance: f"user={plain(chance)};",
        lambda chance: (
            plain(chance).replace("@", " at ").replace(".", " dot ")
        ),  # hard: for people only
        lambda chance: plain(chance).replace("@", "=40"),  # hard: quoted-printable
    )


FORMS: Mapping[str, tuple[Form, ...]] = {
    "ipv4": _v4(),
    "ipv6": _v6(),
    "mac": _macs(),
    "host": _hosts(),
    "email": _emails(),
}
"""By kind: how it is written, each as often as it stands here."""
