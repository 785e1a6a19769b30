"""Secrets: tokens that say what they are, credentials behind a word that asks for them, private keys."""

import json
import math
import re
from base64 import b64decode
from binascii import Error
from collections import Counter
from collections.abc import Iterator
from typing import Final

from remit_consumers.proof.residue.kind import Kind, Seen

PREFIXES: Final[tuple[tuple[str, int], ...]] = (
    *(("AKIA", 16), ("ASIA", 16), ("AIza", 35), ("ya29.", 20), ("LTAI", 12)),
    *(("ghp_", 36), ("gho_", 36), ("ghu_", 36), ("ghs_", 36), ("ghr_", 36), ("github_pat_", 22)),
    *(
        ("glpat-", 20),
        ("gldt-", 20),
        ("glrt-", 20),
        ("glptt-", 20),
        ("glcbt-", 20),
        ("glsa_", 32),
        ("glc_", 32),
    ),
    *(
        ("xoxb-", 20),
        ("xoxp-", 20),
        ("xoxa-", 20),
        ("xoxr-", 20),
        ("xoxs-", 20),
        ("xapp-", 20),
        ("xoxe.", 20),
    ),
    *(("sk_live_", 10), ("rk_live_", 10), ("sk_test_", 10), ("rk_test_", 10), ("whsec_", 24)),
    *(("sk-ant-", 20), ("sk-proj-", 20), ("sk-", 32), ("pplx-", 32), ("hf_", 30), ("r8_", 37)),
    *(("npm_", 36), ("pypi-", 16), ("SG.", 22), ("dop_v1_", 64), ("doo_v1_", 64), ("key-", 32)),
    *(("shpat_", 32), ("shpca_", 32), ("shppa_", 32), ("shpss_", 32), ("EAAC", 30), ("EAAM", 30)),
    *(
        ("hvs.", 24),
        ("hvb.", 24),
        ("dp.pt.", 40),
        ("dapi", 32),
        ("lin_api_", 40),
        ("ntn_", 40),
        ("secret_", 43),
    ),
    *(
        ("NRAK-", 27),
        ("PMAK-", 24),
        ("sntrys_", 32),
        ("sgp_", 40),
        ("pul-", 40),
        ("tfp_", 40),
        ("ops_eyJ", 40),
    ),
    *(("AGE-SECRET-KEY-1", 58), ("sq0csp-", 22), ("sq0atp-", 22), ("rubygems_", 48), ("API-", 25)),
)
"""What issuers put in front of their tokens, and the least number of characters behind it.
Source: the issuers' published formats (token documentation and secret scanning partner lists)."""

BITS_MIN: Final = 3.0
"""Entropy of a token's characters, in bits: random ones have more than 3.3 from 16 characters on, placeholders such as
`xxxx` and words less."""

HEX_BITS_MIN: Final = 2.6
"""The same where only 16 characters may stand."""

WORD = re.compile(r"[0-9A-Za-z_.+/=~-]{12,}+")
"""What a token is made of. Source: RFC 6750 section 2.1 (b64token)."""

ASKED = re.compile(
    r"(?i)(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|access[_-]?key(?:[_-]?id)?|private[_-]?key|client[_-]?secret"
    r"|auth[_-]?key|credentials?|session[_-]?id|cookie)(?:[\"']?\s?(?:[:=]{1,2}>?|is|was)\s?[\"']?)([^\s\"'&,;<>(){}\[\]]{4,512})"
)
"""A value behind a key that holds secrets."""

SCHEME = re.compile(r"(?i)\b(bearer|basic)\s{1,4}([0-9A-Za-z_.+/=~-]{8,4096})")
"""Credentials of an HTTP request. Source: RFC 7235, RFC 6750, RFC 7617."""

PRIVATE_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY")
"""Source: RFC 7468."""

GIVEN = re.compile(
    r"(?i)\bauthorization[\"']?\s?[:=]\s?[\"']?(?:[\w-]{2,20}\s)?([^\s\"'<>]{8,512})"
    r"|\s(?:-u|--user)[ =][\"']?[^\s\"':<>]{1,64}:([^\s\"'<>]{3,256})"
    r"|\bhooks\.slack\.com/[a-z]{4,16}/([0-9A-Z]{6,16}/[0-9A-Za-z/]{8,128})"
)
"""Credentials that a request is given: any scheme of RFC 7235, curl's user, a webhook that is its own key."""

USER_INFO = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@<>\"']{1,128}:([^\s/@<>\"']{3,256})@")
"""A password in a URL. Source: RFC 3986 section 3.2.1."""

