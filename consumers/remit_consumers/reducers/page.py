"""The path of a page: query, fragment and whatever looks like an identifier are gone.

Everything is decoded before it is looked at, and what still cannot be told apart from data is named by its kind.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache, partial
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.routes import Routes, routes_of
from remit_consumers.reducers.segment import MORE, templated
from remit_consumers.reducers.unique import Memo, each, text
from remit_schemas.reducer import Scalar, listed

OTHER = "{other}"
"""What stands for an address that is no page: other schemes, undecodable or endless ones."""

CHARS_MAX = 4_096
"""Longer paths are no page of an app; servers refuse them (nginx and Apache at 8,192 for the whole line)."""

SEGMENTS_MAX = 16
"""Segments kept: deeper paths are loops of crawlers (our choice; 150,000 real requests have at most 11)."""

DECODE_ROUNDS = 5
"""Percent-encodings within one another that are undone; real ones have two, deeper ones hide something."""

PORT_MAX = 65_535
"""The greatest port. Source: RFC 9293, 3.1."""

REPEATS_MAX = 4
"""Times a page is reduced at most, until it stays as it is (our choice; of 11,736 real pages none changes twice)."""

_PLAIN_IDS = (
    (r"/[0-9]+([/?#]|$)", "/0$1"),
    (
        r"/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}([/?#]|$)",
        "/00000000-0000-0000-0000-000000000000$1",
    ),
)
_SIMPLE = re.compile(r"(?:/[A-Za-z0-9][A-Za-z0-9._~-]*+)++/?")
"""A path with nothing to decode, to resolve or to strip."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0080-\u009f\u2028\u2029]+")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,31}):", re.ASCII)
_HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]{2,64}\]|[^\x00-\x20\x7f#%/:<>?@\[\\\]^|]++)(?::(?P<port>[0-9]{0,64}))?"
)
"""What may stand between `//` or `@` and the path. Source: WHATWG URL, "forbidden domain code point"."""

_NUMBERS = re.compile(r"[0-9.]{1,64}(?::[0-9]{0,64})?")
BYTE_MAX = 255

_LEADERS = {0x2024: "\ufffd", 0x2025: "\ufffd", 0x2026: "\ufffd"}
"""Dots that are leaders, and no dots of a path: their compatible form would climb out of a folder."""

_WORD = re.compile(r"[A-Za-z](?:[A-Za-z_-]{0,22}[A-Za-z])?", re.ASCII)
_WEB = frozenset({"http", "https"})


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Keep the templated path of each page; of its query only allowed keys whose value is a plain word."""
    allow = _allowed(parameters)
    if not allow:
        values = _before_query(values)
    routes = listed(parameters, "routes")
    return each(values, lambda distinct: [page or None for page in _pages(distinct, allow, routes)])


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rules that hold for one value."""
    allow, routes = _allowed(parameters), routes_of(listed(parameters, "routes"))
    page = page_of(value, allow, routes)
    path = page.partition("?")[0]
    rules = ["query and fragment dropped"] if re.search("[?#]", value) else []
    if routes and path == routes.find(_resolved(path)[0]):
        return "; ".join([*rules, "a route of the app"])
    rules += ["no route of the app"] if routes else []
    kinds = sorted(set(re.findall(r"\{(\w+)\}", page)))
    rules += [f"segments templated: {', '.join(kinds)}"] if kinds else []
    return "; ".join(rules) or "path kept"


def page_of(value: str, allow: tuple[str, ...] = (), routes: Routes | None = None) -> str:
    """Reduce one path or URL, until doing it again changes nothing.

    Returns:
        The path, `{other}` where it is no page, empty where there is nothing.
    """
    for _ in range(REPEATS_MAX):
        page = _reduced(value, allow, routes)
        if page == value:
            return page
        value = page
    return OTHER


def _reduced(value: str, allow: tuple[str, ...], routes: Routes | None) -> str:
    """Reduce one path or URL once."""
    if _SIMPLE.fullmatch(value) and len(value) <= CHARS_MAX:
        if value.endswith("/"):
            return _page(value[1:-1].split("/"), "/", routes)
        return _page(value[1:].split("/"), "", routes)
    raw_path, _, raw_query = value.partition("#")[0].partition("?")
    if len(raw_path) > CHARS_MAX:
        return OTHER
    if not value.strip():
        return ""
    path = _path_of(_decoded(raw_path))
    if path is None:
        return OTHER
    return _page(*_resolved(path), routes) + _kept_query(raw_query, allow)


