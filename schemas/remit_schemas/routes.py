"""Routes as web frameworks write them: `/orders/{order_id}`, `/orders/<int:id>`, `{path:path}`.

Read here, so that a route that cannot be used stops a policy from loading; matched by the reducer `page`.

Source: Starlette, "Path Parameters"; Werkzeug, "URL Routing"; Django, "Path converters".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from remit_schemas.errors import PolicyError
from remit_schemas.reducer import Scalar, listed

ROUTES_MAX = 1_000
"""Routes of one policy: large apps have some hundreds (our choice)."""

ROUTE_CHARS_MAX = 256
"""Characters of one route (our choice)."""

PATHS_MAX = 2
"""Parameters of the kind path in one route: each more multiplies the ways to match (Django's own admin has two)."""

CONVERTERS: Mapping[str, str] = MappingProxyType(
    {
        "": "text",
        "str": "text",
        "string": "text",
        "any": "text",
        "slug": "slug",
        "int": "int",
        "float": "float",
        "uuid": "uuid",
        "path": "path",
    }
)
"""What the frameworks call the kinds of a parameter, and the kind it is."""

_PARAMETER = re.compile(
    r"\{(?P<name>[A-Za-z_]\w{0,63})(?::(?P<kind>[a-z]{1,16}))?\}"
    r"|<(?:(?P<flask_kind>[a-z]{1,16})(?:\([^()<>]{0,200}\))?:)?(?P<flask_name>[A-Za-z_]\w{0,63})>",
    re.ASCII,
)
_LITERAL = re.compile(r"[\w.~!$&'()*+,=:@-]*")
_REGULAR = re.compile(r"\(\?|\\[A-Za-z.]|[\^$|\[\]]|\([^()]*\)[*+?]|<(?:re|regex)\b")


@dataclass(frozen=True, slots=True)
class RouteSegment:
    """A segment of a route: `literals[0] + a parameter + literals[1] + …`.

    Attributes:
        literals: The text around the parameters; one more than there are parameters.
        names: Names of the parameters; empty where the segment is a word.
        kinds: `text`, `slug`, `int`, `float`, `uuid` or `path`, one for each parameter.
    """

    literals: tuple[str, ...]
    names: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def written(self) -> str:
        """The segment in the one form in which it comes out: `{order_id}`."""
        named = zip(self.names, self.literals[1:], strict=True)
        return self.literals[0] + "".join(f"{{{name}}}{text}" for name, text in named)


def read_route(route: str) -> tuple[RouteSegment, ...]:
    """Read a route; the slash before it may be missing, the one behind it says nothing.

    Raises:
        PolicyError: It is a regular expression, or no path of words and parameters. Says why, without the route.
    """
    bare = _PARAMETER.sub("", route)
    if _REGULAR.search(bare):
        raise PolicyError(
            "is a regular expression, which no route may be: write it with parameters"
        )
    if any(bracket in bare for bracket in "{}<>"):
        raise PolicyError("has a parameter that is none: write {name}, {name:kind} or <kind:name>")
    segments = [_segment(text) for text in route.strip("/").split("/")] if route.strip("/") else []
    paths = sum(segment.kinds.count("path") for segment in segments)
    if paths > PATHS_MAX:
        raise PolicyError(f"has more than {PATHS_MAX} parameters of the kind path")
    return tuple(segments)


def check_routes(routes: tuple[str, ...]) -> None:
    """See that every route of a policy can be read.

    Raises:
        PolicyError: Names the number of the first that cannot, and says why.
    """
    for number, route in enumerate(routes, 1):
        try:
            read_route(route)
        except PolicyError as error:
            message = f"entry {number} {error}"
            raise PolicyError(message) from None


def differ(before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> bool:
    """Whether the routes are others: a new one keeps its words, and without an old one they are guessed."""
    return set(listed(before, "routes")) != set(listed(after, "routes"))


def _segment(text: str) -> RouteSegment:
    """Read what stands between two slashes."""
    found = list(_PARAMETER.finditer(text))
    ends = [0, *(match.end() for match in found)]
    starts = [*(match.start() for match in found), len(text)]
    literals = tuple(text[end:start] for end, start in zip(ends, starts, strict=True))
    if not text or text in {".", ".."}:
        raise PolicyError("has an empty segment, or one of dots")
    if not all(_LITERAL.fullmatch(literal) for literal in literals):
        raise PolicyError("has a character that no path has, once it is decoded")
    if not all(literals[1:-1]):
        raise PolicyError("has two parameters with nothing between them")
    kinds = tuple(_kind(match["kind"] or match["flask_kind"] or "") for match in found)
    if "path" in kinds and any(literals):
        raise PolicyError("has a path beside other text in one segment")
    return RouteSegment(literals, tuple(m["name"] or m["flask_name"] for m in found), kinds)


def _kind(converter: str) -> str:
    """Name the kind of a parameter."""
    if converter not in CONVERTERS:
        known = ", ".join(name for name in CONVERTERS if name)
        raise PolicyError(f"has a parameter of an unknown kind; there are {known}")
    return CONVERTERS[converter]
