"""Phone numbers: behind a plus, beside a telling word, or in a form that only they have."""

import re
from functools import lru_cache

import phonenumbers

from remit_consumers.reducers.scrub.rule import Rule

PHONE_DIGITS_MIN = 6
"""Fewer digits are an extension or a count, unless `=` or `:` binds them to a word."""

BOUND_DIGITS_MIN = 4
"""The shortest national numbers have four digits: Tokelau's, Tristan da Cunha's (libphonenumber's metadata)."""

PHONE_DIGITS_MAX = 15
"""Source: ITU-T E.164, the longest international number."""

_SEPARATORS = re.compile(r"[ ().\-/*#]+")

_DATE = re.compile(r"(?:19|20)[0-9]{2}[-./][01][0-9][-./][0-3][0-9]")


_AMOUNT_BEFORE = re.compile(
    r"(?:bytes|size|heap|mem(?:ory)?|max|total|free|used|limit|rss|ns|nanos|offset|took|elapsed|duration)[\"' :=]{1,4}$",
    re.IGNORECASE,
)
_UNIT_BEHIND = re.compile(r" ?(?:[num\u00b5]?s|[kmg]?i?b|bytes)\b", re.IGNORECASE)
"""What makes a bare number an amount: most of 13 to 20 thousand million look like Chinese mobiles."""

AMOUNT_CHARS = 24
"""Characters before a number in which its name is looked for."""


def _bare(number: str) -> str:
    """Take out what people write between digits."""
    return _SEPARATORS.sub("", number)


@lru_cache(maxsize=4096)
def _is_phone(digits: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(digits, None))
    except phonenumbers.NumberParseException:
        return False


def is_phone(match: re.Match[str]) -> bool:
    """Whether a number behind a `+` can be one of its country's."""
    return _is_phone("+" + _bare(match[0]).lstrip("+"))


def is_told_phone(match: re.Match[str]) -> bool:
    """Whether a number beside a telling word has as many digits as a phone number."""
    value = match["value"] or match["first"]
    least = BOUND_DIGITS_MIN if match["bound"] else PHONE_DIGITS_MIN
    return least <= len(_bare(value)) <= PHONE_DIGITS_MAX + 2 and not _DATE.match(value)


def has_phone_digits(match: re.Match[str]) -> bool:
    """Whether a number in the shape of a phone number has as many digits as one."""
    if match[0].isdigit() and (
        _AMOUNT_BEFORE.search(match.string, max(0, match.start() - AMOUNT_CHARS), match.start())
        or _UNIT_BEHIND.match(match.string, match.end())
    ):
        return False
    return PHONE_DIGITS_MIN + 2 <= len(_bare(match[0]).partition("x")[0]) <= PHONE_DIGITS_MAX + 2


PHONE = Rule(
    "phone",
    r"\+[ (]{0,2}[0-9]",
    pattern=re.compile(
        r"(?<![\w+])\+[ (]{0,2}[0-9](?:[ ().\-/]{0,3}[0-9]){5,16}(?![0-9])", re.ASCII
    ),
    check=is_phone,
)

_TELLS = r"(?:phone|mobile|cell|fax|handy|tel)(?:s|[_ ]?(?:number|num|no\.?|nr\.?|phone))?(?![A-Za-z])|telef[oó]no?|whatsapp|\bsms\b"

_TELLS_HAN = "手机|电话|座机|传真|致电|拨打"

_ASKS = (
    r"\b(?:(?:call|called|dial|dialed|desk|office)(?: (?:me|us|him|her|them|back|at|on|to)){0,3}"
    r"|(?:text|ring|reach|contact|answering)(?: (?:me|us|him|her|them|back|at|on)){1,3}"
    r"|(?:my|our|his|her|your|their|this)(?: registered)?(?: number)?(?: is)?)[ :#=]{1,3}"
)
_KINDS = r"[ \-]{1,3}(?:office|fax|mobile|cell|phone|home|work|desk)"

_DIGITS = r"[(*#]{0,2}[0-9](?:[ ().\-/*#]{0,3}[0-9]){3,16}"

_DIGITS_FIRST = r"[0-9](?:[ ().\-]{0,2}[0-9]){5,14}"

TOLD_PHONE = Rule(
    "phone",
    r"(?i-u:phone|mobile|cell|fax|handy|tel|whatsapp|\bsms\b|\bcall|\bdial|\btext|\bring|\breach|\bcontact|\banswering|\bmy\b|\bour\b|\bhis\b|\bher\b|\byour\b|\btheir\b|\bthis\b|\bdesk"
    rf"|office|home|work)|{_TELLS_HAN}",
    pattern=re.compile(
        rf"(?P<before>(?:{_TELLS}|{_TELLS_HAN})(?:(?P<bound>[\"']?\s{{0,2}}[:=\uff1a]\s{{0,2}}[\"']?)|[^0-9<>]{{0,24}}?)"
        rf"|{_ASKS})(?<![\w.])(?P<value>{_DIGITS})(?![0-9:])(?![.\-][0-9])(?!\w)"
        rf"|(?P<first>(?<![\w.])(?<![0-9][-:/,]){_DIGITS_FIRST})(?={_KINDS}\b)",
        re.IGNORECASE | re.ASCII,
    ),
    check=is_told_phone,
    kept="before",
    narrow=(
        rf"(?:(?i-u:phone|mobile|cell|fax|handy|tel|whatsapp|sms)|(?i:telef[oó])|{_TELLS_HAN})[^0-9<>]{{0,40}}{_DIGITS}|(?i-u:{_ASKS}){_DIGITS}"
        rf"|{_DIGITS_FIRST}(?i-u:{_KINDS})"
    ),
    is_worded=True,
)

_NATIONAL_PHONES = (
    r"(?:(?:00|\+)?86[ \-]?)?1[3-9][0-9]{9}|(?:(?:00|\+)?86[ \-]?)?1[3-9][0-9](?:-[0-9]{4}-|[ ][0-9]{4}[ ])[0-9]{4}"
    r"|(?:00[0-9]{1,3}[ .\-]|1[ .\-])?(?:\([0-9]{2,5}\)[ .\-]?|[0-9]{3}[ .\-])[0-9]{3}[ .\-][0-9]{3,4}(?: ?x[0-9]{1,6})?"
    r"|\(?0[0-9]{1,4}\)?(?:[ .\-][0-9]{2,8}){2,5}|\(?0[0-9]{1,4}\)?[ /\-][0-9]{5,8}"
    r"|00[1-9][0-9]{0,2}(?: ?[ \-][0-9]{2,8}){2,5}|00[1-9][0-9]{9,12}"
)
"""How national numbers are written: Chinese mobile, North American, with a trunk zero, with an international prefix."""

LONE_PHONE = Rule(
    "phone",
    rf"(?:^|[^0-9A-Za-z_.]|%[0-9A-Fa-f]{{2}})(?:{_NATIONAL_PHONES})",
    pattern=re.compile(
        rf"(?:(?<![\w.])|(?<=%[0-9A-Fa-f]{{2}}))(?<![0-9][-:/,])(?<![_=:(]-)(?:{_NATIONAL_PHONES})(?!\w)(?![-:/.,][0-9])",
        re.ASCII,
    ),
    check=has_phone_digits,
    narrow=(
        r"(?:^|^[\-:/,]|[^0-9][:/,]|[^0-9_=:(]-|[^0-9A-Za-z_.\-:/,]|%[0-9A-Fa-f]{2})"
        rf"(?:{_NATIONAL_PHONES})(?:$|[^0-9A-Za-z_\-:/.,]|[\-:/.,](?:$|[^0-9]))"
    ),
)
