"""A statement is looked at before it runs: one SELECT, over views of one purpose, and nothing that reaches further."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import duckdb

from remit_schemas.errors import ReadRefused

TABLE_FUNCTIONS = frozenset({"range", "generate_series", "unnest"})
"""Functions that may stand where a table stands: they make rows of what the statement says, and read nothing."""

SQL_CHARS_MAX = 100_000
"""Longer than what people or programs write; a parser's memory is not for the rest."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a statement reads.

    Attributes:
        tables: Names of views, sorted.
        columns: Names of their columns that it may read, sorted.
    """

    tables: tuple[str, ...]
    columns: tuple[str, ...]


def looked_at(sql: str, views: Mapping[str, Collection[str]]) -> Statement:
    """See that a statement is one SELECT over views.

    Args:
        sql: The statement.
        views: The columns of each view that it may name.

    Raises:
        ReadRefused: It is anything else.
    """
    tree = _tree(sql)
    parts = list(_parts(tree))
    named_here = {str(name).lower() for part in parts for name in _named_by_with(part)}
    own = {name for name in named_here if "." not in name}  # a dot is a path to something else
    named = {
        name
        for part in parts
        if part.get("type") in {"BASE_TABLE", "SHOW_REF"} and (name := _table(part)) is not None
    }
    unknown = {name for name in named if name.lower() not in {*map(str.lower, views), *own}}
    if unknown:
        known = ", ".join(sorted(views)) or "none, since nothing is stored for it yet"
        message = f"the statement names what is no view of this purpose; there are: {known}"
        raise ReadRefused(message)
    for part in parts:
        if part.get("type") == "TABLE_FUNCTION" and _function(part) not in TABLE_FUNCTIONS:
            message = "a statement reads views and nothing else: no files, no settings, no functions in place of tables"
            raise ReadRefused(message)
    tables = tuple(sorted(name for name in views if name.lower() in {one.lower() for one in named}))
    return Statement(tables, _columns(parts, [views[name] for name in tables]))


def _tree(sql: str) -> Mapping[str, object]:
    """The statement as a tree, made by the engine's own parser; it alone says what is a SELECT."""
    if len(sql) > SQL_CHARS_MAX:
        message = f"a statement has {SQL_CHARS_MAX} characters at most, this one {len(sql)}"
        raise ReadRefused(message)
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as parser:
        row = parser.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
    tree: dict[str, object] = json.loads(row[0]) if row else {"error": True}
    if tree.get("error"):
        is_syntax = tree.get("error_type") == "parser"
        message = (
            "the statement is no SQL that can be read"
            if is_syntax
            else "only SELECT is read: nothing is written, attached, copied, installed or set by a query"
        )
        raise ReadRefused(message)
    statements = tree.get("statements")
    if not isinstance(statements, list) or len(statements) != 1:
        message = "one statement at a time"
        raise ReadRefused(message)
    return tree


def _parts(node: object) -> Iterator[Mapping[str, object]]:
    """Every part of a tree."""
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _named_by_with(part: Mapping[str, object]) -> Iterator[object]:
    """The names that a WITH gives to its own results."""
    ctes = part.get("cte_map")
    entries = ctes.get("map") if isinstance(ctes, dict) else None
    for entry in entries if isinstance(entries, list) else ():
        yield entry.get("key", "")


def _table(part: Mapping[str, object]) -> str | None:
    """The table that a part names, with whatever stands before it; None where it names none."""
    path = part.get("qualified_name")
    names = path.get("path") if isinstance(path, dict) else None
    if isinstance(names, list):
        return ".".join(map(str, names)) or None
    words = (str(part.get(key) or "") for key in ("catalog_name", "schema_name", "table_name"))
    return ".".join(filter(None, words)) or None


def _function(part: Mapping[str, object]) -> str:
    """The function that stands where a table stands."""
    function = part.get("function")
    return str(function.get("function_name", "")).lower() if isinstance(function, dict) else ""


def _columns(
    parts: Collection[Mapping[str, object]], views: Collection[Collection[str]]
) -> tuple[str, ...]:
    """The columns that a statement may read: those it names, or all where it names them by a star."""
    known = {name.lower(): name for view in views for name in view}
    if any(part.get("type") in {"STAR", "SHOW_REF"} for part in parts):
        return tuple(sorted(known.values()))
    named = {
        str(name).lower()
        for part in parts
        for key in ("column_names", "using_columns")
        for name in _listed(part.get(key))
    }
    return tuple(sorted(known[name] for name in named & known.keys()))


def _listed(found: object) -> list[object]:
    return found if isinstance(found, list) else []
