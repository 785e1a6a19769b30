"""What tells a random word from one that people made: keys and tokens from names, placeholders, hashes and counts.

Random characters change their kind all the time: `h7Rq2x` has a new piece nearly at every character, and an
identifier such as `tryToReloadSteps15` at every fourth or fifth. That needs no dictionary and holds in every language.
"""

import math
import re
from collections import Counter
from itertools import pairwise

PIECE_CHARS_MAX = 3.2
"""The longest mean piece of a random word: base-62 has 1.5 characters, hexadecimal 2.1, base-32 3.1, identifiers 4 and more."""

IDENTIFIER_CHARS_MIN = 4.0
"""The shortest mean piece of an identifier; random letters of both cases have 2."""

STEPS_SHARE_MAX = 0.3
"""Neighbours that repeat or count on (`aa`, `ab`, `12`) in a random word: 2 of 62 in base-62, 2 of 16 in hexadecimal."""

BITS_MIN = 3.0
"""The least entropy of a random word of 20 characters and more, in bits a character: hexadecimal has 3.5 to 4."""

_PIECES = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_HEX = re.compile(r"[0-9a-fA-F]++")
_ELSEWHERE = re.compile(
    r"[$<{\[(]|%\w+%|\*{3}|process\.env|os\.environ|env[.:(]|vault:|ref\+|secrets?\.\w",
    re.IGNORECASE,
)
_MADE_UP = re.compile(
    r"example|placeholder|change_?me|redacted|your[_-]|_here|xxxx|\.\.\.|\*\*\*", re.IGNORECASE
)


def is_reference(word: str) -> bool:
    """Whether a word says that something stands elsewhere or is to be filled in: a variable, `your-key`, `xxxx`."""
    return bool(_ELSEWHERE.match(word) or _MADE_UP.search(word))


def is_placeholder(word: str) -> bool:
    """Whether a word stands for a secret: it refers to one, or is a row of the alphabet."""
    return is_reference(word) or is_counted(word)


def is_counted(word: str) -> bool:
    """Whether a word is typed along the keyboard or the alphabet, or from very few characters."""
    if len(word) < 8:  # noqa: PLR2004  too short to say
        return len(set(word)) == 1
    lower = word.lower()
    steps = sum(ord(right) - ord(left) in (0, 1) for left, right in pairwise(lower))
    return steps > STEPS_SHARE_MAX * len(word) or len(set(lower)) < 5  # noqa: PLR2004  twelve random digits have seven


def entropy_bits(word: str) -> float:
    """Measure the entropy of a word's characters, in bits a character."""
    counts = Counter(word)
    return -sum(n / len(word) * math.log2(n / len(word)) for n in counts.values())


def is_hexadecimal(word: str) -> bool:
    """Whether a word is a number in hexadecimal: a digest, an id, a commit."""
    return _HEX.fullmatch(word) is not None


def piece_chars(word: str) -> float:
    """Count the characters of a word's mean piece: a run of digits, of capitals, or of letters behind a capital."""
    pieces = _PIECES.findall(word)
    return sum(map(len, pieces)) / len(pieces) if pieces else math.inf


def is_identifier(word: str) -> bool:
    """Whether a word is made of words: capitals begin pieces of five characters and more, as in `accessTokenHere`."""
    mixed = any(c.isupper() for c in word) and any(c.islower() for c in word)
    return mixed and piece_chars(word) >= IDENTIFIER_CHARS_MIN


def is_random(word: str) -> bool:
    """Whether a word of letters and digits was drawn, not written."""
    return (
        any(c.isdigit() for c in word)
        and any(c.isalpha() for c in word)
        and piece_chars(word) <= PIECE_CHARS_MAX
        and (len(word) < 20 or entropy_bits(word) >= BITS_MIN)  # noqa: PLR2004  what `BITS_MIN` holds for
        and not is_placeholder(word)
    )
