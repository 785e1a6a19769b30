"""Numbers that are nobody's, drawn with a seed and right by their check digits: what labelled files have too few of."""

import random
from collections.abc import Callable
from typing import Final

SEED: Final = 20_211_101  # any: it makes each run the same
MANY: Final = 500
FORMS: Final = (
    "id {} seen",
    "证件号码\uff1a{}\uff0c已核对",
    '{{"number": "{}"}}',
    "user said {} is mine",
)
"""Where a number stands in a text: a line, Chinese punctuation, JSON, a sentence."""

CARD_PREFIXES: Final = (("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16), ("3528", 16))
"""Issuers' first digits and the length of their numbers. Source: ISO/IEC 7812, as the issuers publish them."""

PROVINCES: Final = ("110101", "310104", "440305", "510107", "330106")
"""Divisions that resident numbers begin with. Source: GB/T 2260."""

CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of a unified social credit code. Source: GB 32100-2015."""


def made(kind: str) -> list[tuple[str, str]]:
    """Draw numbers of a kind: each text, and the number in it."""
    rng = random.Random(SEED)
    draw = DRAWN[kind]
    numbers = [draw(rng) for _ in range(MANY)]
    return [(FORMS[at % len(FORMS)].format(number), number) for at, number in enumerate(numbers)]


def resident_id(rng: random.Random) -> str:
    """Draw a Chinese resident number. Source: GB 11643-1999 (check digit: ISO 7064, MOD 11-2)."""
    born = f"{rng.randint(1950, 2010)}{rng.randint(1, 12):02}{rng.randint(1, 28):02}"
    body = f"{rng.choice(PROVINCES)}{born}{rng.randint(0, 999):03}"
    total = sum(int(digit) * (2 ** (17 - at) % 11) for at, digit in enumerate(body))
    return body + "10X98765432"[total % 11]


def credit_code(rng: random.Random) -> str:
    """Draw a unified social credit code. Source: GB 32100-2015 (check digit: MOD 31-3)."""
    tail = "".join(rng.choice(CREDIT_ALPHABET) for _ in range(9))
    body = f"9{rng.choice('123')}{rng.choice(PROVINCES)}{tail}"
    total = sum(CREDIT_ALPHABET.index(each) * (3**at % 31) for at, each in enumerate(body))
    return body + CREDIT_ALPHABET[-total % 31]


def mobile(rng: random.Random) -> str:
    """Draw a Chinese mobile number, bare or as people write it. Source: the plan in ITU-T E.129, 1[3-9] and 9 digits."""
    number = f"1{rng.randint(3, 9)}{rng.randint(0, 999_999_999):09}"
    parts = number[:3], number[3:7], number[7:]
    return rng.choice((number, number, " ".join(parts), "-".join(parts), "+86 " + number))


def card(rng: random.Random) -> str:
    """Draw a card number with its Luhn digit, bare or in groups."""
    prefix, size = rng.choice(CARD_PREFIXES)
    body = prefix + "".join(rng.choice("0123456789") for _ in range(size - len(prefix) - 1))
    number = body + str(-_luhn(body + "0") % 10)
    groups = [number[at : at + 4] for at in range(0, size, 4)]
    return rng.choice((number, " ".join(groups), "-".join(groups)))


def _luhn(number: str) -> int:
    """Give the Luhn sum of digits."""
    odd, even = number[-1::-2], number[-2::-2]
    return sum(map(int, odd)) + sum(sum(divmod(2 * int(digit), 10)) for digit in even)


DRAWN: Final[dict[str, Callable[[random.Random], str]]] = {
    "Chinese resident ids": resident_id,
    "unified social credit codes": credit_code,
    "Chinese mobile numbers": mobile,
    "card numbers": card,
}
"""What can be drawn, by the name on the page."""
