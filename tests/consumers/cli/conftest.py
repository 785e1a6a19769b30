"""The command line in this process: what `main` does, with its output and its exit code."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.command import Said
from remit_cli.app import run

Remit = Callable[..., Said]
"""Runs a command: its words, and what stands on standard input."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a place for data, keys and vault, named by the environment."""
    for name in [name for name in os.environ if name.startswith("REMIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("REMIT_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


@pytest.fixture
def remit(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Remit:
    """Runs commands in the folder of this test."""
    assert folder.is_dir()

    def runs(*words: str, stdin: str = "") -> Said:
        monkeypatch.setattr(sys, "argv", ["remit", *words])
        monkeypatch.setattr(
            sys,
            "stdin",
            io.TextIOWrapper(io.BytesIO(stdin.encode("utf-8", "surrogateescape")), "utf-8"),
        )
        code: object = 0
        try:
            run()
        except SystemExit as ended:
            code = ended.code or 0
        said = capsys.readouterr()
        assert isinstance(code, int)
        return Said(code, said.out, said.err)

    return runs
