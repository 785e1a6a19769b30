"""Bank accounts: international numbers whose check digits and whose country's form are right."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from stdnum import iban
from stdnum.exceptions import ValidationError

from remit_consumers.proof.residue.kind import Kind, Seen

WORDS = re.compile(r"[0-9A-Za-z]++(?:[ -][0-9A-Za-z]++)*+")
"""Words of letters and digits with single blanks or hyphens between."""

HEAD = re.compile(r"[A-Z]{2}[0-9]{2}")
"""A country and two check digits. Source: ISO 13616."""

CHARS_MIN, CHARS_MAX = 15, 34
"""Norway's is the shortest. Source: ISO 13616."""

WORD: Final = "IBAN"
"""What may run into the number."""


def see(text: str) -> Seen:
    """Count account numbers: from each word that begins like one on, as many words as make it right."""
    return Seen(sure=sum(_in_words(match[0].upper()) for match in WORDS.finditer(text)))


def _in_words(run: str) -> int:
    words = [word.removeprefix(WORD) for word in re.split("[ -]", run)]
    found = at = 0
    while at < len(words):
        taken = _taken(words[at:]) if HEAD.match("".join(words[at : at + 2])) else 0
        found += bool(taken)
        at += taken or 1
    return found


def _taken(words: Sequence[str]) -> int:
    """How many of the first of these words are one account number; 0 where they are none."""
    for count, number in enumerate(_joined(words), 1):
        if len(number) >= CHARS_MIN:
            try:
                iban.validate(number, check_country=False)  # check digits and form
            except ValidationError:
                continue
            return count
    return 0


def _joined(words: Sequence[str]) -> Iterator[str]:
    """The first word, the first two, and so on, as long as an account number can be."""
    number = ""
    for word in words:
        number += word
        if len(number) > CHARS_MAX:
            return
        yield number


KIND = Kind(
    "iban",
    r"(?:^|[^0-9A-Za-z])[A-Z]{2}[ \-][0-9]{2}[ \-]?[0-9A-Z]{2,4}[ \-]?[0-9A-Z]{2}"
    r"|(?i:(?:^|[^0-9a-z]|iban)[a-z]{2}[0-9]{2}[ \-]?[0-9a-z]{4}[ \-]?[0-9a-z]{4})",
    see,
)
"""The kind."""
