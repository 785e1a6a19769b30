"""How outputs are judged: by definitions that say nothing of remit, so that peers are judged by the same.

Agents are folded to coarse classes first, since every library names the same browser in its own way.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log2
from typing import Final

BROWSERS: Final[Mapping[str, str]] = {
    "samsung": "Samsung",
    "uc browser": "UC",
    "ucbrowser": "UC",
    "uc mini": "UC",
    "opera": "Opera",
    "opr": "Opera",
    "edge": "Edge",
    "internet explorer": "IE",
    "ie mobile": "IE",
    "iemobile": "IE",
    "firefox": "Firefox",
    "fennec": "Firefox",
    "yandex": "Yandex",
    "miui": "MIUI",
    "mi browser": "MIUI",
    "huawei browser": "Huawei",
    "vivo": "Vivo",
    "vivaldi": "Vivaldi",
    "brave": "Brave",
    "whale": "Whale",
    "maxthon": "Maxthon",
    "qq": "QQ",
    "silk": "Silk",
    "duckduckgo": "DuckDuckGo",
    "puffin": "Puffin",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "wechat": "WeChat",
    "blackberry": "BlackBerry",
    "konqueror": "Konqueror",
    "seamonkey": "SeaMonkey",
    "chromium": "Chromium",
    "android webview": "Chrome",
    "chrome": "Chrome",
    "crios": "Chrome",
    "safari": "Safari",
    "android": "Android",
}
"""Class of a browser by the first of these parts that its name has."""

SYSTEMS: Final[Mapping[str, str]] = {
    "windows phone": "Windows Phone",
    "windows mobile": "Windows Mobile",
    "windows ce": "Windows CE",
    "windows": "Windows",
    "ipados": "iOS",
    "ios": "iOS",
    "mac": "Mac",
    "watchos": "watchOS",
    "apple tv": "tvOS",
    "atv os": "tvOS",
    "tvos": "tvOS",
    "chrome os": "ChromeOS",
    "chromeos": "ChromeOS",
    "chromecast": "ChromeOS",
    "fire os": "Android",
    "android": "Android",
    "fireos": "Android",
    "harmony": "HarmonyOS",
    "tizen": "Tizen",
    "kaios": "KaiOS",
    "webos": "webOS",
    "blackberry": "BlackBerry",
    "symbian": "Symbian",
    "series40": "Symbian",
    "ubuntu": "Linux",
    "fedora": "Linux",
    "debian": "Linux",
    "mint": "Linux",
    "red hat": "Linux",
    "centos": "Linux",
    "linux": "Linux",
    "playstation": "PlayStation",
    "freebsd": "BSD",
    "openbsd": "BSD",
    "netbsd": "BSD",
    "roku": "Roku",
}
"""Class of a system by the first of these parts that its name has."""

DEVICES: Final[Mapping[str, str]] = {
    "smartphone": "mobile",
    "phablet": "mobile",
    "feature phone": "mobile",
    "mobile": "mobile",
    "pc": "desktop",
    "desktop": "desktop",
    "tablet": "tablet",
    "tv": "tv",
    "console": "console",
    "bot": "bot",
}
"""Class of a device; any other name is another class."""

SAMPLE_MIN: Final = 30
"""Values of a sample below which its share says nothing (one of them is 3 %; our choice)."""

Span = tuple[int, int, str]
"""Where a labelled value begins and ends, in characters, and its kind."""


def browser_class(name: object) -> str:
    """Fold the name of a browser; empty where there is none."""
    return _folded(name, BROWSERS)


def system_class(name: object) -> str:
    """Fold the name of a system; empty where there is none."""
    return _folded(name, SYSTEMS)


def device_class(name: object) -> str:
    """Fold the name of a device class; empty where there is none."""
    return DEVICES.get(str(name).lower(), "other") if name else ""


def _folded(name: object, classes: Mapping[str, str]) -> str:
    """Give the class of the first part that a name has; a name of no class is one of its own."""
    low = str(name or "").lower()
    if low == "ie":
        return "IE"
    found = (kind for part, kind in classes.items() if part in low)
    return next(found, re.sub(r"\W", "", low))


@dataclass(slots=True)
class TextScore:
    """What is left of labelled values and lost of everything else.

    Attributes:
        spans: Labelled values by kind.
        leaks: Of these, those that still stand.
        words: Words outside every span.
        lost: Of these, those that are gone.
        clean: Texts without any span.
        changed: Of these, those that are not as they were.
    """

    spans: Counter[str] = field(default_factory=Counter)
    leaks: Counter[str] = field(default_factory=Counter)
    words: int = 0
    lost: int = 0
    clean: int = 0
    changed: int = 0

    def add(self, text: str, spans: Sequence[Span], out: str, kinds: Collection[str]) -> None:
        """Judge one text.

        Args:
            text: What went in.
            spans: Every labelled value.
            out: What came out.
            kinds: Of the values that should be gone; the others count neither as leaks nor as words.
        """
        for start, end, kind in spans:
            if kind in kinds:
                self.spans[kind] += 1
                self.leaks[kind] += stands(text, (start, end), spans, out)
        left = Counter(re.findall(r"\w+", out))
        for word in re.finditer(r"\w+", text):
            if not any(start < word.end() and word.start() < end for start, end, _ in spans):
                self.words += 1
                self.lost += left[word[0]] <= 0
                left[word[0]] -= 1
        if not spans:
            self.clean += 1
            self.changed += out != text


def stands(text: str, place: tuple[int, int], spans: Sequence[Span], out: str) -> bool:
    """Whether a labelled value still stands in the output, more often than its copies outside every span explain."""
    value = text[place[0] : place[1]]
    if not value.strip():
        return False
    whole = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)")
    free = sum(
        not any(start <= found.start() and found.end() <= end for start, end, _ in spans)
        for found in whole.finditer(text)
    )
    return len(whole.findall(out)) > free


def percent(part: int, whole: int, of: int = 0) -> float | None:
    """Give a share in percent.

    Args:
        part: Of those that were judged, for how many it holds.
        whole: How many were judged.
        of: How many there are, where a sample was judged.

    Returns:
        None where nothing was judged, or too small a sample to say anything.
    """
    return 100 * part / whole if whole >= max(1, min(SAMPLE_MIN, of)) else None


def entropy(values: Iterable[object]) -> float:
    """Give the Shannon entropy of a column in bits: what a value tells at the mean."""
    counts = Counter(values)
    total = counts.total()
    return sum(n / total * log2(total / n) for n in counts.values())


def unique_share(rows: Iterable[object]) -> float:
    """Give the percentage of rows that no other row equals."""
    counts = Counter(rows)
    return 100 * sum(n == 1 for n in counts.values()) / max(1, counts.total())
