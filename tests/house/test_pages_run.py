"""The Python of the pages for engineers runs as it stands there."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from kit.spooled import Home
from kit.tree import ROOT

pytest_plugins = ["pytester"]

PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def python_of(page: str) -> str:
    """The blocks of a page, one behind the other."""
    return "\n".join(PYTHON.findall((ROOT / "docs" / page).read_text("utf-8")))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """A home that the environment names, and loggers as they were before."""
    made = Home(tmp_path)
    monkeypatch.setenv("REMIT_DATA", str(made.data))
    root = logging.getLogger()
    before = list(root.handlers), root.level
    yield made
    root.handlers, root.level = before
    structlog.reset_defaults()


def test_the_python_of_the_page_on_logs_collects_what_it_says(
    home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, object] = {}
    exec(compile(python_of("logs.md"), "logs.md", "exec"), names)  # noqa: S102 - our own page
    client = names["client"]
    assert client.close(30)  # type: ignore[attr-defined]  # a Client
    events = list(home.stored().values())
    first = next(event.values for event in events if event.values.get("template"))
    assert first["arguments"] == '{"order": "A17", "took": 1250}'
    assert first["message"] == "order A17 took 1250 ms"
    assert {"user 17"} <= {event.subject for event in events}
    assert [event.values["outcome"] for event in events if "outcome" in event.values] == ["done"]
    assert "order placed" in capsys.readouterr().out


def test_the_tests_of_the_page_on_testing_pass(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_page=python_of("testing.md"))
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)
