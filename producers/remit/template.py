"""The route of a web framework as a page: parameters in braces by their names, without their kinds.

Source: Starlette, "Path Parameters"; Werkzeug, "URL Routing"; Django, "URL dispatcher", "Path converters".
"""

import re
from functools import lru_cache

_PARAMETER = re.compile(
    r"\{(?P<brace>[A-Za-z_]\w{0,63})(?::[^{}]{0,200})?\}"
    r"|<(?:[A-Za-z_]\w{0,63}(?:\([^()<>]{0,200}\))?:)?(?P<angle>[A-Za-z_]\w{0,63})>",
    re.ASCII,
)
_GROUP = re.compile(r"\(\?P<([A-Za-z_]\w{0,63})>", re.ASCII)
_UNNAMED = "text"
"""What a group of a regular expression without a name is called."""

_ANCHORS = re.compile(r"\\[AZzbB]|[\^$]")
_ESCAPED = re.compile(r"\\([^\w\s])")


@lru_cache(maxsize=1_024)
def template(route: str) -> str | None:
    """Write a route as `/orders/{order_id}`; None for a regular expression that is no path with groups.

    Args:
        route: As the framework has it: ``/orders/{order_id:int}``, ``orders/<int:order_id>/``,
            ``^orders/(?P<order_id>[0-9]+)/$``. An app has a fixed number of them.
    """
    if "(" in route or "\\" in route or "^" in route:
        bare = _PARAMETER.sub("", route)
        if "(" in bare or "\\" in bare or "^" in bare:
            return _from_regex(route)
    return _rooted(_PARAMETER.sub(lambda found: f"{{{found['brace'] or found['angle']}}}", route))


def _rooted(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _from_regex(pattern: str) -> str | None:
    """Write a regular expression as a path, each outermost group as a parameter."""
    parts: list[str] = []
    at = 0
    while (begin := pattern.find("(", at)) >= 0:
        end = _end_of_group(pattern, begin)
        named = _GROUP.match(pattern, begin)
        parts += [_plain(pattern[at:begin]), f"{{{named[1] if named else _UNNAMED}}}"]
        at = end
    path = _rooted("".join([*parts, _plain(pattern[at:])]))
    return None if re.search(r"[\\\[\]()*+?|]", path) else path


def _end_of_group(pattern: str, begin: int) -> int:
    """Give the place behind the bracket that closes a group; a bracket in a class counts like any other."""
    depth = 0
    for found in re.compile(r"\\.|[()]", re.DOTALL).finditer(pattern, begin):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    return len(pattern)


def _plain(text: str) -> str:
    """Take anchors and the backslashes before punctuation away."""
    return _ESCAPED.sub(r"\1", _ANCHORS.sub("", text))
