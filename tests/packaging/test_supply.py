"""What remit stands on: audited against advisories without taking silence for an answer, and written down as a bill."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.apart import NotInstalled, python_of
from kit.parts import RealParts
from kit.tree import ROOT

LOCK = ROOT / "requirements" / "sdk.txt"
CLEAN = {"name": "pydantic", "version": "1.0", "vulns": []}
WEAK = {"name": "pyyaml", "version": "5.3", "vulns": [{"id": "PYSEC-2021-142"}]}
SKIPPED = {"name": "odd", "skip_reason": "not found"}


def audit(folder: Path, said: str, code: int) -> "subprocess.CompletedProcess[str]":
    """Run `scripts/audit` on one lock, with a tool that says this and ends so."""
    tool = folder / "pip-audit"
    tool.write_text(f"#!{sys.executable}\nprint({said!r})\nraise SystemExit({code})\n")
    tool.chmod(0o755)
    return subprocess.run(
        [sys.executable, ROOT / "scripts" / "audit", LOCK],
        env=os.environ | {"PIP_AUDIT": str(tool)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("dependencies", "code", "expected", "words"),
    [
        ([CLEAN], 0, 0, "nothing is known"),
        ([CLEAN, WEAK], 1, 1, "audit: pyyaml 5.3: PYSEC-2021-142"),
        ([CLEAN, SKIPPED], 0, 3, "NOT DONE for sdk.txt"),
        ([], 0, 3, "NOT DONE for sdk.txt"),
        ([CLEAN], 2, 3, "NOT DONE for sdk.txt"),
    ],
)
def test_the_audit_says_what_is_known_and_what_nobody_could_be_asked(
    dependencies: list[object], code: int, expected: int, words: str, tmp_path: Path
) -> None:
    done = audit(tmp_path, json.dumps({"dependencies": dependencies}), code)
    assert done.returncode == expected, done.stderr
    assert words in done.stdout + done.stderr


@pytest.mark.parametrize("said", ["", "ERROR: connection refused", "[]", '{"other": 1}'])
def test_an_audit_that_was_not_answered_is_not_clean(said: str, tmp_path: Path) -> None:
    for code in (0, 1):
        done = audit(tmp_path, said, code)
        assert done.returncode == 3
        assert "that is no clean result" in done.stderr
        assert "nothing is known" not in done.stdout


def test_an_audit_without_its_tool_is_not_clean(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "audit", LOCK],
        env=os.environ | {"PIP_AUDIT": str(tmp_path / "none")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 3


def test_the_bill_of_materials_fits_its_schema_and_names_every_locked_package_with_its_hashes(
    tmp_path: Path, real_parts: RealParts
) -> None:
    try:
        tool = python_of("audit").with_name("cyclonedx-py")
    except NotInstalled as why:
        real_parts.not_here("CycloneDX", str(why))
        pytest.skip(str(why))
    bill, lock = tmp_path / "bill.json", ROOT / "requirements" / "run.txt"
    words = (ROOT / "Makefile").read_text().partition("cyclonedx-py ")[2].splitlines()[0].split()
    command = [bill if word.startswith("dist/") else word for word in words]
    subprocess.run([tool, *command], cwd=ROOT, check=True, capture_output=True)
    told = json.loads(bill.read_text())
    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["name"] == "remit"
    locked = {line.split("==")[0] for line in lock.read_text().splitlines() if "==" in line}
    assert {one["name"] for one in told["components"]} == locked
    assert all(
        reference.get("hashes")
        for one in told["components"]
        for reference in one["externalReferences"]
    )
    real_parts.ran("CycloneDX")
