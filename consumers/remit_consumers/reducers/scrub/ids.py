"""Numbers that people are known by: national ids, cards, accounts; check digits tell them from counts."""

import re
from collections.abc import Callable
from functools import lru_cache

from stdnum import iban, luhn
from stdnum.br import cpf
from stdnum.cn import ric, uscc
from stdnum.de import idnr
from stdnum.es import dni, nie
from stdnum.exceptions import ValidationError
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.in_ import pan
from stdnum.it import codicefiscale
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.se import personnummer
from stdnum.tr import tckimlik

from remit_consumers.reducers.scrub.rule import Rule

_START = r"(?:(?<![0-9A-Za-z_.])(?<![0-9]-)(?<![_ =:(]-)|(?<=%[0-9A-F]{2}))"

_END = r"(?![0-9A-Za-z_])(?!-[0-9])"
"""Where a number begins and ends; Chinese and Japanese characters may touch it, and so may a percent-encoded one."""

_OPEN = r"(?:^|[^0-9A-Za-z_.]|%[0-9A-Fa-f]{2})"

_SHUT = r"(?:$|[^0-9A-Za-z_])"
"""The same for Rust, true a little more often."""


def _holds(validate: Callable[[str], str]) -> Callable[[str], bool]:
    """Turn a validation of python-stdnum into a question."""

    def is_valid(value: str) -> bool:
        try:
            validate(value)
        except ValidationError:
            return False
        return True

    return is_valid


def is_resident(value: str) -> bool:
    """Whether a number is a Chinese resident's: a date of birth, and the check digit of GB 11643-1999.

    The place is left open: districts come and go, and what they issued stays.
    """
    number = "".join(c for c in value.upper() if c.isalnum())
    if number[6:8] not in {"18", "19", "20"} or number[-1] != ric.calc_check_digit(number):
        return False
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return True


def is_social_security(value: str) -> bool:
    """Whether a number is written as a US SSN or ITIN: some areas, groups and serials are never given out."""
    area, group, serial = re.split(r"[- ]", value)
    return area not in {"000", "666"} and group != "00" and serial != "0000"


_NATIONAL: tuple[tuple[str, Callable[[str], bool]], ...] = (
    (r"[1-9](?:[ \-]?[0-9]){16}[ \-]?[0-9Xx]", is_resident),
    (
        r"[1-9A-GNYa-gny][1-9](?:[ \-]?[0-9]){6}(?:[ \-]?[0-9A-HJ-NP-RTUWXYa-hj-np-rtuwxy]){10}",
        _holds(uscc.validate),
    ),
    (r"[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{3} [0-9]{2} [0-9]{4}", is_social_security),
    (
        r"[1278] ?[0-9]{2} ?[0-9]{2} ?(?:[0-9]{2}|2[AB]) ?[0-9]{3} ?[0-9]{3} ?[0-9]{2}",
        _holds(nir.validate),
    ),
    (r"[0-9]{8}-?[A-HJ-NP-TV-Z]", _holds(dni.validate)),
    (r"[XYZ]-?[0-9]{7}-?[A-Z]", _holds(nie.validate)),
    (
        r"(?:[A-Za-z]{6}[0-9L-V]{2}[A-EHLMPRST][0-9L-V]{2}[A-Z][0-9L-V]{3}[A-Z])",
        _holds(codicefiscale.validate),
    ),
    (
        r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D]",
        lambda value: value[:2] not in {"BG", "GB", "KN", "NK", "NT", "TN", "ZZ"},
    ),
    (r"[A-Z]{3}[ABCFGHJLPT][A-Z][0-9]{4}[A-Z]", _holds(pan.validate)),
    (r"[A-Z]{4}[0-9]{6}[HMX][A-Z]{5}[0-9A-Z][0-9]", _holds(curp.validate)),
    (r"[0-9]{6}[\-+A-FU-Y][0-9]{3}[0-9A-Y]", _holds(hetu.validate)),
    (r"[0-9]{6}-[0-9]{7}", _holds(rrn.validate)),
    (r"(?:[0-9]{2})?[0-9]{6}[\-+][0-9]{4}", _holds(personnummer.validate)),
    (r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}", _holds(cpf.validate)),
)
"""National ids that their shape and check digits tell without a word: the shape, and what makes sure."""

_SHAPES = tuple((re.compile(shape), check) for shape, check in _NATIONAL)

_ANY_SHAPE = "|".join(shape for shape, _ in _NATIONAL)

_ID_WORDS = (
    r"ssn|itin|tin|tfn|nino|npi|pesel|bsn|egn|cnp|oib|aadhaar|dni|nie|cpf|cpr|hetu|personnummer|passports?|passeport|reisepass|pasaporte"
    r"|social security|national insurance|identity card|identity|national id|tax id|driv(?:er'?s?|ing) licen[cs]e|medicare|steuer-?id|id card"
)

_ID_WORDS_HAN = "身份证|护照|证件|社会信用代码|税号"
"""Words behind which a number is somebody's, whatever its check digits."""


LONG_DIGITS = 18
"""Characters of a Chinese resident's number, and of a unified social credit code."""

