"""Secrets: keys and tokens by their form, by the word before them, by how random they are."""

import re

from remit_consumers.reducers.scrub import randomness
from remit_consumers.reducers.scrub.rule import Rule

_QUALIFIED = (
    "api|app|application|access|secret|private|auth|encryption|signing|licen[cs]e|account|master|shared|storage|client"
    "|consumer|service|server|write|read|deploy|admin|subscription|webhook"
)
"""What a key is of, where it is a secret: a `bucket_key` is none."""

_KEYS = (
    rf"(?:pass(?:w(?:or)?d|phrase|code)?|pwd|secret|token|(?:{_QUALIFIED})[_\- ]?key|authorization|credentials?"
    r"|j?sess(?:ion)?(?:[_\-]?(?:id|key|token))?|phpsessid|cookie|signature|\bsig|\botp|\bbundle_[a-z0-9]{2,32}(?:__[a-z0-9]{2,32}){1,3})"
)
"""Names under which secrets are kept. They end the name: a `credentialsId` only points to one."""

_BINDS = r"[ \t]{0,3}(?:[:=?|]{0,3}[:=]>?|,|>| value=)"
"""What binds a value to its name: in shells, code, JSON, YAML, HTTP headers and XML."""

_TELLS = rf"(?i-u:{_KEYS})s?[0-9]{{0,3}}[\"'`\])]{{0,3}}{_BINDS}"

_STREWN = r"[0-9][A-Za-z]{1,16}[0-9]"
"""Digits on both sides of letters: 32 random characters without have a chance of one in thirty."""

_NOT_SECRET = frozenset(
    """
    null none true false required invalid incorrect missing expired empty undefined unknown failed
    changed reset wrong accepted denied string password passwd token secret user username with from this that
    your does must will cannot default optional hidden provided given enabled disabled simple
    """.split()
)
"""What stands behind `password` in a sentence about one."""

KEYED_CHARS_MIN = 8
"""Characters of the shortest token behind its name; passwords are taken at four."""

ALONE_CHARS_MIN = 32
"""Random letters and digits alone, from this length on, are keys: 160 bits and more."""

_GIVES_NO_ACCESS = re.compile(r"(?:csrf|xsrf|public)(?:key)?[_\- ]?$", re.IGNORECASE)
"""What else is called a token: proofs that a form was shown, and keys that are published."""

_NAMES = re.compile(r"[A-Za-z_]{3,64}(?:(?:\.|->|::)[A-Za-z_]{2,64}){1,8}[.,;]?")

