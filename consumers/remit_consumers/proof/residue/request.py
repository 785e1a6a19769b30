"""What a browser says of itself and asks for: user agents as they were sent, and URLs with their query."""

import re
from collections.abc import Collection
from typing import Final

from remit_consumers.proof.residue.kind import Kind, Seen

AGENT = re.compile(
    r"\b(?:Mozilla/[1-9]\.[0-9]{1,2}|Opera/[0-9]{1,2}\.[0-9]{1,2}|Dalvik/[0-9.]{1,9}) ?\("
    r"|\bAppleWebKit/[0-9]{3}[0-9.+]{0,12} ?\(KHTML|\bCFNetwork/[0-9.]{3,16} Darwin/[0-9]"
    r"|\b[\w.-]{2,40}/[0-9][\w.]{0,20} \((?:iPhone|iPad|Linux|Windows|Macintosh|X11|Android|compatible)[;,) ]"
)
"""A product with a comment on the system, or a part of one. Source: RFC 9110 section 10.1.5."""

WORD = re.compile(r"[^\s\"'<>]++")
"""What a URL is made of: no blanks, no quotes, no marks."""

STARTS = re.compile(r"[?#;]")
"""What a query, a fragment or matrix parameters begin with. Source: RFC 3986 sections 3.3 to 3.5."""

PAIRS_MAX: Final = 64
"""Pairs of one query that are looked at."""

PAIR = re.compile(r"([\w.\[\]%~-]{1,64})=([^=&;#]+)")
"""A key and its value. Source: the WHATWG URL standard, application/x-www-form-urlencoded."""


def agents(text: str) -> Seen:
    """Count raw user agents: all that stands in one text is one."""
    return Seen(sure=int(AGENT.search(text) is not None))


def queries(text: str, allowed: Collection[str]) -> Seen:
    """Count URLs and paths with a query, or with pairs in their path or fragment.

    Args:
        text: To look at.
        allowed: Keys that the policy lets stay.
    """
    return Seen(
        sure=sum(_has_query(word, allowed) for word in WORD.findall(text) if STARTS.search(word))
    )


def _has_query(word: str, allowed: Collection[str]) -> bool:
    """Whether a word is a URL or path with a key and a value behind its question mark."""
    before, query = STARTS.split(word, maxsplit=1)
    is_page = "/" in before or "." in before or not before[-1:].isalnum()
    if not is_page or not ("?" in word or before.startswith("/") or "://" in before):
        return False
    pairs = (PAIR.match(part) for part in re.split("[&;?#]", query)[:PAIRS_MAX])
    return any(pair is not None and pair[1] not in allowed for pair in pairs)


def kinds(allowed: Collection[str]) -> tuple[Kind, ...]:
    """Give both kinds, under a policy that lets the values of some keys stay."""
    return (
        Kind(
            "user_agent",
            r"Mozilla/|Opera/|Dalvik/|AppleWebKit/|CFNetwork/|/[0-9][\w.]* \((?:iPhone|iPad|Linux|Windows|Macintosh|X11|Android|compatible)",
            agents,
        ),
        Kind("query", r"[?#;][\w.\[\]%~\-]+=[^\s\"'<>]", lambda text: queries(text, allowed)),
    )
