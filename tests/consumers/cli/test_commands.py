"""Every command: an example in its help, errors in one line, exit codes, and JSON that parses."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main

from kit.command import Said
from kit.program import environment
from remit_cli.app import COMMANDS, application

WITHOUT_EXTRA = """
import sys
from importlib import util
found = util.find_spec
util.find_spec = lambda name, package=None: None if name in ("typer", "deltalake") else found(name, package)
from remit_cli import main
main()
"""
"""The command where only the SDK is installed: its libraries cannot be found."""


def words_of(command: object, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Name every command by its words."""
    inner = getattr(command, "commands", {})
    for name, each in inner.items():
        yield from words_of(each, (*before, name))
    if before and not inner:
        yield before


ALL = sorted(words_of(typer.main.get_command(application())))


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_help_of_every_command_shows_an_example(
    words: tuple[str, ...], remit: Callable[..., Said]
) -> None:
    said = remit(*words, "--help")
    assert said.code == 0
    assert "Example: " in said.out
    assert f"remit {' '.join(words)}" in " ".join(said.out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_that_is_none_ends_with_exit_code_2(
    name: str, remit: Callable[..., Said]
) -> None:
    said = remit(name, "--no-such-option")
    assert said.code == 2
    assert not said.out
    assert "no-such-option" in said.err


def test_a_command_that_is_none_is_told(remit: Callable[..., Said]) -> None:
    said = remit("reprot")
    assert said.code == 2
    assert "reprot" in said.err


def test_without_the_operators_libraries_one_line_says_what_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT_EXTRA, "report"]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        "remit: the command needs more than the SDK: pip install 'remit[consumers]'"
    ]


@pytest.mark.parametrize(
    "words",
    [
        ("policy", "check"),
        ("policy", "explain", "page_view"),
        ("report",),
        ("quarantine", "list"),
        ("keys", "status"),
        ("doctor",),
        ("emit", "page_view"),
    ],
    ids=" ".join,
)
def test_facts_are_one_json_object_also_before_there_is_any_data(
    words: tuple[str, ...], remit: Callable[..., Said]
) -> None:
    said = remit(*words, "--json")
    assert said.code == 0, said
    assert isinstance(json.loads(said.out), dict)


def test_a_folder_that_is_not_there_is_not_called_proven(remit: Callable[..., Said]) -> None:
    said = remit("verify")
    assert said.code == 2
    assert "there is no data folder" in said.problem


def test_the_report_of_a_folder_that_is_not_there_says_so(remit: Callable[..., Said]) -> None:
    said = remit("report")
    assert said.code == 0
    assert "there is no data folder" in said.problem


@pytest.mark.parametrize(
    ("words", "variable", "value"),
    [
        (("run",), "REMIT_FLUSH_EVENTS", "many"),
        (("run",), "REMIT_LOG", "http://nowhere"),
        (("up",), "REMIT_LOG", "kafka://127.0.0.1:1/x"),
        (("policy", "check"), "REMIT_POLICY", "nobodys"),
        (("emit", "page_view"), "REMIT_PACK_AGE_S", "soon"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_line_that_names_it(
    words: tuple[str, ...],
    variable: str,
    value: str,
    remit: Callable[..., Said],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(variable, value)
    said = remit(*words)
    assert said.code == 2
    assert said.problem.startswith("remit: ")
    assert variable in said.problem or value in said.problem


def test_a_contract_that_is_none_is_told_with_those_there_are(remit: Callable[..., Said]) -> None:
    for words in (("emit", "page_veiw"), ("policy", "explain", "page_veiw")):
        said = remit(*words)
        assert said.code == 2
        assert "page_view" in said.problem


def test_an_import_of_a_file_that_is_not_there_is_told(
    remit: Callable[..., Said], folder: Path
) -> None:
    said = remit("import", "access-log", str(folder / "none.log"))
    assert said.code == 2
    assert "none.log" in "".join(said.err.split())


def test_the_version_is_told(remit: Callable[..., Said]) -> None:
    said = remit("--version")
    assert (said.code, said.out) == (0, f"remit {version('remit')}\n")


def test_a_narrow_terminal_leaves_nothing_out_of_the_record_of_reads(
    remit: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    remit("emit", "page_view", "--wait", stdin='{"page": "/"}\n')
    remit("query", "SELECT 1", "--purpose", "essential.service.operations")
    monkeypatch.setenv("COLUMNS", "80")
    shown = remit("query", "--history").out
    assert "done" in shown
    assert "…" not in shown
