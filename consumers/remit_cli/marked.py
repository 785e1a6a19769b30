"""Tests that say which sentences they prove: read from a folder's source, without running or importing any of it."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from remit_schemas.clauses import is_clause
from remit_schemas.errors import PolicyError

MARKER = "clause"
"""`@pytest.mark.clause("S017")`: the marker that remit's own plugin for pytest knows."""

IDLE = frozenset({"skip", "xfail"})
"""Markers of tests that prove nothing, because they do not run, or are known to fail."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def proofs_in(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """Find the tests of a folder by the clause that they prove.

    Returns:
        For each clause the names of its tests, `tests/policy/test_consent.py::test_...`, from the folder's own name on;
        both in order.

    Raises:
        PolicyError: There is no such folder, or a marker names no sentence; file and line are named.
    """
    if not folder.is_dir():
        message = f"there is no folder {folder}: name the one of the tests with --tests"
        raise PolicyError(message)
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(folder.rglob("*.py")):
        source = path.read_bytes()
        if b".clause(" not in source:
            continue
        name = f"{folder.resolve().name}/{path.relative_to(folder).as_posix()}"
        for clause, test in _marked(_tree(source, path), path):
            found[clause].add(f"{name}::{test}")
    return {clause: tuple(sorted(found[clause])) for clause in sorted(found)}


def _tree(source: bytes, path: Path) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError as error:
        message = f"{path}:{error.lineno or 1}: is not Python"
        raise PolicyError(message) from None


def _marked(tree: ast.Module, path: Path) -> Iterator[tuple[str, str]]:
    """Yield each clause with the name of a test that it marks."""
    everywhere = [clause for mark in _of_module(tree) for clause in _clauses(mark, path)]
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            of_class = [*everywhere, *_of(node, path)]
            tests = [part for part in node.body if isinstance(part, Function)]
            yield from _of_tests(tests, of_class, path, f"{node.name}::")
        elif isinstance(node, Function):
            yield from _of_tests([node], everywhere, path)


def _of_tests(
    tests: list[Function], around: list[str], path: Path, before: str = ""
) -> Iterator[tuple[str, str]]:
    """Yield the clauses of functions that are tests and run, with those of what is around them."""
    for test in tests:
        own = _of(test, path)
        if own and not test.name.startswith("test_"):
            message = f"{path}:{test.lineno}: {test.name} is marked, and is no test"
            raise PolicyError(message)
        if test.name.startswith("test_") and not IDLE & {
            _name(mark) for mark in test.decorator_list
        }:
            yield from ((clause, before + test.name) for clause in (*around, *own))


def _of(node: Function | ast.ClassDef, path: Path) -> list[str]:
    """The clauses of a function's or a class's decorators."""
    return [clause for mark in node.decorator_list for clause in _clauses(mark, path)]


def _of_module(tree: ast.Module) -> Iterator[ast.expr]:
    """The markers of a whole module: `pytestmark`."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
        ):
            value = node.value
            yield from value.elts if isinstance(value, ast.List | ast.Tuple) else [value]


def _clauses(mark: ast.expr, path: Path) -> Iterator[str]:
    """What a marker names, if it is ours."""
    if not isinstance(mark, ast.Call) or _name(mark) != MARKER:
        return
    if not mark.args or mark.keywords:
        message = f'{path}:{mark.lineno}: clause takes sentences, such as clause("S001", "S002a")'
        raise PolicyError(message)
    for argument in mark.args:
        value = argument.value if isinstance(argument, ast.Constant) else None
        if not isinstance(value, str) or not is_clause(value):
            message = f'{path}:{argument.lineno}: a sentence is named as it is, such as "S001"'
            raise PolicyError(message)
        yield value


def _name(mark: ast.expr) -> str:
    """The name of a marker: the last word of `pytest.mark.<name>`, called or not; empty where it is none."""
    inner = mark.func if isinstance(mark, ast.Call) else mark
    if isinstance(inner, ast.Attribute) and isinstance(inner.value, ast.Attribute):
        return inner.attr if inner.value.attr == "mark" else ""
    return ""
