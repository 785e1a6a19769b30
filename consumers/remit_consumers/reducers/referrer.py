"""Where a visitor came from: the registrable domain, and what kind of place it is where that is known.

Path and query are looked at by nobody: search terms stand there.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

import pyarrow as pa
from publicsuffixlist import PublicSuffixList

from remit_consumers.reducers.mediums import ANDROID, BY_DOMAIN, BY_LABEL, Source
from remit_consumers.reducers.unique import Memo, each_row
from remit_schemas.reducer import Scalar, listed

CHARS_MAX = 8_192
"""Longer values are no URL that a browser sends as referrer (browsers cut it to the origin beyond 4,096)."""

HOST_CHARS_MAX = 253
"""The longest host name. Source: RFC 1035, 2.3.4."""

COUNTRY_CHARS = 2
"""Letters of a top-level domain of a country. Source: ISO 3166-1 alpha-2."""

_HOST = re.compile(
    r"(?:https?:[/\\]{0,8}(?:[^/\\?#@]{0,256}@)?)?([^/\\?#@:\[\]\s]{1,253})(?::[0-9]{0,5})?(?:[/\\?#].*)?",
    re.IGNORECASE | re.DOTALL,
)
_LABELS = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_](?:[\w-]{0,61}[^\W_])?")

_SUFFIXES = PublicSuffixList(accept_unknown=False, only_icann=True)
"""Only the registries' part of the list: under its private part a name is a person's (`name.github.io`)."""


_APP = re.compile(r"android-app://([A-Za-z][\w.]{1,127})(?:[/?#].*)?", re.ASCII | re.DOTALL)
_MAIL = re.compile(r"(?:e|w|web|light)?mail[a-z0-9-]{0,24}\.", re.ASCII)
"""How the hosts of webmail begin, whoever runs it: `mail.`, `webmail.`, `email.`"""


class Origin(NamedTuple):
    """What is kept of a referrer.

    Attributes:
        domain: The registrable domain.
        medium: One of `mediums.MEDIUMS`.
        source: A well-known place by name.
    """

    domain: str | None = None
    medium: str | None = None
    source: str | None = None


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep domain, medium and source of each http URL, bare host or known app; what has none becomes null."""
    return each_row(values, _memo(listed(parameters, "own")).all, _columns)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    found = origin(value, listed(parameters, "own"))
    if found.domain is None:
        return "a known app" if found.medium else "no registered domain: null"
    known = {None: "", "other": ""}.get(found.medium, f", known as {found.medium}")
    return f"registrable domain{known}"


def origin(value: str, own: tuple[str, ...] = ()) -> Origin:
    """Find where a visitor came from.

    Args:
        value: A URL, a bare host, or `android-app://` with a package.
        own: Registrable domains of the app itself.
    """
    if app := _APP.fullmatch(value.strip()) if len(value) <= CHARS_MAX else None:
        known = ANDROID.get(app[1])
        return Origin(None, *known) if known else Origin()
    host, domain = _host_and_domain(value)
    if not domain:
        return Origin()
    if domain in own:
        return Origin(domain, "internal")
    known = _known(host, domain)
    if known is not None:
        return Origin(domain, *known)
    return Origin(domain, "email" if host != domain and _MAIL.match(host) else "other")


def domain(value: str) -> str:
    """Find the registrable domain of a URL or host; empty where there is none (addresses, other schemes, intranets).

    Source: the Public Suffix List, as the library carries it.
    """
    return _host_and_domain(value)[1]


def _host_and_domain(value: str) -> tuple[str, str]:
    """Find host and registrable domain."""
    if len(value) > CHARS_MAX:
        return "", ""
    match = _HOST.fullmatch(value.strip())
    if match is None:
        return "", ""
    host = _unicode(normalize("NFKC", match[1]).rstrip(".").lower())
    if len(host) > HOST_CHARS_MAX or _LABELS.fullmatch(host) is None:
        return "", ""
    return host, str(_SUFFIXES.privatesuffix(host) or "")


def _known(host: str, domain: str) -> Source | None:
    """Look a host up: itself, then what it lies under, down to the domain, then its name under a national suffix."""
    name = host
    while True:
        if source := BY_DOMAIN.get(name):
            return source
        if name == domain:
            break
        name = name.partition(".")[2]
    label, _, suffix = domain.partition(".")
    source = BY_LABEL.get(label)
    if source is None or not (suffix == "com" or len(suffix.rpartition(".")[2]) == COUNTRY_CHARS):
        return None
    sub = host[: -len(domain)]
    return BY_DOMAIN.get(f"{sub}{label}.com", source) if sub else source


def _unicode(host: str) -> str:
    """Write an international name in its own letters, so that one domain has one spelling."""
    if "xn--" not in host:
        return host
    try:
        return normalize("NFKC", host.encode("ascii").decode("idna"))
    except UnicodeError:
        return ""


def _columns(origins: list[Origin]) -> tuple[pa.Array, ...]:
    """Write the results as columns."""
    columns = zip(*origins, strict=True) if origins else ((), (), ())
    return tuple(pa.array(column, pa.string()) for column in columns)


@lru_cache(maxsize=16)
def _memo(own: tuple[str, ...]) -> Memo[Origin]:
    """Remember origins by the domains that are the app's own."""
    return Memo(lambda values: [origin(value, own) for value in values])
