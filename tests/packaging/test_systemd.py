"""The units of systemd: sound, hardened, and each with the part of the keys that it may have.

systemd itself reads and rates them (`systemd-analyze`, offline); no unit is started here.
"""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from kit.parts import RealParts
from kit.tree import ROOT

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
EXPOSURE_MAX = 20
"""Of 100; what systemd rates "OK" is anything to 49."""


@pytest.fixture(scope="module")
def systemd(real_parts: RealParts) -> None:
    """What reads units; said loudly where it is not here."""
    try:
        said = subprocess.run(
            ["systemd-analyze", "--version"],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        real_parts.not_ran("systemd", "no systemd-analyze: `make parts` installs it where it may")
        pytest.skip("no systemd-analyze")
    real_parts.ran(said.stdout.splitlines()[0], "units read and rated, none started")


def analyze(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """Have systemd look at units together with the drop-in beside them."""
    found = f"{UNITS}:/usr/lib/systemd/system:/lib/systemd/system"
    return subprocess.run(
        ["systemd-analyze", *words],  # noqa: S607
        env=os.environ | {"SYSTEMD_UNIT_PATH": found},
        capture_output=True,
        text=True,
        check=False,
    )


def test_systemd_finds_nothing_wrong_with_any_unit(systemd: None) -> None:
    done = analyze("verify", *SERVICES, *sorted(UNITS.glob("*.timer")))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_is_hardened(unit: Path, systemd: None) -> None:
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", unit)
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_a_unit_without_the_drop_in_would_not_pass(systemd: None, tmp_path: Path) -> None:
    bare = tmp_path / "bare.service"
    bare.write_text((UNITS / "remit-run.service").read_text("utf-8"), "utf-8")
    done = analyze("security", "--offline=true", f"--threshold={EXPOSURE_MAX}", bare)
    assert done.returncode != 0


def test_the_edge_shares_neither_user_nor_settings_nor_state_with_what_can_open() -> None:
    edge = (UNITS / "remit-edge.service").read_text("utf-8")
    assert "User=remit-edge" in edge
    assert re.findall(r"^EnvironmentFile=(.*)$", edge, re.MULTILINE) == ["/etc/remit/edge.env"]
    state = " ".join(re.findall(r"^StateDirectory=(.*)$", edge, re.MULTILINE)).split()
    assert all(folder.startswith("remit-edge") for folder in state)


def test_no_unit_holds_a_secret_or_passes_one_on_a_command_line() -> None:
    for file in UNITS.rglob("*"):
        text = file.read_text("utf-8") if file.is_file() else ""
        assert not re.search(r"PASSWORD|SECRET|TOKEN", text), file.name


def test_the_commands_of_the_units_are_commands_of_remit() -> None:
    from remit_cli.app import COMMANDS  # noqa: PLC0415 - heavy, and for this test alone

    for unit in SERVICES:
        for line in re.findall(r"^ExecStart=(.*)$", unit.read_text("utf-8"), re.MULTILINE):
            program, remit, command, *_ = shlex.split(line)
            assert (program, remit) == ("/usr/bin/env", "remit")
            assert command in COMMANDS
