"""The route of the app that a path belongs to, found segment by segment."""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from remit_schemas.routes import RouteSegment, read_route

SEGMENTS_MAX = 64
"""Segments of a path that is matched: no route is longer, and two paths in one match in its square of ways."""

_KINDS: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "int": re.compile("-?[0-9]{1,100}").fullmatch,
        "float": re.compile(r"-?[0-9]{1,100}(?:\.[0-9]{1,100})?").fullmatch,
        "uuid": re.compile("[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}").fullmatch,
        "slug": re.compile("[A-Za-z0-9_-]{1,4096}").fullmatch,
        "text": bool,
    }
)
"""What a parameter takes, in the order in which they are tried. A path takes all that is left, and comes last."""

_WHOLE_NUMBER = re.compile(r"[0-9]+|[0-9a-f-]{36}")


@dataclass(slots=True)
class _Node:
    """Where the routes stand that begin alike: what may follow, and the route that ends here."""

    words: dict[str, "_Node"] = field(default_factory=dict)
    parameters: list[tuple[RouteSegment, "_Node"]] = field(default_factory=list)
    route: str | None = None


class Routes:
    """The routes of an app, as a tree of segments.

    Attributes:
        has_numbers: Whether some route has a number or UUID as a word, so that paths must come with theirs.
    """

    def __init__(self, routes: Sequence[str]) -> None:
        self._root = _Node()
        self.has_numbers = False
        for route in routes:
            self._add(unicodedata.normalize("NFKC", route))

    def find(self, segments: Sequence[str]) -> str | None:
        """Find the route of a path: words before parameters, narrow parameters before wide ones, paths last.

        Args:
            segments: Decoded, without empty ones.

        Returns:
            The route with its parameters in braces, as it is written; None where none fits.
        """
        return _find(self._root, segments, 0) if len(segments) <= SEGMENTS_MAX else None

    def _add(self, route: str) -> None:
        """Add a route; of two that fit the same paths, the first holds."""
        node = self._root
        segments = read_route(route)
        for segment in segments:
            node = _next(node, segment)
            self.has_numbers |= _WHOLE_NUMBER.fullmatch(segment.written) is not None
        if node.route is None:
            slash = "/" if segments and route.endswith("/") else ""
            node.route = "/" + "/".join(segment.written for segment in segments) + slash


def _next(node: _Node, segment: RouteSegment) -> _Node:
    """Give the node behind a segment, a new one if need be; parameters stay in the order of trial."""
    if not segment.names:
        return node.words.setdefault(segment.written, _Node())
    for known, behind in node.parameters:
        if known == segment:
            return behind
    behind = _Node()
    node.parameters.append((segment, behind))
    node.parameters.sort(key=_width)
    return behind


def _width(parameter: tuple[RouteSegment, _Node]) -> tuple[int, int]:
    """Order parameters: those beside most text first, then by what they take."""
    segment, _ = parameter
    kind = segment.kinds[0]
    order = [*_KINDS, "path"]
    return (-sum(map(len, segment.literals)), order.index(kind))


def _find(node: _Node, segments: Sequence[str], place: int) -> str | None:
    """Match from a place on. Each node is met once for each place at which a path before it may end."""
    if place == len(segments):
        return node.route
    segment = segments[place]
    for parameter, behind in _own(node, segment):
        if found := _behind(parameter, behind, segments, place):
            return found
    word = node.words.get(segment)
    if word is not None and (found := _find(word, segments, place + 1)):
        return found
    for parameter, behind in node.parameters:
        if _takes(parameter, segment) and (found := _behind(parameter, behind, segments, place)):
            return found
    return None


def _own(node: _Node, segment: str) -> Iterator[tuple[RouteSegment, _Node]]:
    """Give the parameters whose own name stands here: what was reduced before is reduced to the same."""
    if "{" in segment:
        yield from (one for one in node.parameters if one[0].written == segment)


def _behind(
    parameter: RouteSegment, behind: _Node, segments: Sequence[str], place: int
) -> str | None:
    """Match what comes behind a parameter; a path takes one segment or more."""
    if parameter.kinds != ("path",):
        return _find(behind, segments, place + 1)
    if not behind.words and not behind.parameters:
        return behind.route
    for end in range(place + 1, len(segments) + 1):
        if found := _find(behind, segments, end):
            return found
    return None


def _takes(parameter: RouteSegment, segment: str) -> bool:
    """Whether a parameter, with the text around it, takes a segment."""
    if parameter.kinds == ("path",):
        return True
    first, *middle, last = parameter.literals
    rest = segment[len(first) : len(segment) - len(last)]
    if not rest or not segment.startswith(first) or not segment.endswith(last):
        return False
    for literal, kind in zip(middle, parameter.kinds, strict=False):
        value, found, rest = rest.partition(literal)
        if not found or not _KINDS[kind](value):
            return False
    return bool(_KINDS[parameter.kinds[-1]](rest))


@lru_cache(maxsize=16)
def routes_of(routes: tuple[str, ...]) -> Routes | None:
    """Make the tree of a policy's routes once; None where there are none."""
    return Routes(routes) if routes else None