FIRST_GROUPS = frozenset({2, 6, 8, 9, 14})
"""Where either is parted in two: behind its office, its place, its birth date. Elsewhere two numbers stand side by side."""


@lru_cache(maxsize=4096)
def _is_national(value: str) -> bool:
    """Whether a value has the shape of a national id, and what makes sure agrees."""
    groups = [len(group) for group in re.split("[ -]", value)]
    if sum(groups) == LONG_DIGITS and len(groups) == 2 and groups[0] not in FIRST_GROUPS:  # noqa: PLR2004  two numbers
        return False
    return any(shape.fullmatch(value) and check(value) for shape, check in _SHAPES)


def is_national_id(match: re.Match[str]) -> bool:
    """Whether a number is a national id by its shape and its check digits."""
    return _is_national(match[0])


def is_named_id(match: re.Match[str]) -> bool:
    """Whether what stands behind a telling word is an id: behind `id` alone, check digits decide."""
    value = match["value"]
    return match["word"].lower() != "id" or idnr.is_valid(value) or tckimlik.is_valid(value)


@lru_cache(maxsize=4096)
def _is_iban(value: str) -> bool:
    return bool(iban.is_valid(value, check_country=False))


def is_iban(match: re.Match[str]) -> bool:
    """Whether an account number has the check digits of ISO 13616."""
    return _is_iban(match[0].upper())


@lru_cache(maxsize=4096)
def _is_card(number: str) -> bool:
    return (number[0] in "23456" or number.startswith(("1800", "06"))) and luhn.is_valid(number)


def is_card(match: re.Match[str]) -> bool:
    """Whether a number has a card's check digit (ISO 7812, Luhn) and an issuer's first digits; `%20` may stand before it."""
    number, start = "".join(c for c in match[0] if c.isdigit()), match.start()
    is_escaped = start > 0 and match.string[start - 1] == "%"
    return _is_card(number) or (is_escaped and _is_card(number[2:]))


IBAN = Rule(
    "iban",
    r"(?:^|[^A-Za-z0-9]|%[0-9A-Fa-f]{2})[A-Za-z]{2}[0-9]{2}(?:[ \-]?[A-Za-z0-9]{4}){2}",
    pattern=re.compile(
        r"(?:(?<![A-Z0-9])|(?<=%[0-9A-F]{2}))[A-Z]{2}[0-9]{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?![A-Z0-9])",
        re.ASCII | re.IGNORECASE,
    ),
    check=is_iban,
)

NATIONAL_ID = Rule(
    "id",
    rf"{_OPEN}(?:{_ANY_SHAPE}){_SHUT}",
    pattern=re.compile(rf"{_START}(?:{_ANY_SHAPE}){_END}", re.ASCII),
    check=is_national_id,
)

_NAMED = r"[A-Za-z]{0,3}[0-9](?:[A-Za-z \-]{0,4}[0-9]){4,16}[A-Za-z]{0,2}"

_NAMING = r"[号码]{0,2}(?: (?:is|no\.?|number|nr\.?|card|#)){0,2}[\"' :=#\uff1a是为]{1,4}"

NAMED_ID = Rule(
    "id",
    rf"(?i-u:\b(?:{_ID_WORDS}|id)\b)|{_ID_WORDS_HAN}",
    pattern=re.compile(
        rf"(?P<before>(?P<word>\b(?:{_ID_WORDS}|id)\b|{_ID_WORDS_HAN}){_NAMING})(?P<value>{_NAMED})(?![A-Z0-9_]|[.:][0-9])",
        re.IGNORECASE | re.ASCII,
    ),
    check=is_named_id,
    kept="before",
    narrow=rf"(?:(?i-u:{_ID_WORDS}|id)|{_ID_WORDS_HAN})(?i:{_NAMING}){_NAMED}",
    is_worded=True,
)

_CARD_FORMS = (
    "(?:[2-6][0-9]{11,18}|06[0-9]{10,17}|1800[0-9]{8,15}|[2-6][0-9]{3}(?:-[0-9]{4}-[0-9]{4}-| [0-9]{4} [0-9]{4} )[0-9]{1,7}"
    "|3[0-9]{3}(?:-[0-9]{6}-| [0-9]{6} )[0-9]{4,5})"
)
"""How card numbers are written: in one, in fours, or in 4, 6 and the rest (American Express, Diners)."""

CARD = Rule(
    "card",
    rf"{_OPEN}[0-6][0-9]{{3}}(?:[0-9]{{8}}|[ \-][0-9]{{4}}[ \-]|[ \-][0-9]{{6}}[ \-])",
    pattern=re.compile(
        rf"{_START}(?<![0-9],)(?<![+]){_CARD_FORMS}(?!\w)(?![-.,][0-9])",
        re.ASCII | re.IGNORECASE,
    ),
    check=is_card,
    narrow=(
        rf"(?:^|^[\-,]|[^0-9A-Za-z_.,+\-]|[^0-9],|[^0-9_ =:(]-|%[0-9A-Fa-f]{{2}}){_CARD_FORMS}(?:$|[^0-9A-Za-z_\-.,]|[\-.,](?:$|[^0-9]))"
    ),
)
