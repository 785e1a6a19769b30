"""What is planted in clean text never survives, whatever stands around it; clean text alone comes back as it was."""

import random
from ipaddress import IPv4Address, IPv6Address

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import iban, luhn
from stdnum.cn import ric, uscc

from remit_consumers.reducers import free_text
from remit_schemas.parameters import complete

DEFAULT = complete("free_text", {})
Draw = random.Random


def scrub(values: list[str]) -> list[str]:
    (column,) = free_text.reduce(pa.array(values, pa.string()), DEFAULT)
    return [str(value) for value in column.to_pylist()]


def digits(draw: Draw, count: int) -> str:
    return "".join(draw.choices("0123456789", k=count))


def email(draw: Draw) -> str:
    name = "".join(draw.choices("abcxyz019._+-", k=draw.randint(1, 12)))
    at = draw.choice(["@", "@", "%40"])
    return f"m{name}{at}{draw.choice(['mail', 'a-b', 'x1'])}.{draw.choice(['example.com', 'example.co.uk', 'example'])}"


def v4(draw: Draw) -> str:
    return str(IPv4Address(draw.getrandbits(32)))


def v6(draw: Draw) -> str:
    """Draw an address that somebody can have: 2000::/3; one without a digit could be a scope of C++."""
    bits = draw.getrandbits(128) & draw.choice([-1, (0xFFFF << 112) | 0xFFFF])
    address = IPv6Address(bits % (1 << 125) | 1 << 125)
    return draw.choice([address.compressed, address.exploded, address.compressed.upper()])


def mac(draw: Draw) -> str:
    pairs = draw.choice([":", "-"]).join(f"{draw.getrandbits(8):02x}" for _ in range(5))
    return f"{pairs}{pairs[2]}f{draw.randint(0, 9)}"  # a letter: only then it cannot be a time


def mobile(draw: Draw) -> str:
    number = f"1{draw.randint(3, 9)}{digits(draw, 9)}"
    written = [number, f"+86 {number}", f"+86{number}", f"{number[:3]}-{number[3:7]}-{number[7:]}"]
    return draw.choice([*written, f"{number[:3]} {number[3:7]} {number[7:]}"])


def resident(draw: Draw) -> str:
    born = f"{draw.randint(1930, 2019)}{draw.randint(1, 12):02d}{draw.randint(1, 28):02d}"
    number = f"{draw.randint(11, 65)}{draw.randint(101, 999):04d}{born}{digits(draw, 3)}"
    number += ric.calc_check_digit(f"{number}0")  # which leaves its last character out
    joint = draw.choice(["", "", " ", "-"])
    return draw.choice([str.upper, str.lower])(joint.join([number[:6], number[6:14], number[14:]]))


def company(draw: Draw) -> str:
    number = f"91{digits(draw, 6)}" + "".join(draw.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9))
    return number + uscc.calc_check_digit(number)


def card(draw: Draw) -> str:
    number = f"{draw.choice(['4', '51', '55', '6011', '62'])}{digits(draw, 15)}"[:15]
    number += luhn.calc_check_digit(number)
    joint = draw.choice(["", " ", "-"])
    return joint.join(number[k : k + 4] for k in range(0, 16, 4))


def account(draw: Draw) -> str:
    country, rest = draw.choice([("DE", digits(draw, 18)), ("GB", f"WEST{digits(draw, 14)}")])
    number = country + iban.calc_check_digits(f"{country}00{rest}") + rest
    written = draw.choice([number, " ".join(number[k : k + 4] for k in range(0, len(number), 4))])
    return draw.choice([str.upper, str.lower])(written)


CANARIES = (email, v4, v6, mac, mobile, resident, company, card, account)

WORDS = [
    "session",
    "closed",
    "worker",
    "thread",
    "block",
    "started",
    "INFO",
    "WARN",
    "waiting",
    "for",
    "the",
    "request",
    "took",
    "ms",
    "bytes",
    "retry",
    "queue",
    "node",
    "org.example.cache.Store$Entry",
    "java.lang.Object@1f2e3d4",
    "std::vector::at",
    "main()",
    "[main]",
    "v1.2.3",
    "3.4.5-beta2",
    "6.1.7601",
    "10:20:30",
    "23:59:59,123",
    "2015-10-18",
    "2015-10-18T18:01:50Z",
    "081109",
    "203807",
    "1445144423",
    "1445144423722",
    "67108864",
    "0x7fed806eb5d",
    "blk_-1608999687919862906",
    "attempt_1445144423722_0020_m_000001_0",
    "/var/log/app.log",
    "/usr/lib/x86_64",
    "uid=0",
    "pid=19939",
    "port=8080",
    "100%",
    "9fceb02d0ae598e95dc970b74767f19372d61af8",
    "b9000564-fe1a-409b-b8cc-1e88b294cd1d",
    "size=12.5",
    "a->b",
    "启动",
    "完成",
    "等待",
    "erledigt",
    "démarré",
]
BEFORE = [
    " ",
    " ",
    "(",
    "[",
    '"',
    "'",
    "=",
    ":",
    ", ",
    ";",
    "|",
    "%20",
    "\u7684",
    "\uff1a",
    "\u53f7",
    "\u3002",
    ">",
    "{",
    "\t",
]
BEHIND = [
    " ",
    " ",
    ")",
    "]",
    '"',
    "'",
    ",",
    ". ",
    ";",
    "|",
    "%20",
    "\u7684",
    "\uff0c",
    "\u5df2",
    "\u3002",
    "<",
    "}",
    "\t",
    "",
]


def planted(draw: Draw) -> tuple[str, str]:
    """Give a canary, and a text that it stands in."""
    canary = draw.choice(CANARIES)(draw)
    words = [" ".join(draw.choices(WORDS, k=draw.randint(0, 4))) for _ in range(2)]
    return canary, f"{words[0]} key{draw.choice(BEFORE)}{canary}{draw.choice(BEHIND)} {words[1]}"


@pytest.mark.clause("S026a", "S055")
@given(st.integers(0, 2**32))
def test_a_canary_never_survives(seed: int) -> None:
    canary, text = planted(Draw(seed))
    (clean,) = scrub([text])
    assert canary not in clean


def test_ten_thousand_canaries_in_one_batch_never_survive() -> None:
    draw = Draw(20)
    both = [planted(draw) for _ in range(10_000)]
    clean = scrub([text for _, text in both])
    assert [text for (canary, text), left in zip(both, clean, strict=True) if canary in left] == []


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join))
def test_clean_text_comes_back_as_it_was(text: str) -> None:
    assert scrub([text]) == [text]


def test_no_text_makes_it_raise_or_change_its_mind() -> None:
    draw = Draw(7)
    alphabet = "aAfF09.:-_@/\\%\"'()[]{}<>=+, \t\n\u00e9\u4e2d\uff1a\U0001f600"
    texts = ["".join(draw.choices(alphabet, k=draw.randint(0, 80))) for _ in range(3_000)]
    clean = scrub(texts)
    assert scrub(clean) == clean
