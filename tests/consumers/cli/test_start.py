"""How a command starts: the list of commands loads none of them, and each loads what it needs and no more."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import typer.main

from kit.command import Said
from kit.program import environment
from remit_cli.app import COMMANDS, application, listing

LOADED = """
import sys
from remit_cli.app import called
sys.argv[0] = "remit"
code = called()
print("LOADED", *sys.modules, file=sys.stderr)
sys.exit(code)
"""
"""The command, and what stands in memory at its end."""

HEAVY = (
    "confluent_kafka",
    "cryptography",
    "deltalake",
    "duckdb",
    "fastavro",
    "jinja2",
    "numpy",
    "phonenumbers",
    "polars",
    "prometheus_client",
    "pyarrow",
    "reportlab",
    "remit",
    "remit_consumers",
    "starlette",
    "uvicorn",
    "yaml",
)
"""What takes time or memory to load: libraries, and our own packages that stand on them."""


def loaded_by(*words: str, **extra: str) -> tuple[int, str, set[str]]:
    """Run a command in a process of its own: its exit code, what it printed, and what of `HEAVY` it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        env=environment() | extra,
        capture_output=True,
        text=True,
        check=False,
    )
    *_, last = done.stderr.splitlines()
    assert last.startswith("LOADED "), done.stderr[-2000:]
    return done.returncode, done.stdout, set(HEAVY) & set(last.split())


@pytest.mark.parametrize("words", [(), ("--help",), ("--version",), ("reprot",)], ids=" ".join)
def test_what_calls_no_command_loads_none(words: tuple[str, ...]) -> None:
    assert loaded_by(*words)[2] == set()


def test_a_shell_that_completes_the_name_of_a_command_loads_none() -> None:
    asked = {"_REMIT_COMPLETE": "complete_bash", "COMP_WORDS": "remit re", "COMP_CWORD": "1"}
    code, out, heavy = loaded_by(**asked)
    assert (code, heavy) == (0, set())
    assert out.split() == [name for name in COMMANDS if name.startswith("re")]


@pytest.mark.parametrize(
    "asked",
    [
        {"_REMIT_COMPLETE": "complete_bash", "COMP_WORDS": "remit policy e", "COMP_CWORD": "2"},
        {"_REMIT_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": "remit policy e"},
    ],
    ids=lambda asked: asked["_REMIT_COMPLETE"],
)
def test_a_shell_completes_the_commands_of_a_group(asked: dict[str, str]) -> None:
    out = loaded_by(**asked)[1]
    assert "explain" in out
    assert "export" in out


@pytest.mark.parametrize(
    ("command", "never"),
    [
        ("report", {"duckdb", "jinja2", "phonenumbers", "polars", "reportlab", "starlette"}),
        ("verify", {"duckdb", "jinja2", "phonenumbers", "polars", "reportlab", "starlette"}),
        ("doctor", {"duckdb", "jinja2", "phonenumbers", "polars", "reportlab", "starlette"}),
        ("run", {"confluent_kafka", "duckdb", "jinja2", "reportlab", "starlette", "uvicorn"}),
        ("edge", {"deltalake", "numpy", "polars", "pyarrow"}),
    ],
)
def test_a_command_does_not_load_what_only_others_need(command: str, never: set[str]) -> None:
    code, _, heavy = loaded_by(command, "--help")
    assert code == 0
    assert heavy & never == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_its_help_says_first(name: str) -> None:
    group = typer.main.get_command(application([name]))
    (real,) = getattr(group, "commands").values()  # noqa: B009 - the type of a group is none of typer's public ones
    assert COMMANDS[name].line == " ".join((real.help or "").split("\n\n")[0].split())


def test_a_command_behind_an_option_is_the_real_one(remit: Callable[..., Said]) -> None:
    said = remit("--", "policy", "check", "--json")
    assert said.code == 0, said
    assert said.out.startswith("{")


def test_a_name_that_was_only_listed_does_not_pass_for_a_command() -> None:
    with pytest.raises(SystemExit) as ended:
        listing()(["run"])
    assert ended.value.code == 1
