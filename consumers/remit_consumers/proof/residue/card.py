"""Payment cards: digits that an issuer gives out and whose check digit is right."""

import re
from collections.abc import Iterator
from typing import Final

from stdnum import luhn

from remit_consumers.proof.residue.kind import Kind, Seen

Issuer = tuple[str, str, frozenset[int]]
"""First and last leading digits of a range of card numbers, and how long its numbers are."""

ISSUERS: Final[tuple[Issuer, ...]] = (
    ("4", "4", frozenset({13, 16, 19})),  # Visa
    ("51", "55", frozenset({16})),  # Mastercard
    ("2221", "2720", frozenset({16})),  # Mastercard
    ("34", "34", frozenset({15})),  # American Express
    ("37", "37", frozenset({15})),  # American Express
    ("6011", "6011", frozenset({16, 19})),  # Discover
    ("644", "659", frozenset({16, 19})),  # Discover, RuPay
    ("62", "62", frozenset({16, 17, 18, 19})),  # UnionPay
    ("3528", "3589", frozenset({16, 19})),  # JCB
    ("1800", "1800", frozenset({15})),  # JCB, older
    ("2131", "2131", frozenset({15})),  # JCB, older
    ("300", "305", frozenset({14, 16})),  # Diners Club
    ("36", "36", frozenset({14, 16})),  # Diners Club
    ("38", "39", frozenset({14, 16})),  # Diners Club
    ("50", "50", frozenset({16, 17, 18, 19})),  # Maestro
    ("56", "58", frozenset({16, 17, 18, 19})),  # Maestro
    ("67", "67", frozenset({16, 17, 18, 19})),  # Maestro
    ("2200", "2204", frozenset({16, 17, 18, 19})),  # Mir
    ("9792", "9792", frozenset({16})),  # Troy
)
"""Source: the issuers' published ranges under ISO/IEC 7812-1."""

DIGITS_MIN, DIGITS_MAX = 12, 19
"""Maestro's are the shortest. Source: ISO/IEC 7812-1."""

INDUSTRIES: Final = "23456"
"""First digits of travel, banking and merchandising: behind a telling word any of their numbers is a card's, because
issuers get new ranges. Source: ISO/IEC 7812-1, major industry identifier."""

PRINTED: Final = frozenset(
    {(4, 4, 4, 4), (4, 6, 5), (4, 6, 4), (4, 4, 4, 4, 3), (4, 4, 4, 3), (4, 4, 4, 2)}
)
"""How cards are printed, and how programs cut them: digits in each group."""

TELLING = re.compile(r"(?i)card|visa|master|amex|maestro|unionpay|\bpan\b|\bcc\b|credit|debit|卡")
"""Words that tell that digits are a card's."""

TELLING_CHARS: Final = 32
"""How far before a number a word tells what it is."""

RUN = re.compile(
    r"(?<![0-9A-Za-z_])(?<![0-9A-Za-z_][.+-])(?<![0-9][,:])[0-9]++(?:[ -][0-9]++)*+"
    r"(?![0-9A-Za-z_]|[.:-][0-9A-Za-z])"
)
"""Digits, perhaps in groups, that are no part of a longer word, decimal or time."""

DOTTED = re.compile(r"(?<![0-9.])[0-9]{4}(?:\.[0-9]{4}){2}\.[0-9]{2,4}(?:\.[0-9]{3})?(?![0-9.])")
"""Groups with dots between."""

CHANCE: Final = 0.1
"""One number in ten has the check digit that it would have as a card."""


def see(text: str) -> Seen:
    """Count card numbers: written in groups or behind a telling word they are sure, bare digits are likely."""
    seen = Seen()
    text = DOTTED.sub(lambda match: match[0].replace(".", " "), text)
    for match in RUN.finditer(text):
        if match.end() - match.start() >= DIGITS_MIN:
            seen += _look(match[0], text[max(0, match.start() - TELLING_CHARS) : match.start()])
    return seen


def _look(run: str, before: str) -> Seen:
    """Read one run of digits, behind what stands before it."""
    seen = Seen()
    for digits, is_printed in _numbers(run):
        is_announced = TELLING.search(before) is not None
        if not (_is_issued(digits) or (is_announced and digits[0] in INDUSTRIES)):
            continue
        is_told = is_printed or is_announced
        if luhn.is_valid(digits):
            return Seen(sure=1) if is_told else Seen(likely=1)
        seen += Seen(unlikely=int(not is_told))
    return seen


def _numbers(run: str) -> Iterator[tuple[str, bool]]:
    """What of a run a card could be: one group, or neighbours as cards are printed."""
    groups = re.split("[ -]", run)
    lengths = [len(group) for group in groups]
    for at, group in enumerate(groups):
        if DIGITS_MIN <= len(group) <= DIGITS_MAX:
            yield group, False
        for form in PRINTED:
            if tuple(lengths[at : at + len(form)]) == form:
                yield "".join(groups[at : at + len(form)]), True


def _is_issued(digits: str) -> bool:
    """Whether a card number may begin so and be so long."""
    return any(
        low <= digits[: len(low)] <= high and len(digits) in lengths
        for low, high, lengths in ISSUERS
    )


KIND = Kind(
    "card",
    r"(?:^|[^0-9A-Za-z_])(?:[2-69][0-9]{11,18}|[2-6][0-9]{3}(?:[ .\-][0-9]{4}){2}[ .\-][0-9]{2,4}(?:\.[0-9]{3})?"
    r"|3[0-9]{3}[ \-][0-9]{6}[ \-][0-9]{4,5}|1800[0-9]{11})(?:$|[^0-9A-Za-z_])",
    see,
    CHANCE,
)
"""The kind."""
