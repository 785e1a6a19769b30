"""Families of browser and system: the agent parser's answer, mended where its order of rules fails, and closed.

A family comes from a closed list (the words of the parser's own rules, and ours), so nothing that a client wrote gets
out; a version is a number of up to three digits, or Windows' own name for it.
"""

import re
from dataclasses import dataclass
from functools import cache

from ua_parser import Domain, loaders
from ua_parser.core import OS
from ua_parser.regex import Resolver

from remit_consumers.reducers.crawlers import CRAWLERS

OTHER = "other"
"""The family of what no rule knows, or of what a client named itself."""

Family = tuple[str, str | None]
"""A family and its major version."""

_MAJOR = re.compile(r"[0-9]{1,3}", re.ASCII)
_SYSTEM_WORDS = frozenset(
    {"XP", "Vista", "ME", "NT", "RT", "2000", "2003", "95", "98", "3.1", "8.1"}
)
"""Versions of systems that are no number of three digits: the closed list of Windows' names."""

_ENGINES = frozenset(
    {"Android", "Chrome", "Chrome Mobile", "Chrome Mobile WebView", "Chromium", "Safari"}
    | {"Mobile Safari", "Mobile Safari UI/WKWebView", OTHER}
)
"""Families that a browser is given by what it is built on, when the parser does not know its own name."""

_OWN = {
    "ABB": "AdBlock Browser",
    "BaiduHD": "Baidu Browser",
    "bdbrowser": "Baidu Browser",
    "Bromite": "Bromite",
    "CMBrowser": "CM Browser",
    "Cake": "Cake Browser",
    "CocCoc": "Coc Coc",
    "Cromite": "Cromite",
    "EUIBrowser": "EUI Browser",
    "Ecosia": "Ecosia",
    "Falkon": "Falkon",
    "Focus": "Firefox Focus",
    "Ghostery": "Ghostery",
    "GoBrowser": "GO Browser",
    "HiBrowser": "HiBrowser",
    "JioBrowser": "JioSphere",
    "JioPages": "JioSphere",
    "JioSphere": "JioSphere",
    "Klar": "Firefox Klar",
    "LBBROWSER": "Liebao",
    "LG Browser": "LG Browser",
    "LieBaoFast": "Liebao",
    "MZBrowser": "Meizu Browser",
    "Mb2345Browser": "2345 Browser",
    "MintBrowser": "Mint Browser",
    "MiuiBrowser": "MiuiBrowser",
    "OPRGX": "Opera GX",
    "QHBrowser": "360 Browser",
    "QihooBrowser": "360 Browser",
    "RealmeBrowser": "Realme Browser",
    "SearchCraft": "SearchCraft",
    "SmartisanBrowser": "Smartisan Browser",
    "SogouMobileBrowser": "Sogou Mobile Browser",
    "SputnikBrowser": "Sputnik Browser",
    "Stargon": "Stargon",
    "TVBro": "TV Bro",
    "TaoBrowser": "Tao Browser",
    "Tbrowser": "T-Browser",
    "TungstenBrowser": "Tungsten",
    "UCTurbo": "UC Browser Turbo",
    "UMEBrowser": "UME Browser",
    "Vewd": "Vewd Browser",
    "YaApp_Android": "Yandex Browser",
    "YaApp_iOS": "Yandex Browser",
    "YaBrowser": "Yandex Browser",
    "YaSearchBrowser": "Yandex Browser",
    "YandexSearch": "Yandex Browser",
}
"""Products of browsers that the parser takes for the engine they are built on. Source: their makers' agent strings."""

_PRODUCT = re.compile(r"((?:LG )?[A-Za-z0-9][A-Za-z0-9_.]{1,24}+)/v?(?:([0-9]{1,3})(?![0-9]))?")
"""A product and its major version (RFC 9110, 10.1.5)."""

_PLAIN = frozenset({"Mozilla", "AppleWebKit", "Chrome", "Version", "Safari", "Mobile"})
"""Products that every browser on Chrome's engine names."""

_CHROME_MOBILE = frozenset({"Chrome Mobile", "Chrome Mobile WebView"})
_MOBILE_FORM = re.compile(r" Mobile\b|; wv\b|Version/[0-9.]{1,8} ")
"""What makes the parser say `Chrome Mobile` before it has asked for most browsers built on it."""

_HBBTV = re.compile(r"HbbTV/[0-9.]{1,12} ?\([^()]{0,300}+\)?")
"""A standard of television, which the parser takes for a browser (ETSI TS 102 796, 7.3.2.4)."""

