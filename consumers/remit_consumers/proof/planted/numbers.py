"""How numbers of people are written: in groups, bare, behind a word, and in ways that are hard to see."""

from collections.abc import Callable, Mapping
from random import Random

from remit_consumers.proof.planted import digits

Form = Callable[[Random], str]
"""Writes one value."""


def _card_groups(chance: Random) -> str:
    number = digits.card(chance)
    if len(number) == 15:  # noqa: PLR2004  # American Express prints 4-6-5
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    if len(number) == 14:  # noqa: PLR2004  # Diners Club prints 4-6-4
        return f"{number[:4]} {number[4:10]} {number[10:]}"
    return digits.groups(number, chance.choice(" -"))


def _cards() -> tuple[Form, ...]:
    return (
        digits.card,
        digits.card,
        _card_groups,
        _card_groups,
        lambda chance: f"card {digits.card(chance)}",
        lambda chance: f"pan={digits.card(chance)}",
        lambda chance: f"{_card_groups(chance)} exp 12/29",
        lambda chance: f"visa:{digits.card(chance)}",
        lambda chance: f"pay_{digits.card(chance)}",  # hard: glued to a word
        lambda chance: digits.groups(digits.card(chance), "."),  # hard: dots
    )


def _residents() -> tuple[Form, ...]:
    def spaced(chance: Random) -> str:
        number = digits.resident(chance)
        return f"{number[:6]} {number[6:14]} {number[14:]}"

    return (
        *(digits.resident,) * 5,
        lambda chance: digits.resident(chance).lower(),
        lambda chance: f"身份证{digits.resident(chance)}号",
        lambda chance: f"id:{digits.resident(chance)}",
        spaced,
        lambda chance: (
            digits.resident(chance)[:6] + digits.resident(chance)[8:17]
        ),  # hard: 15 digits, before 1999
    )


def _credit_codes() -> tuple[Form, ...]:
    return (
        *(digits.credit_code,) * 6,
        lambda chance: f"统一社会信用代码:{digits.credit_code(chance)}",
        lambda chance: f"uscc={digits.credit_code(chance)}",
        lambda chance: f"税号{digits.credit_code(chance)}。",
        lambda chance: digits.credit_code(chance).lower(),  # hard: the standard has capitals only
    )


def _ibans() -> tuple[Form, ...]:
    return (
        *(digits.iban,) * 3,
        *(lambda chance: digits.groups(digits.iban(chance), " "),) * 3,
        lambda chance: digits.groups(digits.iban(chance), "-"),
        lambda chance: digits.iban(chance).lower(),
        lambda chance: f"IBAN: {digits.groups(digits.iban(chance), ' ')} BIC",
        lambda chance: f"iban{digits.iban(chance)}",  # hard: glued to a word
        lambda chance: digits.groups(digits.iban(chance), "."),  # hard: dots
    )


def _ssns() -> tuple[Form, ...]:
    return (
        *(digits.ssn,) * 5,
        lambda chance: digits.ssn(chance).replace("-", " "),
        lambda chance: f"SSN: {digits.ssn(chance)}",
        lambda chance: f"ssn={digits.ssn(chance)}",
        lambda chance: f"#{digits.ssn(chance)}",
        lambda chance: f"ssn {digits.ssn(chance).replace('-', '')}",  # hard: nine bare digits
    )


def _phones() -> tuple[Form, ...]:
    def international(chance: Random, between: str = " ") -> str:
        country, number = digits.phone(chance)
        return f"+{country} {number}".replace(" ", between)

    def mobile(chance: Random, between: str = "") -> str:
        number = chance.choice(digits.CN_MOBILES)
        return between.join((number, digits.digits(chance, 4), digits.digits(chance, 4)))

    def national(chance: Random) -> str:
        return chance.choice(
            (
                f"({chance.choice((212, 415, 617))}) 55{chance.randrange(2, 10)}-{digits.digits(chance, 4)}",
                f"020 7946 0{digits.digits(chance, 3)}",
                f"0151 2{digits.digits(chance, 7)}",
                f"06 12 {digits.groups(digits.digits(chance, 6), ' ', 2)}",
            )
        )

    return (
        international,
        lambda chance: international(chance, ""),
        lambda chance: international(chance, "-"),
        lambda chance: international(chance, "."),
        lambda chance: f"tel:{international(chance, '-')}",
        lambda chance: f"00{international(chance)[1:]}",
        lambda chance: f"+44 (0)20 7946 0{digits.digits(chance, 3)}",
        mobile,
        mobile,
        lambda chance: mobile(chance, chance.choice(" -")),
        lambda chance: f"+86{mobile(chance)}",
        lambda chance: f"手机{mobile(chance)}",
        lambda chance: f"mobile: {mobile(chance)}",
        lambda chance: f"call me at {national(chance)} please",
        lambda chance: f"phone={national(chance)}",
        national,  # hard: nothing says that it is one
    )


FORMS: Mapping[str, tuple[Form, ...]] = {
    "phone": _phones(),
    "card": _cards(),
    "resident_id": _residents(),
    "credit_code": _credit_codes(),
    "iban": _ibans(),
    "ssn": _ssns(),
}
"""By kind: how it is written, each as often as it stands here."""
