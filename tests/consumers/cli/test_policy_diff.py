"""`remit policy diff`: two files, two shipped versions, or a file and what it was in git."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from kit.command import Said
from kit.policies import OPERATE, REPORT, policy_data
from kit.sharing import policy_with, recipient

Run = Callable[..., Said]

RULE: dict[str, object] = {
    "event": "page_view",
    "field": "language",
    "reduce": {"language": {}},
    "purposes": [OPERATE],
    "keep_for": "30 days",
    "clause": "S003",
    "reason": "30",
}


def write(path: Path, *rules: dict[str, object], version: str = "2026-01-01") -> Path:
    plain = json.loads(json.dumps(policy_data(*rules, version=version)))  # YAML without aliases
    path.write_text(yaml.safe_dump(plain), "utf-8")
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write(tmp_path / "2026-01-01.yaml", RULE)


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    subprocess.run(["git", "-C", folder, *who, *arguments], check=True, capture_output=True)  # noqa: S607 - whichever git is here


def test_it_says_in_words_what_is_wider(remit: Run, old: Path, tmp_path: Path) -> None:
    screen = RULE | {"field": "screen", "reduce": {"screen": {}}}
    new = write(
        tmp_path / "2026-02-01.yaml", RULE | {"keep_for": "60 days"}, screen, version="2026-02-01"
    )
    said = remit("policy", "diff", str(old), str(new))
    assert said.code == 0
    assert "2026-01-01 → 2026-02-01: +1 category, +1.4 bits, 1 field is kept longer" in said.out
    assert "page_view.language: was kept for 30 days, is for 60 days" in said.out
    assert "page_view.screen (user.device.x_hardware): reduced by screen" in said.out


def test_it_says_the_same_for_programs_and_fails_a_build_if_asked(
    remit: Run, old: Path, tmp_path: Path
) -> None:
    new = write(tmp_path / "2026-02-01.yaml", RULE | {"keep_for": "60 days"}, version="2026-02-01")
    said = remit("policy", "diff", str(old), str(new), "--json", "--strict")
    facts = json.loads(said.out)
    assert said.code == 1
    assert facts["needs_consent"] is True
    assert [change["kind"] for change in facts["widened"]] == ["kept"]
    back = remit("policy", "diff", str(new), str(old), "--strict")
    assert back.code == 0
    assert "page_view.language: is kept shorter" in back.out


def test_it_compares_a_file_with_what_it_was_in_git(remit: Run, old: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    assert remit("policy", "diff", "--git", "HEAD", "--policy", str(old)).code == 0
    write(old, RULE | {"recipients": ["designers"]})
    said = remit("policy", "diff", "--git", "HEAD", "--policy", str(old), "--strict")
    assert said.code == 1
    assert "new recipient designers" in said.out


@pytest.mark.parametrize("revision", ["nowhere", "--output=x"])
def test_a_revision_that_is_none_is_a_clear_error(
    remit: Run, old: Path, tmp_path: Path, revision: str
) -> None:
    git(tmp_path, "init", "-q")
    said = remit("policy", "diff", f"--git={revision}", "--policy", str(old))
    assert said.code == 2
    assert "git" in said.problem


@pytest.mark.parametrize("both", [[], ["a", "--git", "HEAD"]])
def test_the_version_before_is_named_once(remit: Run, both: list[str]) -> None:
    said = remit("policy", "diff", *both)
    assert said.code == 2
    assert "OLD or by --git" in said.problem


@pytest.mark.clause("S054c", "S060", "S113")
def test_a_purpose_that_a_recipient_gets_more_fails_a_build(remit: Run, tmp_path: Path) -> None:
    files = []
    for version, purposes in (("2026-01-01", [OPERATE]), ("2026-02-01", [OPERATE, REPORT])):
        policy = policy_with(version, acme=recipient(purposes=purposes))
        files.append(tmp_path / f"{version}.yaml")
        files[-1].write_bytes(policy.canonical)
    said = remit("policy", "diff", *map(str, files), "--strict")
    assert said.code == 1
    assert f"recipients.acme.purposes: uses it for {REPORT}, and did not" in said.out
    assert "until they accept this one expressly" in said.out
    back = remit("policy", "diff", *map(str, reversed(files)), "--strict")
    assert back.code == 0
    assert "recipients.acme.purposes: goes to fewer" in back.out