SEGMENTS_MIN: Final = 2
"""A JWT has three segments; its first two alone are still readable. Source: RFC 7519."""

WORDED_CHARS_MIN: Final = 8
"""A value behind a key that may hold other things than secrets must be so long, and mix letters and digits."""


def see(text: str) -> Seen:
    """Count the secrets of a text."""
    found = set(_tokens(text)) | set(_asked(text))
    found |= {match[1] for match in USER_INFO.finditer(text)}
    return Seen(sure=len(found) + len(PRIVATE_KEY.findall(text)))


def _tokens(text: str) -> Iterator[str]:
    """Words that are a token by their own look."""
    for word in WORD.findall(text):
        for part in re.split("[=/]", word):
            if _is_jwt(part) or _is_issued(part):
                yield part


def _is_jwt(word: str) -> bool:
    """Whether a word is a JSON Web Token: its first segment must read as a header with an algorithm."""
    segments = word.split(".")
    if len(segments) < SEGMENTS_MIN or not word.startswith("ey"):
        return False
    head = _decoded(segments[0])
    try:
        read = json.loads(head)
    except ValueError:
        return False
    return isinstance(read, dict) and bool({"alg", "enc", "typ"} & read.keys())


def _is_issued(word: str) -> bool:
    """Whether a word has an issuer's prefix, and random characters behind it."""
    for prefix, least in PREFIXES:
        if word.startswith(prefix):
            tail = word[len(prefix) :]
            return len(tail) >= least and _is_random(tail)
    return False


def _asked(text: str) -> Iterator[str]:
    """Values behind a word that asks for a secret."""
    for scheme, value in SCHEME.findall(text):
        is_basic = scheme.lower() == "basic"
        if ":" in _decoded(value) if is_basic else _is_mixed(value) or _is_random(value):
            yield value
    for match in GIVEN.finditer(text):
        given = match[1] or match[2] or match[3]
        if match[2] or _is_mixed(given):
            yield given
    for match in ASKED.finditer(text):
        if _is_mixed(match[1]) or _is_password(match[0], match[1]):
            yield match[1]


def _is_password(asked: str, value: str) -> bool:
    """Whether a value behind `password=` is one; it needs no digits."""
    is_key = asked.lower().startswith(("pass", "pwd")) and "=" in asked
    return is_key and value.lower() not in NOT_SECRET


JAVA_OBJECT = re.compile(r"[\w.$]{1,256}@[0-9a-f]{1,8}")
"""How Java names an object that has no name: its class and where it lies."""

NOT_SECRET = frozenset({"none", "null", "true", "false", "required", "invalid", "yes", "undefined"})
"""What stands behind `password=` and is none."""


def _is_mixed(value: str) -> bool:
    """Whether a value is long and has letters as well as digits: a word or a count has not."""
    return (
        len(value) >= WORDED_CHARS_MIN
        and any(map(str.isdecimal, value))
        and any(map(str.isalpha, value))
        and not value.startswith(("0x", "http"))
        and "(" not in value
        and not JAVA_OBJECT.fullmatch(value)
    )


def _is_random(text: str) -> bool:
    """Whether characters are as mixed as random ones."""
    counts = Counter(text).values()
    bits = -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
    return bits >= (HEX_BITS_MIN if set(text.lower()) <= set("0123456789abcdef-") else BITS_MIN)


def _decoded(text: str) -> str:
    """Read base64, also in the alphabet of URLs and without its end; empty where it is no text."""
    plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return b64decode(plain + "=" * (-len(plain) % 4)).decode()
    except (Error, ValueError):
        return ""


KIND = Kind(
    "secret",
    "|".join(
        re.escape(prefix) for prefix, _ in PREFIXES if prefix not in {"key-", "sk-", "API-", "pul-"}
    )
    + r"|\b(?:key-[0-9a-f]{32}|sk-[0-9A-Za-z]{32}|API-[0-9A-Z]{25}|pul-[0-9a-f]{40})|\bey[A-Za-z0-9_\-]{10,}\.|PRIVATE KEY|://[^\s/:@]+:[^\s/@]+@"
    r"|(?i:bearer|basic)\s+[0-9A-Za-z]|(?i:authorization)|hooks\.slack|\s(?:-u|--user)[ =]"
    r"|(?i:pass|pwd|secret|token|api[_\-]?key|access[_\-]?key|private[_\-]?key|auth[_\-]?key|credential|session[_\-]?id|cookie)[a-zA-Z_\-]{0,12}[\"']?\s?(?:[:=]|is |was )",
    see,
)
"""The kind."""
