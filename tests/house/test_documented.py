"""Every metric, setting and command stands in the documentation, and nothing stands there that does not exist."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest
import typer.main

from kit.tree import PACKAGES, ROOT, modules
from remit.edge.metrics import EdgeMetrics
from remit_cli.app import application
from remit_consumers.metrics import Metrics

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
OF_THE_TESTS = {
    "REMIT_PROVE",
    "REMIT_RATE",
    "REMIT_ROUNDS",
    "REMIT_SEED",
    "REMIT_TEST_KAFKA",
    "REMIT_TEST_POSTGRES",
}  # settings of a test run, not of the product
OF_PYTEST = {"remit_capture"}  # a fixture is named like a metric
OF_LIBRDKAFKA = "REMIT_KAFKA_"  # every setting of librdkafka by its own name behind this
SETTING = re.compile(r"\bREMIT_[A-Z0-9_]*[A-Z0-9]\b")
METRIC = re.compile(r"\bremit_[a-z0-9_]+\b")
FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^(?:\$ )?(?:[A-Z_]+=\S* )*remit((?: [a-z][a-z-]*)+)", re.MULTILINE)


@cache
def pages() -> str:
    return "\n".join(page.read_text(encoding="utf-8") for page in PAGES)


def stands(words: str) -> bool:
    """Say whether words stand in the documentation."""
    return re.search(rf"\b{re.escape(words)}\b", pages()) is not None


def metrics() -> set[str]:
    """Name every metric as Prometheus shows it."""
    families = [*Metrics().registry.collect(), *EdgeMetrics().registry.collect()]
    return {f"{f.name}_total" if f.type == "counter" else f.name for f in families}


def settings() -> set[str]:
    """Name every environment variable that the source reads: strings that are a setting's name and nothing else."""
    return {
        node.value
        for module in modules().values()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and SETTING.fullmatch(node.value)
    }


def commands(group: object, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command that does something."""
    inner = getattr(group, "commands", {})
    for name, command in inner.items():
        yield from commands(command, (*before, name))
    if before and (not inner or getattr(group, "invoke_without_command", False)):
        yield before


@cache
def all_commands() -> frozenset[tuple[str, ...]]:
    return frozenset(commands(typer.main.get_command(application())))


def documented_commands() -> set[tuple[str, ...]]:
    """Give the words behind `remit` wherever the pages show a command: in fences, and between backticks."""
    shown = FENCED.findall(pages())
    shown += re.findall(r"`([^`\n]+)`", FENCED.sub("", pages()))
    return {tuple(words.split()) for text in shown for words in COMMAND.findall(text)}


def exists(words: tuple[str, ...]) -> bool:
    """Say whether words begin with a command, or are the name of a group of commands."""
    return any(
        words[: len(command)] == command or command[: len(words)] == words
        for command in all_commands()
    )


def test_the_pages_are_there() -> None:
    assert [page.name for page in PAGES if page.exists()] == [page.name for page in PAGES]


@pytest.mark.parametrize("name", sorted(metrics()))
def test_every_metric_is_documented(name: str) -> None:
    assert stands(name)


def test_no_metric_is_documented_that_does_not_exist() -> None:
    ours = {name.partition(".")[0] for name in modules()} | set(PACKAGES)
    named = {name for name in METRIC.findall(pages()) if name not in ours}
    suffixes = ("_bucket", "_count", "_sum", "_created")  # the series of one histogram
    bare = {name.removesuffix(next(filter(name.endswith, suffixes), "")) for name in named}
    assert not bare - metrics() - OF_PYTEST


@pytest.mark.parametrize("name", sorted(settings()))
def test_every_setting_is_documented(name: str) -> None:
    assert stands(name)


def test_no_setting_is_documented_that_does_not_exist() -> None:
    named = {name for name in SETTING.findall(pages()) if not name.startswith(OF_LIBRDKAFKA)}
    assert not named - settings() - OF_THE_TESTS


@pytest.mark.parametrize("words", sorted(all_commands()), ids=" ".join)
def test_every_command_is_documented(words: tuple[str, ...]) -> None:
    assert stands(" ".join(("remit", *words)))


def test_no_command_is_documented_that_does_not_exist() -> None:
    assert not [words for words in documented_commands() if not exists(words)]


@pytest.mark.parametrize("words", sorted(all_commands()), ids=" ".join)
def test_every_command_says_what_it_does(words: tuple[str, ...]) -> None:
    command: object = typer.main.get_command(application())
    for word in words:
        command = getattr(command, "commands", {})[word]
    assert getattr(command, "help", None)
