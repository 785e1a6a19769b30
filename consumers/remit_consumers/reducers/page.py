"""The path of a page: query, fragment and whatever looks like an identifier are gone.

Everything is decoded before it is looked at, and what still cannot be told apart from data is named by its kind.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.segment import MORE, templated
from remit_consumers.reducers.unique import Memo, each, text
from remit_schemas.reducer import Scalar

OTHER = "{other}"
"""What stands for an address that is no page: other schemes, undecodable or endless ones."""

CHARS_MAX = 4_096
"""Longer paths are no page of an app; servers refuse them (nginx and Apache at 8,192 for the whole line)."""

SEGMENTS_MAX = 16
"""Segments kept: deeper paths are loops of crawlers (our choice; 150,000 real requests have at most 11)."""

DECODE_ROUNDS = 5
"""Percent-encodings within one another that are undone; real ones have two, deeper ones hide something."""

_PLAIN_IDS = (
    (r"/[0-9]+([/?#]|$)", "/{number}$1"),
    (r"/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}([/?#]|$)", "/{uuid}$1"),
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):", re.ASCII)
_WORD = re.compile(r"[A-Za-z](?:[A-Za-z_-]{0,22}[A-Za-z])?", re.ASCII)
_WEB = frozenset({"http", "https"})


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the templated path of each page; of its query only allowed keys whose value is a plain word."""
    allow = _allowed(parameters)
    if not allow:
        values = _before_query(values)
    return each(values, lambda distinct: [page or None for page in _pages(distinct, allow)])


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rules that hold for one value."""
    page = page_of(value, _allowed(parameters))
    kinds = sorted(set(re.findall(r"\{(\w+)\}", page)))
    rules = ["query and fragment dropped"] if re.search("[?#]", value) else []
    rules += [f"segments templated: {', '.join(kinds)}"] if kinds else []
    return "; ".join(rules) or "path kept"


def page_of(value: str, allow: tuple[str, ...] = ()) -> str:
    """Reduce one path or URL, until doing it again changes nothing.

    Returns:
        The path, `{other}` where it is no page, empty where there is nothing.
    """
    page = _reduced(value, allow)
    for _ in range(3):
        again = _reduced(page, allow)
        if again == page:
            return page
        page = again
    return OTHER


def _reduced(value: str, allow: tuple[str, ...]) -> str:
    """Reduce one path or URL once."""
    if not value.strip():
        return ""
    raw_path, _, raw_query = value.partition("#")[0].partition("?")
    path = _path_of(_decoded(raw_path)) if len(raw_path) <= CHARS_MAX else None
    if path is None:
        return OTHER
    return templated_path(path) + _kept_query(raw_query, allow)


def templated_path(path: str) -> str:
    """Resolve dots, template each segment and bound their number."""
    segments: list[str] = []
    for segment in path.split("/"):
        bare = segment.partition(";")[0]
        if bare == "..":
            del segments[-1:]
        elif bare not in {"", "."}:
            segments.append(bare)
    slash = "/" if segments and path.endswith("/") else ""
    if len(segments) > SEGMENTS_MAX:
        segments, slash = [*segments[:SEGMENTS_MAX], MORE], ""
    return "/" + "/".join(templated(segments)) + slash


def _decoded(value: str) -> str | None:
    """Undo percent-encoding until nothing is left of it, and look-alike letters; None where it does not end."""
    for _ in range(DECODE_ROUNDS):
        if "%" not in value:
            break
        once = unquote(value, errors="replace")
        if once == value:
            break
        value = once
    else:
        if "%" in value and unquote(value) != value:
            return None
    if not value.isascii():
        value = unicodedata.normalize("NFKC", value)
    if not value.isprintable():
        value = _CONTROL.sub("", value)
    return value.strip().replace("\\", "/").partition("#")[0].partition("?")[0]


def _path_of(value: str | None) -> str | None:
    """Take the path of a decoded path or http URL; None where it is neither."""
    if value is None or value.startswith(OTHER):
        return None
    if match := _SCHEME.match(value):
        if match[1].lower() not in _WEB:
            return None
        value = "//" + value[match.end() :].lstrip("/")
    if value.startswith("//"):
        return "/" + value.lstrip("/").partition("/")[2]
    if value.startswith("/") or not value:
        return value or "/"
    return None


def _kept_query(query: str, allow: tuple[str, ...]) -> str:
    """Keep the allowed keys of a query whose value is a plain word, in the order of the policy's list."""
    if not allow or not query:
        return ""
    found: dict[str, str] = {}
    for pair in query[:CHARS_MAX].split("&"):
        key, _, value = pair.partition("=")
        if key in allow and key not in found and _WORD.fullmatch(value):
            found[key] = value
    kept = "&".join(f"{key}={found[key]}" for key in allow if key in found)
    return f"?{kept}" if kept else ""


def _allowed(parameters: Mapping[str, Scalar]) -> tuple[str, ...]:
    """Read the allowed keys; such as would need encoding are left out."""
    allow = parameters.get("allow", ())
    return tuple(key for key in allow if _WORD.fullmatch(key)) if isinstance(allow, tuple) else ()


def _before_query(values: pa.Array) -> pa.Array:
    """Drop query and fragment of a whole column at once: they make values unique, and each would cost a look.

    The `?` or `#` itself stays, so that a bare query still is a page.
    """
    column = text(values)
    series = pl.Series(column)
    mask = series.str.contains("[?#]").fill_null(value=False)
    cut = series.filter(mask).str.replace(r"(?s)([?#]).*", "$1")
    return pc.replace_with_mask(column, mask.to_arrow(), cut.to_arrow().cast(pa.string()))


def _pages(values: list[str], allow: tuple[str, ...]) -> list[str]:
    """Reduce distinct values; those that differ only in their numbers and UUIDs are looked at once."""
    named = _named(values)
    distinct = list(dict.fromkeys(named))
    pages = dict(zip(distinct, _memo(allow).all(distinct), strict=True))
    return [pages[name] for name in named]


def _named(values: list[str]) -> list[str]:
    """Name whole segments that are plain numbers or UUIDs, on all values at once.

    Only what `page_of` would name so anyway: behind a slash, up to the next one, in paths it would read.
    """
    column = pl.Series(values, dtype=pl.String)
    named = column
    for pattern, kind in _PLAIN_IDS:
        for _ in range(2):  # neighbours share a slash
            named = named.str.replace_all(pattern, kind)
    readable = column.str.len_chars() <= CHARS_MAX
    return named.zip_with(readable, column).to_list()


@lru_cache(maxsize=64)
def _memo(allow: tuple[str, ...]) -> Memo[str]:
    """Remember pages by the keys that are allowed."""
    return Memo(lambda values: [page_of(value, allow) for value in values])
