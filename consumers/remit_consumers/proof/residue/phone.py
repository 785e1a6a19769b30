"""Phone numbers: international, Chinese mobile, and national ones behind a word that says so."""

import re
from typing import Final

import phonenumbers

from remit_consumers.proof.residue.kind import Kind, Seen

RUN = re.compile(
    r"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_][.-])(?<![0-9][,:])(?:\+|\(|\(\+)?[0-9]++"
    r"(?:[ ./-]?\(?[0-9]++\)?|\)[ ./-]?[0-9]++)*+(?![0-9A-Za-z_])"
)
"""Digits with what people write between them, that are no part of a longer word."""

TELLING = re.compile(
    r"(?i)\b(?:tele|cell)?phone|\bmobile|\bcell\b|\btel\b|\bfax|\bsms\b|\bwhatsapp|\bwechat|\bcall|\bdial"
    r"|\bcontact|\breach|\bring\b|\btext\b|\bnumber|\bmsisdn"
    r"|手机|电话|联系|致电|拨打"
)
"""Words that tell that digits are a phone number."""

AROUND_CHARS: Final = 24
"""How far around a number words are read that tell what it is."""

KEY = re.compile(r"(?:\w[=:]|[\"']\s?[=:]\s?)$")
"""What stands before a number that some key names: it is that key's, unless the key is a telling word."""

VERSION = re.compile(r"(?<![0-9])[0-9]\.[0-9]")
"""One digit and a point: no phone number is written so, versions are."""

UNIT = re.compile(
    r"(?i)\s?(?:b|kb|mb|bytes?|ms|us|ns|µs|s|sec|seconds?|rows?|records?|events?|%)\b"
)
"""What stands behind a quantity."""

CN_MOBILE = re.compile(r"1[3-9][0-9]{9}")
"""Source: the numbering plan of the Chinese Ministry of Industry and Information Technology (2017)."""

CN_DIGITS: Final = 11
"""Digits of a Chinese mobile number."""

CHANCE: Final = 0.06
"""Share of numbers of eleven digits that could be a Chinese mobile number (measured: 5.8 % of 100,000 random ones)."""

NATIONAL_DIGITS_MIN, DIGITS_MAX = 7, 15
"""Fewer digits behind a telling word are an extension or a count. Source of the other: ITU-T E.164."""

NATIONAL_PLANS: Final = (
    "US",
    "GB",
    "DE",
    "FR",
    "CN",
    "IN",
    "BR",
    "JP",
    "AU",
    "IT",
    "ES",
    "RU",
    "NL",
    "CH",
)
"""Plans that a national number is held against: of the largest and of those whose numbers look otherwise."""


def see(text: str) -> Seen:
    """Count the phone numbers of a text."""
    seen = Seen()
    for match in RUN.finditer(text):
        start, end = match.span()
        if end - start < NATIONAL_DIGITS_MIN:
            continue
        before, behind = text[max(0, start - AROUND_CHARS) : start], text[end : end + AROUND_CHARS]
        seen += _look(match[0], before, behind)
    return seen


def _look(run: str, before: str, behind: str) -> Seen:
    """Read one run of digits."""
    digits = re.sub("[^0-9]", "", run)
    if not NATIONAL_DIGITS_MIN <= len(digits) <= DIGITS_MAX + len("00"):
        return Seen()
    if "+" in run or before.endswith("+"):
        return Seen(
            sure=int(_is_number("+" + digits.replace("(0)", ""), None) or _without_trunk(run))
        )
    if run.startswith("00") and _is_number("+" + digits[2:], None):
        return Seen(sure=1)
    if TELLING.search(before):
        is_grouped = run != digits and not VERSION.search(run)
        is_written = is_grouped or bool(CN_MOBILE.fullmatch(digits)) or run.startswith("0")
        return Seen(sure=int(is_written and any(_is_number(run, plan) for plan in NATIONAL_PLANS)))
    if KEY.search(before) or UNIT.match(behind):
        return Seen()
    return _mobile(run, digits)


def _without_trunk(run: str) -> bool:
    """Whether a number is one without the zero that is dialled at home only: `+44 (0)20 …`."""
    return "(0)" in run and _is_number("+" + re.sub("[^0-9]", "", run.replace("(0)", "")), None)


def _mobile(run: str, digits: str) -> Seen:
    """Read digits as a Chinese mobile number that nothing announces; in groups it is sure, bare it is likely."""
    run = run.strip("()")
    digits = digits.removeprefix("86") if len(digits) == CN_DIGITS + 2 else digits
    if len(digits) != CN_DIGITS:
        return Seen()
    is_one = bool(CN_MOBILE.fullmatch(digits)) and _is_number(digits, "CN")
    if re.fullmatch(r"(?:86[ -]?)?[0-9]{3}([ -])[0-9]{4}\1[0-9]{4}", run):
        return Seen(sure=int(is_one))
    return Seen(likely=int(is_one), unlikely=int(not is_one)) if run == digits else Seen()


def _is_number(text: str, plan: str | None) -> bool:
    """Whether a number is one of its country's plan."""
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(text, plan))
    except phonenumbers.NumberParseException:
        return False


KIND = Kind(
    "phone",
    r"\+[(]?[1-9][0-9 ().\-/]{5,}[0-9]|(?:^|[^0-9A-Za-z_.])(?:00[1-9][0-9 .\-/()]{7,}[0-9]|[0-9]{11}(?:$|[^0-9A-Za-z_])"
    r"|(?:86[ \-]?)?1[3-9][0-9][ \-][0-9]{4}[ \-][0-9]{4}|861[3-9][0-9]{9})"
    r"|(?i:phone|mobile|cell|tel|fax|sms|whatsapp|wechat|call|dial|contact|reach|ring|text|number|msisdn)[^0-9]{1,23}[0-9][0-9 ().\-/]{5,}[0-9]"
    r"|(?:手机|电话|联系|致电|拨打)[^0-9]{0,23}[0-9]",
    see,
    CHANCE,
)
"""The kind."""
