"""Numbers that states give to people and firms: China's and the social security number of the US."""

import re
from typing import Final

from stdnum import numdb
from stdnum.cn import ric, uscc
from stdnum.exceptions import ValidationError
from stdnum.us import ssn

from remit_consumers.proof.residue.kind import Kind, Seen

RESIDENT = re.compile(
    r"(?<![0-9A-Za-z_])(?<!_-)[1-9][0-9]{5} ?-?(?:19|20)[0-9]{6} ?-?[0-9]{3}[0-9Xx](?![0-9A-Za-z_])"
)
CREDIT_CODE = re.compile(
    r"(?<![0-9A-Za-z_])(?<!_-)[1-9ANY][1-9][0-9]{6}[0-9A-Z]{10}(?![0-9A-Za-z_])"
)
SSN = re.compile(r"(?<![0-9A-Za-z_-])[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}(?![0-9A-Za-z_-])")

RESIDENT_CHANCE: Final = 0.002
"""Share of numbers with a year in the right place that have a day, a province and a check digit as well
(computed: 12 months and 31 days of 100, 34 provinces of 90, one check digit of 11)."""

CREDIT_CODE_CHANCE: Final = 0.0005
"""Share of numbers of 18 digits that have a county and a check digit (measured: 0.0004 of 100,000 random ones)."""

CENTRE: Final = "100000"
"""The division of what is registered with the state itself. Source: GB 32100-2015."""


def _residents(text: str) -> Seen:
    """Count resident numbers: with X or blanks in them they are sure, 18 bare digits are likely."""
    return sum(
        (_seen(found, is_resident(_bare(found))) for found in RESIDENT.findall(text)), Seen()
    )


def _credit_codes(text: str) -> Seen:
    """Count credit codes: with letters in them they are sure, 18 bare digits are likely."""
    found = CREDIT_CODE.findall(text.upper())
    return sum((_seen(code, is_credit_code(code)) for code in found), Seen())


def _ssns(text: str) -> Seen:
    """Count social security numbers, as they are printed."""
    numbers = (match[0].replace(" ", "-") for match in SSN.finditer(text))
    return Seen(sure=sum(map(ssn.is_valid, numbers)))


def _seen(found: str, is_valid: bool) -> Seen:  # noqa: FBT001  # an answer, no switch
    if not found.isdecimal():
        return Seen(sure=int(is_valid))
    return Seen(likely=int(is_valid), unlikely=int(not is_valid))


def _bare(number: str) -> str:
    return re.sub("[ -]", "", number).upper()


def is_resident(number: str) -> bool:
    """Whether 18 digits are a resident number: check digit, a day of birth, a province. Source: GB 11643-1999."""
    if ric.calc_check_digit(number) != number[-1]:
        return False
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return _has("province", number[:6])


def is_credit_code(code: str) -> bool:
    """Whether 18 characters are a firm's: check character, a county or the centre's. Source: GB 32100-2015."""
    try:
        uscc.validate(code)
    except ValidationError:
        return False
    return code.startswith(CENTRE, 2) or _has("county", code[2:8])


def _has(what: str, division: str) -> bool:
    """Whether a division of China is on record down to its province or county. Source: GB/T 2260."""
    return any(what in properties for _, properties in numdb.get("cn/loc").info(division))


KINDS = (
    Kind(
        "resident_id",
        r"(?:^|[^0-9A-Za-z])[1-9][0-9]{5} ?-?(?:19|20)[0-9]{6} ?-?[0-9]{3}[0-9Xx](?:$|[^0-9A-Za-z])",
        _residents,
        RESIDENT_CHANCE,
    ),
    Kind(
        "credit_code",
        r"(?:^|[^0-9A-Za-z])[1-9ANYany][1-9][0-9]{6}[0-9A-Za-z]{10}(?:$|[^0-9A-Za-z])",
        _credit_codes,
        CREDIT_CODE_CHANCE,
    ),
    Kind(
        "ssn",
        r"(?:^|[^0-9A-Za-z_\-])[0-9]{3}[ \-][0-9]{2}[ \-][0-9]{4}(?:$|[^0-9A-Za-z_\-])",
        _ssns,
    ),
)
"""The kinds."""
