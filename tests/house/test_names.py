"""Names: a module is named by what it is; nothing in the tree names the machine it was written on."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from kit.tree import ROOT, modules

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc", "handler", "handlers"}
# In parts, so that this file does not name what it looks for.
HOSTS = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "maven" + ".org",
    "npm" + "js.org",
    "npm" + "js.com",
]
PLACES = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/"]
PLACELESS = {"Dockerfile", "compose.yaml"}  # their paths are the container's
LEFT_OVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?!.*(#\d+|\bD\d+\b|DECISIONS))")


def our_files() -> Iterator[tuple[Path, str]]:
    """Yield the text files that a clone holds: tracked, or new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file():
            try:
                yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def test_no_module_has_a_name_that_could_hold_anything() -> None:
    assert not [name for name in modules() if VAGUE & set(name.split(".")[1:])]


def test_a_module_named_base_is_a_protocol() -> None:
    plain = [
        module.name
        for module in modules().values()
        if module.name.endswith(".base")
        and "Protocol" not in {n.id for n in ast.walk(module.tree) if isinstance(n, ast.Name)}
    ]
    assert not plain


def test_nothing_names_the_host_of_a_registry() -> None:
    named = [f"{path}: {host}" for path, text in our_files() for host in HOSTS if host in text]
    assert not named


def test_nothing_names_a_place_on_one_machine() -> None:
    named = [
        f"{path}: {place}"
        for path, text in our_files()
        for place in PLACES
        if path.name not in PLACELESS and place in text
    ]
    assert not named


def test_what_is_left_to_do_names_its_decision_or_issue() -> None:
    left = [
        f"{path}:{number}"
        for path, text in our_files()
        if path.suffix == ".py"
        for number, line in enumerate(text.splitlines(), 1)
        if path.name != "test_names.py" and LEFT_OVER.search(line)
    ]
    assert not left


def test_no_type_is_ignored_without_saying_which_error() -> None:
    bare = re.compile(r"#\s*(type: ignore(?!\[)|noqa(?!:))")
    found = [
        f"{path}:{number}"
        for path, text in our_files()
        if path.suffix == ".py" and path.name != "test_names.py"
        for number, line in enumerate(text.splitlines(), 1)
        if bare.search(line)
    ]
    assert not found
