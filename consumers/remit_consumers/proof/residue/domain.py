"""Domain names: whether a word is one that a host can have."""

import re
from functools import cache

from publicsuffixlist import PublicSuffixList

LABEL = re.compile(r"(?!-)[^\W_](?:[\w-]{0,61}[^\W_])?")
"""A label: letters, digits and hyphens within, up to 63. Source: RFC 1035 section 2.3.4, RFC 5890 for other letters."""

NAME_CHARS_MAX = 253
"""Source: RFC 1035 section 2.3.4."""

NOT_DELEGATED = frozenset(
    {"example", "internal", "intranet", "lan", "corp", "home", "local", "localdomain", "test"}
)
"""Ends of names that resolve inside of a house or stand in examples, and in no list of public suffixes.
Source: RFC 6761, RFC 6762 appendix G, ICANN resolution 2024.07.29.06."""


@cache
def _suffixes() -> PublicSuffixList:
    """Read the list once, when it is first asked for."""
    return PublicSuffixList()


def is_name(word: str, labels_min: int = 2) -> bool:
    """Whether a word is a domain name under an end that exists.

    Args:
        word: Without a dot at its end.
        labels_min: Fewer labels are no host.
    """
    labels = word.split(".")
    if len(labels) < labels_min or len(word) > NAME_CHARS_MAX:
        return False
    if not all(map(LABEL.fullmatch, labels)):
        return False
    return labels[-1].lower() in NOT_DELEGATED or _suffix(word) is not None


def _suffix(word: str) -> str | None:
    """Give the public suffix of a name; None where nothing that exists ends so."""
    try:
        suffix = _suffixes().publicsuffix(word.lower(), accept_unknown=False)
    except (UnicodeError, ValueError):
        return None
    return suffix or None