_COMMENT = re.compile(r"\([^()]{0,300}+\)")
_CFNETWORK = re.compile(r"CFNetwork/(?:([0-9]{1,3})(?![0-9]))?")
_WORD = re.compile(r"[a-z]{2,12}+")
_CASED = {
    word.lower(): word
    for word in [
        "Mozilla",
        "Linux",
        "Android",
        "AppleWebKit",
        "KHTML",
        "Chrome",
        "Mobile",
        "Safari",
        "Version",
        "Build",
        "Windows",
        "NT",
        "Macintosh",
        "Intel",
        "Mac",
        "OS",
        "Gecko",
        "Firefox",
        "Opera",
        "MSIE",
        "Trident",
        "CPU",
        "iPhone",
        "iPad",
        "Edge",
        "Edg",
        "OPR",
        "YaBrowser",
        "SamsungBrowser",
        "UCBrowser",
    ]
}
"""The words that rules ask for, as browsers write them: some proxies send all in lower case."""

_SAME = {
    "Web0S": "webOS",
    "Ovi Browser": "Nokia Browser",
    "Nokia Services (WAP) Browser": "Nokia Browser",
    "Waterfox": "Firefox",
}
"""One name for one thing. A rebuild that names what it rebuilds, with the same version, is that: its own name would
single out the few who use it. So small rebuilds of Chrome are not in `_OWN` either."""

_META = re.compile(r"[|()\[\]?*+^${}\\/]+")
_NAME = re.compile(r"[A-Za-z0-9!][A-Za-z0-9 _.!%-]{0,20}[A-Za-z]{2}[A-Za-z0-9 _.!-]{0,20}|[A-Z]{2}")
"""What a name looks like, among the pieces of a pattern."""


@dataclass(frozen=True, slots=True)
class Families:
    """Browser and system of an agent string, each with its major version."""

    browser: str
    browser_major: str | None
    os: str
    os_major: str | None


def families_of(value: str, *, is_program: bool) -> Families:
    """Read the families of an agent string.

    Args:
        value: The agent string, of bounded length.
        is_program: Whether a program speaks: it is taken by its name, never for the browser it is built on.
    """
    if value.startswith("mozilla/") and value.islower():
        value = _WORD.sub(lambda word: _CASED.get(word[0], word[0]), value)
    parsed = _resolver()(value, Domain.USER_AGENT | Domain.OS)
    browser = parsed.user_agent
    family, major = _closed(browser.family, browser.major) if browser else (OTHER, None)
    system, system_major = _system(parsed.os)
    if not is_program:
        family, major = _mended(value, (family, major))
        if family in (OTHER, "Safari") and system == "Android" and "AppleWebKit" in value:
            family, major = "Android", system_major  # its own browser was never Apple's
    if not value.startswith("Mozilla/") and (network := _CFNETWORK.search(value)):
        family, major = "CFNetwork", network[1]  # what stands before it is the app's own name
    return Families(family, major, system, system_major)


def _mended(value: str, found: Family) -> Family:
    """Look again where the parser names what a browser is built on or stands in."""
    family, _ = found
    if family == "HbbTV":
        again = _browser(_HBBTV.sub("", value))
        return found if again[0] == OTHER else again
    if family not in _ENGINES and family != "Aloha Browser":  # `ABB` is taken for it
        return found
    products = _PRODUCT.findall(value)
    for product, major in products:
        if product in _OWN:
            return _OWN[product], major or None
    if family == OTHER:  # the device's name may have been taken for the browser's
        return _browser(_COMMENT.sub("", value, count=1))
    if family in _CHROME_MOBILE and any(product not in _PLAIN for product, _ in products):
        again = _browser(_MOBILE_FORM.sub("", value))
        return found if again[0] in _ENGINES else again
    return found


def _browser(value: str) -> Family:
    """Ask the parser for the browser alone."""
    parsed = _resolver()(value, Domain.USER_AGENT).user_agent
    return _closed(parsed.family, parsed.major) if parsed else (OTHER, None)


def _system(parsed: OS | None) -> Family:
    """Read the system."""
    if parsed is None:
        return OTHER, None
    if (parsed.family, parsed.major) == ("Windows", "CE"):
        return "Windows CE", None
    return _closed(parsed.family, parsed.major)


def _closed(family: str, version: str | None) -> Family:
    """Keep a family of the closed list, and a version that is a short number or a system's own word."""
    family = _SAME.get(family, family)
    if family not in _names():
        return OTHER, None
    known = version and (_MAJOR.fullmatch(version) or version in _SYSTEM_WORDS)
    return family, version if known else None


@cache
def _resolver() -> Resolver:
    """Compile the parser's rules, at first use: 0.25 s."""
    return Resolver(loaders.load_builtins())


@cache
def _names() -> frozenset[str]:
    """Collect every name that the rules spell out, as a result or in what they look for."""
    browsers, systems, _ = loaders.load_builtins()
    names = {"FreeBSD", "NetBSD", "OpenBSD", *CRAWLERS, *_SAME.values()}  # `(?:Free|Open|Net)BSD`
    for rule in (*browsers, *systems):
        template = str(getattr(rule, "family", None) or "$1")
        words = [word.strip() for word in _META.split(str(getattr(rule, "regex", "")))]
        spelled = [word for word in words if _NAME.fullmatch(word)] if "$1" in template else [""]
        names.update(template.replace("$1", word) for word in spelled)
    return frozenset(names - {"Other"})