def _page(segments: list[str], slash: str, routes: Routes | None) -> str:
    """Write the route that a path belongs to; where there is none, template each segment and bound their number."""
    if routes and (route := routes.find(segments)):
        return route
    if len(segments) > SEGMENTS_MAX:
        segments, slash = [*segments[:SEGMENTS_MAX], MORE], ""
    return "/" + "/".join(templated(segments)) + (slash if segments else "")


def _resolved(path: str) -> tuple[list[str], str]:
    """Resolve dots and drop matrix parameters and empty segments; and say whether a slash ends the path.

    Source: RFC 3986, 5.2.4; an empty segment counts for dots, as in WHATWG URL.
    """
    segments: list[str] = []
    bare = ""
    for segment in path.split("/")[1:]:
        bare = segment.partition(";")[0]
        if bare == "..":
            del segments[-1:]
        elif bare != ".":
            segments.append(bare)
    kept = [segment for segment in segments if segment]
    return kept, "/" if kept and bare in {"", ".", ".."} else ""


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
        value = unicodedata.normalize("NFKC", value.translate(_LEADERS))
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
        authority, _, path = value.lstrip("/").partition("/")
        return f"/{path}" if not authority or _is_host(authority.rpartition("@")[2]) else None
    if value.startswith("/") or not value:
        return value or "/"
    return None


def _is_host(text: str) -> bool:
    """Whether a text is a host with a port or without one; the host itself is not looked up."""
    match = _HOST.fullmatch(text)
    if match is None or int(match["port"] or 0) > PORT_MAX:
        return False
    if _NUMBERS.fullmatch(text):
        return _is_v4(text.partition(":")[0].rstrip(".").split("."))
    return any(map(str.isalnum, text))  # of soft hyphens and dots alone there is no host


def _is_v4(numbers: list[str]) -> bool:
    """Whether numbers are an IPv4 address, whose last one may stand for several bytes. Source: WHATWG URL, "IPv4 parser"."""
    bytes_left = 5 - len(numbers)
    if bytes_left < 1 or not all(numbers):
        return False
    return (
        max(map(int, numbers[:-1]), default=0) <= BYTE_MAX
        and int(numbers[-1]) >> (8 * bytes_left) == 0
    )


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
    return tuple(key for key in listed(parameters, "allow") if _WORD.fullmatch(key))


def _before_query(values: pa.Array) -> pa.Array:
    """Drop query and fragment of a whole column at once: they make values unique, and each would cost a look.

    A bare query is the page `/`.
    """
    column = text(values)
    series = pl.Series(column)
    mask = series.str.contains("[?#]").fill_null(value=False)
    cut = series.filter(mask).str.replace(r"(?s)[?#].*", "").str.replace(r"^$", "/")
    return pc.replace_with_mask(column, mask.to_arrow(), cut.to_arrow().cast(pa.string()))


def _pages(values: list[str], allow: tuple[str, ...], routes: tuple[str, ...]) -> list[str]:
    """Reduce distinct values; those that differ only in their numbers and UUIDs are looked at once."""
    tree = routes_of(routes)
    alike = values if tree and tree.has_numbers else _alike(values)
    distinct = list(dict.fromkeys(alike))
    pages = dict(zip(distinct, _memo(allow, routes).all(distinct), strict=True))
    return [pages[value] for value in alike]


def _alike(values: list[str]) -> list[str]:
    """Write one number for every whole segment that is a plain number, and one UUID for every UUID, on all at once.

    Only where `page_of` looks at the segment alone: behind a slash, up to the next one, in paths it would read.
    """
    column = pl.Series(values, dtype=pl.String)
    alike = column
    for pattern, one in _PLAIN_IDS:
        for _ in range(2):  # neighbours share a slash
            alike = alike.str.replace_all(pattern, one)
    readable = column.str.len_chars() <= CHARS_MAX
    return alike.zip_with(readable, column).to_list()


@lru_cache(maxsize=64)
def _memo(allow: tuple[str, ...], routes: tuple[str, ...]) -> Memo[str]:
    """Remember pages by what the policy says of them."""
    one = partial(page_of, allow=allow, routes=routes_of(routes))
    return Memo(lambda values: list(map(one, values)))
