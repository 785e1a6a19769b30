"""What a browser says of itself in its Client Hints of low entropy, read from behind its agent string.

The hints travel in the same value, as header lines: `Sec-CH-UA: "Google Chrome";v="140"`, `Sec-CH-UA-Mobile: ?0`,
`Sec-CH-UA-Platform: "Windows"`. Those of high entropy (model, platform version, architecture …) are never looked at.

Source: W3C WICG, User-Agent Client Hints, 3; RFC 9651, 3 (structured fields).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

HEADER = "sec-ch-ua"
"""What every hint's name begins with."""

CHARS_MAX = 4_096
"""Characters of a value in which hints are looked for: agent string and hints of a real browser have 500 (our choice)."""

HEADLESS = "HeadlessChrome"
"""The family of Chrome without a window: a program drives it."""

_FAMILIES = MappingProxyType(
    {
        "AVG Secure Browser": ("AVG", "AVG"),
        "Amazon Silk": ("Amazon Silk", "Amazon Silk"),
        "Avast Secure Browser": ("Avast Secure Browser", "Avast Secure Browser"),
        "Avira Secure Browser": ("Avira", "Avira"),
        "Brave": ("Brave", "Brave"),
        "CCleaner Browser": ("CCleaner", "CCleaner"),
        "CocCoc": ("Coc Coc", "Coc Coc"),
        "DuckDuckGo": ("DuckDuckGo", "DuckDuckGo Mobile"),
        "Google Chrome": ("Chrome", "Chrome Mobile"),
        "HeadlessChrome": (HEADLESS, HEADLESS),
        "HuaweiBrowser": ("Huawei Browser", "Huawei Browser"),
        "Microsoft Edge": ("Edge", "Edge Mobile"),
        "Microsoft Edge WebView2": ("Edge", "Edge Mobile"),
        "Norton Private Browser": ("Norton", "Norton"),
        "Norton Secure Browser": ("Norton", "Norton"),
        "Oculus Browser": ("Oculus Browser", "Oculus Browser"),
        "Opera": ("Opera", "Opera Mobile"),
        "Opera GX": ("Opera GX", "Opera GX"),
        "Opera Mobile": ("Opera Mobile", "Opera Mobile"),
        "Samsung Internet": ("Samsung Internet", "Samsung Internet"),
        "Vivaldi": ("Vivaldi", "Vivaldi"),
        "Whale": ("Whale", "Whale"),
        "YaBrowser": ("Yandex Browser", "Yandex Browser"),
        "Yandex": ("Yandex Browser", "Yandex Browser"),
    }
)
"""Brands of browsers, and the agent parser's names for them: on a desktop, and on a telephone."""

_ENGINES = MappingProxyType(
    {
        "Android WebView": ("Chrome Mobile WebView", "Chrome Mobile WebView"),
        "Chromium": ("Chromium", "Chromium"),
    }
)
"""Brands of what a browser is built on: they say something only where nothing names the browser."""

_PLATFORMS = MappingProxyType(
    {
        "Android": "Android",
        "Chrome OS": "Chrome OS",
        "Chromium OS": "Chrome OS",
        "Linux": "Linux",
        "Windows": "Windows",
        "iOS": "iOS",
        "macOS": "Mac OS X",
    }
)
"""The closed list of the specification (3.6) under the agent parser's names; `Unknown` says nothing."""

_NAME = re.compile(rf"(?:^|\s)({HEADER}(?:-[a-z0-9-]{{1,32}}+)?+):", re.IGNORECASE | re.ASCII)

_STRING = r'"(?:[ !#-\[\]-~]|\\["\\])*+"'
_BARE = rf"(?:{_STRING}|\?[01]|-?[0-9]{{1,15}}+(?:\.[0-9]{{1,3}}+)?+|[A-Za-z*][!#-'*+.^_`|~:/0-9A-Za-z-]*+|:[A-Za-z0-9+/=]*+:)"
_PARAMETER = re.compile(rf"; *+([a-z*][a-z0-9_.*-]*+)(?:=({_BARE}))?+")
_MEMBER = re.compile(rf"[ \t]*+({_BARE})((?:{_PARAMETER.pattern})*+)[ \t]*+(?:,|\Z)")
"""An item with its parameters (RFC 9651, 3.3 and 3.1.2) and the comma behind it; possessive throughout, so linear."""

_VERSION = re.compile(r'"([0-9]{1,3})(?:\.[0-9.]*+)?+"')


@dataclass(frozen=True, slots=True)
class Hints:
    """What the hints say; None where one is missing, malformed or on no list.

    Attributes:
        brand: Families on a desktop and on a telephone.
        major: The brand's major version.
        is_engine: The brand is what the browser is built on.
        platform: The system.
        is_mobile: A telephone is preferred.
    """

    brand: tuple[str, str] | None = None
    major: str | None = None
    is_engine: bool = False
    platform: str | None = None
    is_mobile: bool | None = None


NONE = Hints()
"""No hints."""


def split(value: str) -> tuple[str, Hints]:
    """Part an agent string from the hints behind it; a hint that is malformed counts as missing."""
    value = value[:CHARS_MAX]
    names = list(_NAME.finditer(value)) if HEADER in value.lower() else []
    if not names:
        return value, NONE
    fields: dict[str, str] = {}
    ends = [name.start() for name in names[1:]] + [len(value)]
    for name, end in zip(names, ends, strict=True):
        key, said = name[1].lower(), value[name.end() : end].strip()
        fields[key] = f"{fields[key]}, {said}" if key in fields else said  # RFC 9651, 4.2
    return value[: names[0].start()].rstrip(), _read(fields)


def _read(fields: Mapping[str, str]) -> Hints:
    """Read the three hints."""
    brand, major, is_engine = _brand(_members(fields.get(HEADER, "")))
    mobile = _item(fields.get(f"{HEADER}-mobile", ""))
    platform = _item(fields.get(f"{HEADER}-platform", ""))
    return Hints(
        brand=brand,
        major=major,
        is_engine=is_engine,
        platform=_PLATFORMS.get(platform[1:-1]) if platform.startswith('"') else None,
        is_mobile={"?0": False, "?1": True}.get(mobile),
    )


def _brand(members: list[tuple[str, str]]) -> tuple[tuple[str, str] | None, str | None, bool]:
    """Find the brand that says most: families, major version, and whether it is only an engine's.

    Brands on no list are grease (3.5: `Not_A Brand`), or browsers that hide behind their engine.
    """
    brands = {
        name[1:-1]: dict(_PARAMETER.findall(parameters)).get("v", "")
        for name, parameters in members
        if name.startswith('"')
    }
    for known, is_engine in ((_FAMILIES, False), (_ENGINES, True)):
        for name in known:
            if name in brands:
                version = _VERSION.fullmatch(brands[name])
                return known[name], version[1] if version else None, is_engine
    return None, None, False


def _item(text: str) -> str:
    """Read a field of one item without its parameters; empty if malformed."""
    members = _members(text)
    return members[0][0] if len(members) == 1 else ""


def _members(text: str) -> list[tuple[str, str]]:
    """Read a list as items with their parameters; empty if it is malformed anywhere."""
    members: list[tuple[str, str]] = []
    at = 0
    while at < len(text):
        member = _MEMBER.match(text, at)
        if member is None:
            return []
        members.append((member[1], member[2]))
        at = member.end()
    return [] if text.endswith(",") else members
