"""`remit events`: contracts of one's own, in this process."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.command import Said
from kit.own_policy import own

NEW = (
    *("events", "new", "search_used", "--owner", "search-team", "--doc", "Somebody searched."),
    *("--field", "words:string:user.behavior.search_history", "--field", "results:int"),
    *("--field", "took_at:time:user.telemetry.x_access_time", "--category", "user.behavior"),
)
LATER = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%d")
Remit = Callable[..., Said]


@pytest.fixture(autouse=True)
def policy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy of one's own, beside which contracts lie."""
    monkeypatch.setenv("REMIT_POLICY", str(own(folder, "ip: {v4_bits: 24}")))


def ran(said: Said, code: int = 0) -> Said:
    """See that a command ended so."""
    assert said.code == code, said
    return said


def test_check_finds_what_has_ended_and_what_was_changed_without_writing_anew(
    remit: Remit, folder: Path
) -> None:
    ran(remit(*NEW, "--expires", LATER))
    file = folder / "contracts" / "search_used.avsc"
    file.write_text(file.read_text().replace("Somebody searched.", "A search."))
    said = ran(remit("events", "check"), 1).out
    assert "search_used.py: is not what search_used.avsc says" in said
    ran(remit("events", "write"))
    ran(remit("events", "check"))
    file.write_text(file.read_text().replace(LATER, "2026-01-01"))
    ran(remit("events", "write"))
    assert "has expired" in ran(remit("events", "check"), 1).out
    file.write_text(file.read_text().replace('"user.behavior"', '"user.behaviour"'))
    assert "did you mean" in ran(remit("events", "check"), 1).out


def test_what_is_generated_passes_ruff_and_mypy(remit: Remit, folder: Path) -> None:
    ran(remit(*NEW, "--expires", LATER))
    module = folder / "contracts" / "search_used.py"
    for command in (
        ["ruff", "check", "--select", "E,F,I,UP", "--ignore", "E501"],
        ["ruff", "format", "--check", "--line-length", "100"],
        ["mypy", "--strict", "--cache-dir", str(folder / "mypy")],
    ):
        done = subprocess.run(
            [str(Path(sys.executable).parent / command[0]), *command[1:], str(module)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            ["--field", "x:string:user.behavior.search_histori"],
            "did you mean user.behavior.search_history",
        ),
        (["--field", "x:string:ip_address"], "did you mean user.device.ip_address"),
        (["--field", "x:text:user.behavior"], "unknown type text"),
        (["--field", "X:string:user.behavior"], "lower case"),
        (["--field", "subject:string:user.behavior"], "subject"),
        (["--doc", 'a """quote"""'], "without quotation marks"),
        (["--expires", "2020-01-01"], "lies in the past"),
        (["--category", "user.behaviour"], "did you mean user.behavior"),
    ],
)
def test_a_mistake_is_one_line_that_says_how_to_mend_it(
    remit: Remit, folder: Path, changed: list[str], words: str
) -> None:
    done = ran(remit(*NEW, "--expires", LATER, *changed), 2)
    assert words in done.err
    assert len(done.err.strip().splitlines()) == 1
    assert not (folder / "contracts" / "search_used.avsc").exists()


def test_a_contract_is_not_written_over(remit: Remit) -> None:
    ran(remit(*NEW, "--expires", LATER))
    assert "there is one already" in ran(remit(*NEW, "--expires", LATER), 2).err
