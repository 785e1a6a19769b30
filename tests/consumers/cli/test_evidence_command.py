"""`remit evidence`, `remit anchor`, `remit verify FILE`: from the command line of a machine to that of an auditor."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.command import Said

GOOD = '{"page": "/shop", "status": 200, "subject": "ann"}\n'

Remit = Callable[..., Said]


@pytest.fixture
def bundle(remit: Remit, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of a lake that was anchored."""
    monkeypatch.setenv("REMIT_WITNESS", str(folder / "witness.jsonl"))
    assert remit("emit", "page_view", "--wait", stdin=GOOD * 12).code == 0
    assert remit("anchor").out.strip().endswith("witness.jsonl")
    said = remit("evidence", "--out", str(folder / "evidence.zip"), "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out)
    assert told["commits"] == 1
    (folder / "key").write_text(told["fingerprint"])
    return folder / "evidence.zip"


def test_an_auditor_checks_a_bundle_against_key_and_witness(
    remit: Remit, bundle: Path, folder: Path
) -> None:
    key, witness = (folder / "key").read_text(), str(folder / "witness.jsonl")
    said = remit("verify", str(bundle), "--key", key, "--witness", witness, "--json")
    assert said.code == 0, said.out
    assert json.loads(said.out)["checks"]["anchors"]["detail"].startswith("1 anchors, the last of")
    assert remit("verify", str(bundle), "--key", "0" * 64).code == 1
    in_base64 = json.loads(remit("keys", "status", "--json").out)["verify_key"]
    assert remit("verify", str(bundle), "--key", in_base64).code == 0


def test_verify_holds_the_lake_against_its_anchors(
    remit: Remit, bundle: Path, folder: Path
) -> None:
    said = json.loads(remit("verify", "--json").out)
    assert said["checks"]["anchors"]["holds"]
    logs = sorted((folder / "data/lake/events/page_view/_delta_log").glob("*.json"))
    logs[-1].unlink()
    shutil.rmtree(folder / "data/lake/receipts")  # else it contradicts the log by itself
    said = json.loads(remit("verify", "--json").out)
    assert "its tail was cut" in said["checks"]["anchors"]["detail"]


def test_mistakes_are_one_line(remit: Remit, folder: Path) -> None:
    for words in (
        ("verify", str(folder / "none.zip")),
        ("verify", "--key", "ab"),
        ("evidence", "--out", str(folder / "out.zip")),
    ):
        said = remit(*words)
        assert said.code == 2
        assert said.problem.startswith("remit: ")
    assert remit("keys", "rotate").code == 0
    assert "nothing to anchor yet" in remit("anchor").problem
