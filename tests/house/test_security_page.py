"""SECURITY.md names for each threat a test that exists; and no command takes a secret where `ps` would show it."""

import ast
import re
from functools import cache
from typing import Any

import pytest
import typer.main

from kit.tree import ROOT
from remit_cli.app import application

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/.-]+)(?:::(\w+))?`")
THREATS = PAGE.partition("## Who attacks, and what holds")[2].partition("\n## ")[0]
ROWS = [row for row in THREATS.splitlines() if row.startswith("| ")][1:]  # behind the headings
SECRET = re.compile(r"(?i)passw|secret|credential|token|private|api.?key|write.?key")
NO_SECRET = {"trust"}  # a public key


@cache
def functions(path: str) -> frozenset[str]:
    """Name the test functions of a file."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def options(group: Any, before: str = "remit") -> list[tuple[str, str, str]]:  # noqa: ANN401  # click's own
    """Give command, name and help of everything that a command line takes."""
    found = [(before, str(one.name), str(getattr(one, "help", "") or "")) for one in group.params]
    for name, command in getattr(group, "commands", {}).items():
        found += options(command, f"{before} {name}")
    return found


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_the_page_names_exists(path: str, name: str) -> None:
    assert (ROOT / path).exists()
    assert not name or name in functions(path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_every_threat_names_the_test_that_holds_it(row: str) -> None:
    assert NAMED.search(row) or row.rstrip(" |").endswith("the same")


def test_the_page_names_enough_threats_for_the_pattern_above_to_be_right() -> None:
    assert len(ROWS) > 20


def test_no_command_takes_a_secret_on_its_command_line() -> None:
    taken = [
        (command, name)
        for command, name, _ in options(typer.main.get_command(application()))
        if SECRET.search(name) and name not in NO_SECRET
    ]
    assert not taken
