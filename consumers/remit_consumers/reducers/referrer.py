"""Where a visitor came from, down to the registrable domain."""

import re
from collections.abc import Mapping

import pyarrow as pa
from publicsuffixlist import PublicSuffixList

from remit_consumers.reducers.unique import Memo, each
from remit_schemas.reducer import Scalar

CHARS_MAX = 8_192
"""Longer values are no URL that a browser sends as referrer (browsers cut it to the origin beyond 4,096)."""

HOST_CHARS_MAX = 253
"""The longest host name. Source: RFC 1035, 2.3.4."""

_HOST = re.compile(
    r"(?:https?:[/\\]{0,8}(?:[^/\\?#@]{0,256}@)?)?([^/\\?#@:\[\]\s]{1,253})(?::[0-9]{0,5})?(?:[/\\?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_LABELS = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?")

_SUFFIXES = PublicSuffixList(accept_unknown=False, only_icann=True)
"""Only the registries' part of the list: under its private part a name is a person's (`name.github.io`)."""


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the registrable domain of each http URL or bare host; what has none becomes null."""
    del parameters
    return each(values, lambda distinct: [found or None for found in _MEMO.all(distinct)])


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    return "registrable domain" if domain(value) else "no registered domain: null"


def domain(value: str) -> str:
    """Find the registrable domain of a URL or host; empty where there is none (addresses, other schemes, intranets).

    Source: the Public Suffix List, as the library carries it.
    """
    if len(value) > CHARS_MAX:
        return ""
    match = _HOST.fullmatch(value.strip())
    if match is None:
        return ""
    host = match[1].rstrip(".").lower()
    if len(host) > HOST_CHARS_MAX or _LABELS.fullmatch(host) is None:
        return ""
    return str(_SUFFIXES.privatesuffix(_unicode(host)) or "")


def _unicode(host: str) -> str:
    """Write an international name in its own letters, so that one domain has one spelling."""
    if "xn--" not in host:
        return host
    try:
        return host.encode("ascii").decode("idna")
    except UnicodeError:
        return ""


_MEMO = Memo(lambda values: [domain(value) for value in values])