STREWN_CHARS_MAX = 2.0
"""The longest mean piece of a random word with separators in it; names in parts have three characters."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)

_HANDLE = re.compile(r"0x[0-9a-f]{1,16}", re.IGNORECASE)

_TOKEN = re.compile(r"[A-Za-z0-9+/=_.~|:%@-]{8,1024}")

_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")


def is_whole(match: re.Match[str]) -> bool:
    """Whether a token is all there: documentation shows the beginning of one and three points."""
    return not match.string.startswith("...", match.end() - 3) and not match.string.startswith(
        ("...", "…"), match.end()
    )


def is_secret_value(match: re.Match[str]) -> bool:
    """Whether what stands behind `password=` or `token=` is one, and not a word about it."""
    value = match["value"].strip(".:!,")
    if (
        not is_whole(match)
        or value.lower() in _NOT_SECRET
        or randomness.is_reference(value)
        or _is_code(match)
    ):
        return False
    if match["key"].lower().startswith(("pass", "pwd", "bundle")):
        return "=" in match["is"] or '"' in match["is"] or any(c.isdigit() for c in value)
    if match["key"].lower() == "otp":
        return value.isdigit() or is_token(value)
    return is_token(value) and not randomness.is_counted(value)


def _is_code(match: re.Match[str]) -> bool:
    """Whether text only looks like a name and its secret: a call, a path of names, an XML tag that opens nothing."""
    text, value, binds = match.string, match["value"], match["is"]
    before = text[max(0, match.start() - 12) : match.start()]
    return bool(
        _GIVES_NO_ACCESS.search(before)
        or text.startswith("(", match.end())
        or (" " in binds and _NAMES.fullmatch(value))
        or (match["key"] == "PWD" and value.startswith("/"))
        or (
            binds.endswith(">")
            and not binds.endswith("=>")
            and not text.startswith("</", match.end())
        )
    )


def is_token(value: str) -> bool:
    """Whether a value behind a telling word is a token: random, a number, an id; handles of a process are none."""
    if (len(value) < KEYED_CHARS_MIN and not value.isdigit()) or _HANDLE.fullmatch(value):
        return False
    if not _TOKEN.fullmatch(value):
        return False
    if value.isdigit() or _UUID.fullmatch(value) or randomness.is_hexadecimal(value):
        return any(c.isdigit() for c in value)
    return randomness.is_random(value) or (
        len(value) >= ALONE_CHARS_MIN
        and randomness.piece_chars(value) <= randomness.PIECE_CHARS_MAX
    )


def is_spoken(match: re.Match[str]) -> bool:
    """Whether what a sentence says a password is could be one: words about it have letters alone."""
    value = match["value"].strip(".,;:!?")
    return value.lower() not in _NOT_SECRET and not value.isalpha()


def is_credential(match: re.Match[str]) -> bool:
    """Whether a word behind `Bearer` is a credential: it has a digit, or letters of both cases within."""
    value = match["value"]
    return not randomness.is_placeholder(value) and (
        any(c.isdigit() for c in value) or (value[1:] != value[1:].lower() and not value.isupper())
    )


def is_login(match: re.Match[str]) -> bool:
    """Whether `name:password` behind `curl -u` is one; variables and `username:password` are none."""
    name, value = match["name"], match["value"]
    if "curl" not in match.string[: match.start()] or name.lower() == value.lower():
        return False
    return not any(
        randomness.is_reference(part) or len(set(part)) == 1 or part.lower() in _NOT_SECRET
        for part in (name, value)
        if part
    )


def is_key(match: re.Match[str]) -> bool:
    """Whether a word was drawn: three kinds of characters strewn over all of it, or a long piece of two."""
    word = match[0]
    if randomness.is_hexadecimal(_SEPARATORS.sub("", word)) or not re.search(_STREWN, word):
        return False
    pieces = [piece for piece in _SEPARATORS.split(word) if len(piece) >= ALONE_CHARS_MIN]
    if any(
        not randomness.is_hexadecimal(piece) and randomness.is_random(piece) for piece in pieces
    ):
        return True
    mixed = any(c.isupper() for c in word) and any(c.islower() for c in word) and "." not in word
    return (
        mixed
        and len(word) >= ALONE_CHARS_MIN
        and randomness.piece_chars(word) <= STREWN_CHARS_MAX
        and randomness.is_random(word)
    )


KEY = Rule(
    "key",
    "-----BEGIN",
    pattern=re.compile(
        r"-----BEGIN [A-Z0-9 ]{0,40}-----(?=[^-]{0,200}[A-Za-z0-9+/]{8})(?:(?!-----).){1,8192}(?:-----END [A-Z0-9 ]{0,40}-----)?",
        re.DOTALL,
    ),
    is_worded=True,
)

JWT = Rule(
    "token",
    "eyJ",
    pattern=re.compile(
        r"(?<![A-Za-z0-9])eyJ[\w+/-]{12,4096}(?:\.[\w-]{0,4096}){0,4}={0,2}", re.ASCII
    ),
    check=is_whole,
    is_worded=True,
)

LOGIN = Rule(
    "login",
    "curl",
    pattern=re.compile(
        r"(?P<before>\s(?:-u|--user|--proxy-user|-U)[ =]{0,4}[\"']?)(?P<name>[^\s:\"'<>]{1,128}):(?P<value>[^\s\"'<>]{0,256})"
    ),
    check=is_login,
    kept="before",
    mark="secret",
    is_worded=True,
)

BEARER = Rule(
    "bearer",
    r"(?i-u:bearer|basic|digest|token)[ \t]",
    pattern=re.compile(
        r"(?P<before>\b(?:bearer|basic|digest|token)[ \t]{1,4})(?P<value>[\w.~+/=-]{8,4096})",
        re.ASCII | re.IGNORECASE,
    ),
    check=is_credential,
    kept="before",
    mark="secret",
    is_worded=True,
)

KEYED = Rule(
    "password",
    _TELLS,
    pattern=re.compile(
        rf"(?P<before>(?P<key>{_KEYS})(?P<is>s?[0-9]{{0,3}}[\"'`\])]{{0,3}}{_BINDS}[ \t]{{0,3}}[\"'`]?))"
        r"(?P<value>[^\s\"'`,;&<>(){}\[\]]{4,1024})",
        re.ASCII | re.IGNORECASE,
    ),
    check=is_secret_value,
    kept="before",
    mark="secret",
    is_worded=True,
)

SPOKEN = Rule(
    "password",
    r"(?i-u:pass(?:word|code|phrase) (?:is|was) )",
    pattern=re.compile(
        r"(?P<before>\bpass(?:word|code|phrase) (?:is|was) [\"']?)(?P<value>[^\s\"'<>]{4,64})",
        re.IGNORECASE,
    ),
    check=is_spoken,
    kept="before",
    mark="secret",
    is_worded=True,
)

ALONE = Rule(
    "token",
    r"[A-Za-z0-9+/_\-]{32}",
    pattern=re.compile(
        r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{32,1024}={0,2}(?![A-Za-z0-9+/_=-])", re.ASCII
    ),
    check=is_key,
    narrow=_STREWN,
)
"""Secrets that nothing tells: looked for last, when all that has a kind of its own is gone."""
