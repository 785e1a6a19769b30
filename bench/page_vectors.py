"""What is left of hostile URLs, held against the vectors of the WHATWG URL standard.

    python -m bench.page_vectors urltestdata.jsonl.gz

Each row is an object of the standard's `urltestdata.json`: `input`, `base`, and either `failure` or the parts of the
parsed URL. No base is known to the reducer, so what needs one may only become `{other}`.
"""

import gzip
import json
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import unquote

from remit_consumers.reducers.page import page_of

Row = Mapping[str, str]
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
NOTHING: Final = {"", "/", "{other}"}
TELLING_CHARS_MIN: Final = 3  # a shorter part of a URL may stand in a path by chance
PARTS: Final = {
    "username": "userinfo",
    "password": "userinfo",
    "hostname": "host",
    "search": "query",
    "hash": "fragment",
}


def score(path: Path) -> tuple[int, int, list[str]]:
    """Reduce every URL of a file.

    Returns:
        How many rows break a property, how many rows there are, and which properties were broken how often.
    """
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    broken = [set(breaches(json.loads(line))) for line in text.decode("utf-8").split("\n") if line]
    kinds = Counter(kind for each in broken for kind in each)
    return (
        sum(map(bool, broken)),
        len(broken),
        [f"{kind}: {count}" for kind, count in kinds.most_common()],
    )


def breaches(row: Row) -> Iterator[str]:
    """Name the properties that do not hold for one row."""
    page = page_of(row["input"])
    if page not in NOTHING and not page.startswith("/"):
        yield "neither a path nor other"
    if not page.isprintable():
        yield "control character"
    if set(page) & set("?#@%\\:"):
        yield "character of another part"
    if "failure" in row:
        if _SCHEME.match(row["input"].strip()) and page not in NOTHING:
            yield "kept of what is no URL"
        return
    yield from _leaks(row, page)
    if row["protocol"] not in {"http:", "https:"}:
        if _SCHEME.match(row["input"].strip()) and page not in NOTHING:
            yield "payload of another scheme"
        return
    yield from _of_path(row, page)


def is_absolute(url: str) -> bool:
    """Whether a URL needs no base, or only its scheme."""
    return bool(_SCHEME.match(url.strip())) or url.strip().startswith(("//", "\\\\", "/\\", "\\/"))


def _leaks(row: Row, page: str) -> Iterator[str]:
    """Name the other parts of a URL that stand in what was kept, and do not stand in its path."""
    path = _plain(row["pathname"])
    for part, kind in PARTS.items():
        text = _plain(row[part]).strip("?#")
        if len(text) >= TELLING_CHARS_MIN and text in page and text not in path:
            yield f"{kind} kept"


def _of_path(row: Row, page: str) -> Iterator[str]:
    """Hold the path that was kept against the standard's, segment by segment."""
    if page_of(row["href"]) != page and is_absolute(row["input"]):
        yield "another page than its normal form"
    kept = page_of(row["href"]).strip("/").split("/")
    path = [
        s.partition(";")[0]
        for s in re.split(r"[/\\]", _plain(row["pathname"]))
        if s.partition(";")[0]
    ]
    if kept[-1] in {"{url}", "{more}"}:
        kept, path = kept[:-1], path[: len(kept) - 1]
    pairs = zip(kept, path or [""], strict=False)
    if len(kept) != len(path or [""]) or any("{" not in k and k != p for k, p in pairs):
        yield "another path than the standard's"


def _plain(text: str) -> str:
    """Decode as the reducer does: until nothing is left, and look-alikes."""
    for _ in range(5):
        text = unquote(text)
    return (
        unicodedata.normalize("NFKC", text).partition("?")[0].partition("#")[0]
        if text[:1] not in "?#"
        else text
    )


if __name__ == "__main__":
    wrong, total, kinds = score(Path(sys.argv[1]))
    print(f"wrong {wrong} of {total}", *kinds, sep="\n")
