"""Where on the web and who by mail: URLs, mail addresses, domains."""

import re

from remit_consumers.reducers.scrub.rule import Rule

_NO_WEB = r"(?:file|hdfs|viewfs|har|jar|plaintext|ssl|sasl_plaintext|sasl_ssl)"
"""Schemes of a cluster's files and listeners: they name machines, and paths in which the other rules look."""

_UNITS = frozenset("service slice scope mount socket timer target device swap path".split())
"""systemd's types of units: `user@1000.service` is an instance. Source: systemd.unit(5)."""

_JAVA_HASH = re.compile(r"[0-9a-f]{5,8}", re.IGNORECASE)
_PINNED = re.compile(
    r"v?[0-9][0-9.]*|sha[0-9]{1,3}|latest|master|main|npm|workspace|patch", re.IGNORECASE
)
"""What stands behind the `@` of a package, an image or an action: its version, its digest, where it comes from."""

_RELAYED = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)? $")
"""The time before the host in syslog: syslog-ng chains the names of sources and hosts there, as `source@host`."""

HOST_CHARS_MAX = 32
"""Characters of the longest bare host name behind an `@`: RFC 1035 allows 63, but what is longer than this are keys."""

_ALPHABETIC = r"0-9A-Za-z_\u00b5-\u1fff\u2c00-\u2dff"
"""Characters of scripts that put blanks between words; Chinese and Japanese ones may touch an address."""

_ADDRESS = rf"{_ALPHABETIC}.+'\-"


def is_email(match: re.Match[str]) -> bool:
    """Whether the part behind the `@` is a host: Java's `Type@1f2e3d`, versions and units of systemd are none."""
    host = match["host"]
    last = host.rpartition(".")[2]
    if _PINNED.fullmatch(host) and host.count(".") != 3:  # noqa: PLR2004  four numbers are an address
        return False
    if "." in host:
        return last.lower() not in _UNITS and (not last.isdigit() or host.count(".") == 3)  # noqa: PLR2004
    if len(host) > HOST_CHARS_MAX or host[0].isdigit() or _JAVA_HASH.fullmatch(host):
        return False
    return not _RELAYED.search(match.string, max(0, match.start() - 20), match.start())


URL = Rule(
    "url",
    "://",
    pattern=re.compile(
        rf"\b(?!{_NO_WEB}://[^\s/@]{{0,256}}(?:[\s/]|$)|https?://localhost(?::[0-9]{{1,5}})?(?:[\s\"'<>]|/[^\s?#\"'<>]{{0,256}}(?:[\s\"'<>]|$)|$))"
        r"[A-Za-z][A-Za-z0-9+.-]{1,30}://"
        r"(?=(?:[^\s<>\"'`|\\^{}/@]{1,256}@)?(?:[\w%]|\[[0-9A-Fa-f:]))[^\s<>\"'`|\\^{}]{1,4096}(?<![.,;:!?)\]])",
        re.IGNORECASE,
    ),
    is_worded=True,
)

AGENT = Rule(
    "user_agent",
    r"Mozilla/[0-9]",
    (
        (
            "",
            r"Mozilla/[0-9.]+ \([^()\"<>]*\)(?: \([^()\"<>]*\)| [A-Za-z][A-Za-z0-9_.]*/[^\s\"<>()]+| (?:Mobile|like Gecko))*",
            "",
        ),
    ),
    is_worded=True,
)
"""What a browser says of itself: nearly a fingerprint. Source: RFC 9110, 10.1.5."""

QUERY = Rule(
    "query",
    r"\?[A-Za-z0-9_.%\[\]\-]+=",
    ((r"(?:^|[\s\"'(=:\[])/[^\s?\"'<>]*\?", r"[A-Za-z0-9_.%\[\]\-]+=[^\s\"'<>]*", ""),),
    is_worded=True,
)
"""What was asked of a page: search terms, tokens, addresses. Source: RFC 3986, 3.4."""

EMAIL = Rule(
    "email",
    r"(?:@|%40|\x{ff20})(?:[^0-9 \t]|[0-9](?:[0-9A-Za-z_\-]|[^\x00-\x7f])*\.)",
    pattern=re.compile(
        rf"(?:(?<![{_ALPHABETIC}.+\-])(?!')(?:[{_ADDRESS}]|%(?!40))++|(?<![\w.+'-])[\w.+'-]{{0,63}}[\u2e80-\U0010ffff]|\"[^\"\s@<>]{{1,64}}\")(?:@|%40|\uff20)"
        rf"(?P<host>[{_ALPHABETIC}-]{{1,63}}(?:\.[{_ALPHABETIC}-]{{1,63}}){{0,8}}|[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{1,8}})"
    ),
    check=is_email,
    is_worded=True,
)

DOMAIN = Rule(
    "domain",
    r"(?i-u:www\.|\.(?:com|org|net|edu|gov|info|biz)\b|\.(?:co|ac)\.[a-z])",
    pattern=re.compile(
        r"(?<![\w.@/-])(?:www\.[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}|(?!(?:org|com|net|java|javax|edu|io)\.|(?:asp|ado|vb|json|paint)\.net\b|(?:log|logger|console)\.info\b)"
        r"[A-Za-z0-9](?:[\w-]{0,62}\.)(?:[\w-]{1,63}\.){0,5}(?:(?:com|org|net|edu|gov|info|biz)(?:\.[a-z]{2})?|(?:co|ac)\.[a-z]{2}))"
        r"(?![\w-])(?!\.\w)(?:/[^\s<>\"']{0,1024}(?<![.,;:!?)]))?",
        re.ASCII | re.IGNORECASE,
    ),
    is_worded=True,
)
