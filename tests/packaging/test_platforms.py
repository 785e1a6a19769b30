"""The platforms that docs/deployment.md states are those that the wheel says and the tests take."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from kit.interpreters import VERSIONS
from kit.tree import ROOT
from remit.slot import prepare
from remit_schemas.errors import SpoolError

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PAGE = (ROOT / "docs" / "deployment.md").read_text("utf-8")
TABLE = PAGE.partition("## Platforms\n")[2].partition("\n## ")[0]
PYTHON = "Programming Language :: Python :: 3."
SYSTEM = "Operating System :: "


def test_the_pythons_that_are_stated_are_those_of_the_wheel_and_of_the_tests() -> None:
    said = {one.rpartition(" ")[2] for one in PROJECT["classifiers"] if one.startswith(PYTHON)}
    stated = set(re.findall(r"\b3\.\d+\b", TABLE))
    assert said == stated
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert stated == {oldest, *VERSIONS}
    for image in ("Dockerfile", "docs/deployment.md"):
        assert f"python{oldest}" in (ROOT / image).read_text("utf-8").replace("python:", "python")


def test_linux_alone_is_stated_and_everything_else_is_none() -> None:
    said = [one for one in PROJECT["classifiers"] if one.startswith(SYSTEM)]
    assert said == [f"{SYSTEM}POSIX :: Linux"]
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
    assert [row for row in rows if not row.startswith("| Linux")] == [rows[-1]]
    assert "| none: " in rows[-1]


def test_a_system_without_what_a_spool_needs_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "posix_fallocate")
    with pytest.raises(SpoolError, match="no posix_fallocate, which a spool needs") as told:
        prepare(tmp_path / "spool")
    assert "\n" not in str(told.value)
    assert not (tmp_path / "spool").exists()
