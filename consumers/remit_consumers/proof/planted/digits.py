"""Numbers with check digits, computed from their standards."""

from random import Random
from typing import Final

CARD_PREFIXES: Final = (
    *(
        ("4", 16),
        ("4", 16),
        ("4", 19),
        ("51", 16),
        ("53", 16),
        ("55", 16),
        ("2221", 16),
        ("2700", 16),
    ),
    *(
        ("34", 15),
        ("37", 15),
        ("6011", 16),
        ("65", 16),
        ("62", 16),
        ("62", 19),
        ("3530", 16),
        ("36", 14),
    ),
)
"""Source: ISO/IEC 7812, the issuers' ranges."""

DIVISIONS: Final = (
    "110101",
    "110108",
    "310101",
    "310104",
    "320102",
    "330106",
    "350203",
    "420106",
    "440103",
    "440305",
    "510104",
    "610103",
)
"""Districts of large Chinese cities. Source: GB/T 2260."""

RESIDENT_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
RESIDENT_CHECKS: Final = "10X98765432"
"""Source: GB 11643-1999 (ISO 7064, MOD 11-2)."""

CODE_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_WEIGHTS: Final = tuple(3**place % 31 for place in range(17))
"""Source: GB 32100-2015."""

IBANS: Final = (
    ("DE", 18),
    ("AT", 16),
    ("GB", "AAAA14"),
    ("NL", "AAAA10"),
    ("CH", 17),
    ("IE", "AAAA14"),
    ("LT", 16),
    ("SA", 20),
)
"""Countries, and what stands behind the check digits: so many digits, or a bank's letters and so many. Source: the SWIFT IBAN registry."""

PLANS: Final = (
    *(
        ("86", "13d dddd dddd"),
        ("86", "15d dddd dddd"),
        ("86", "18d dddd dddd"),
        ("1", "212 55n dddd"),
        ("1", "415 66n dddd"),
    ),
    *(
        ("44", "7400 dddddd"),
        ("44", "20 7946 dddd"),
        ("49", "151 2ddddddd"),
        ("49", "30 2ddddddd"),
        ("33", "6 12 dd dd dd"),
    ),
    *(
        ("91", "98ddd ddddd"),
        ("81", "90 2ddd dddd"),
        ("55", "11 9ddd ddddd"),
        ("61", "412 ddd ddd"),
        ("41", "79 2dd dd dd"),
    ),
)
"""Country codes and numbers of their plans. Source: ITU-T E.164 and the national numbering plans."""


CN_MOBILES: Final = (
    *(
        "130",
        "131",
        "132",
        "133",
        "135",
        "136",
        "137",
        "138",
        "139",
        "150",
        "151",
        "152",
        "153",
        "155",
        "156",
    ),
    *(
        "157",
        "158",
        "159",
        "173",
        "175",
        "176",
        "177",
        "178",
        "180",
        "181",
        "185",
        "186",
        "187",
        "188",
        "189",
        "198",
        "199",
    ),
)
"""How Chinese mobile numbers begin. Source: the operators' allocations by the Ministry of Industry and IT."""


def digits(chance: Random, count: int) -> str:
    """Random digits."""
    return "".join(str(chance.randrange(10)) for _ in range(count))


def card(chance: Random) -> str:
    """A payment card's number."""
    prefix, length = chance.choice(CARD_PREFIXES)
    body = prefix + digits(chance, length - len(prefix) - 1)
    total = sum(
        int(digit) if place % 2 else sum(divmod(2 * int(digit), 10))
        for place, digit in enumerate(reversed(body))
    )
    return body + str(-total % 10)


def resident(chance: Random) -> str:
    """A Chinese resident's number."""
    born = f"{chance.randrange(1940, 2010)}{chance.randrange(1, 13):02}{chance.randrange(1, 29):02}"
    body = chance.choice(DIVISIONS) + born + digits(chance, 3)
    total = sum(int(digit) * weight for digit, weight in zip(body, RESIDENT_WEIGHTS, strict=True))
    return body + RESIDENT_CHECKS[total % 11]


def credit_code(chance: Random) -> str:
    """A Chinese firm's unified social credit code."""
    kind = chance.choice(("91", "91", "92", "52", "12", "11", "93"))
    body = kind + chance.choice(DIVISIONS) + "".join(chance.choices(CODE_ALPHABET, k=9))
    values = (CODE_ALPHABET.index(letter) for letter in body)
    total = sum(value * weight for value, weight in zip(values, CODE_WEIGHTS, strict=True))
    return body + CODE_ALPHABET[-total % 31]


def iban(chance: Random) -> str:
    """A bank account's number."""
    country, form = chance.choice(IBANS)
    if isinstance(form, int):
        account = digits(chance, form)
    else:
        account = "".join(chance.choices("ABCDEFGHKLMNPRSTU", k=4)) + digits(chance, int(form[4:]))
    number = int("".join(str(int(letter, 36)) for letter in account + country + "00"))
    return f"{country}{98 - number % 97:02}{account}"


def ssn(chance: Random) -> str:
    """A US social security number, written with hyphens."""
    area = chance.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03}-{chance.randrange(1, 100):02}-{chance.randrange(1, 10_000):04}"


def phone(chance: Random) -> tuple[str, str]:
    """A country code, and a number of that country with blanks between its groups."""
    country, plan = chance.choice(PLANS)
    drawn = (
        digits(chance, 1)
        if letter == "d"
        else str(chance.randrange(2, 10))
        if letter == "n"
        else letter
        for letter in plan
    )
    return country, "".join(drawn)


def groups(number: str, separator: str, size: int = 4) -> str:
    """Write a number in groups."""
    return separator.join(number[at : at + size] for at in range(0, len(number), size))
