"""A bundle of evidence: an auditor with nothing else sees what was changed in it, and nobody is named in it."""

import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable

from remit_cli.covering import covered
from remit_consumers.evidence import bundle as parts
from remit_consumers.evidence.anchor import kept
from remit_consumers.evidence.anchoring import anchor
from remit_consumers.evidence.archive import opened
from remit_consumers.evidence.bundle import Enclosed, make, zipped
from remit_consumers.evidence.signed import Signed, fingerprint
from remit_consumers.evidence.verify import Outside, verify_bundle
from remit_consumers.evidence.witness import Witness
from remit_consumers.keys import KeyStore
from remit_consumers.lake.commit import Lake
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import Verification
from remit_consumers.settings import Anchoring, Settings
from remit_schemas.errors import EvidenceError
from remit_schemas.policy import find_policy

POLICY = find_policy()
RESULTS = b'<testsuites><testsuite name="pytest" tests="9" failures="0" errors="0" skipped="2"/></testsuites>'
NOW = datetime.now(UTC) + timedelta(
    hours=12
)  # after everything stored here, however late in a run these tests come
CANARY = "canary-of-a-person"

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A lake of some people's page views, anchored, with a witness."""
    place = tmp_path_factory.mktemp("evidence")
    anchoring = Anchoring(witness=place / "witness.jsonl")
    settings = replace(Settings.from_env({}, data=place / "data"), anchoring=anchoring)
    lines = [
        json.dumps(
            {"page": "/shop", "ip": "203.0.113.7", "status": 200, "subject": f"{CANARY}-{n % 20}"}
        )
        for n in range(200)
    ]
    for part in (lines[:120], lines[120:]):
        subprocess.run(
            [sys.executable, "-m", "remit_cli", "emit", "page_view", "--wait"],
            input="\n".join(part) + "\n",
            env={"PATH": "", "REMIT_DATA": str(settings.data)},
            text=True,
            capture_output=True,
            check=True,
        )
    anchor(settings, keys_of(settings), NOW - timedelta(minutes=5), every=None)
    return settings


def keys_of(settings: Settings) -> KeyStore:
    keys = KeyStore.open(settings.keys, POLICY)
    keys.ensure(NOW)
    return keys


def made(settings: Settings, file: Path, now: datetime = NOW) -> Path:
    coverage = covered(None).to_json()
    enclosed = Enclosed(POLICY, coverage, {"results.xml": RESULTS, "notes.txt": b"by hand"})
    make(settings, keys_of(settings), enclosed, file, now)
    return file


@pytest.fixture(scope="module")
def file(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(settings, tmp_path_factory.mktemp("out") / "evidence.zip")


@pytest.fixture
def key(settings: Settings) -> str:
    return fingerprint(keys_of(settings).verify_key)


def broken(found: Verification) -> set[str]:
    return {name for name, check in found.checks.items() if not check.holds}


def unpacked(file: Path) -> Members:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def signed_anew(members: Members, keys: KeyStore) -> bytes:
    """A bundle with other members, signed by somebody: by the operator itself, if it is the operator who lies."""
    old = json.loads(members[parts.MANIFEST])["facts"]
    others = {name: content for name, content in members.items() if name != parts.MANIFEST}
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for name, content in others.items()
    }
    manifest = Signed.by(keys, "manifest", {**old, "files": files})
    return zipped({**others, parts.MANIFEST: json.dumps(manifest.to_dict()).encode()})


def changed(
    file: Path, tmp_path: Path, settings: Settings, name: str, edit: Callable[[Any], Any]
) -> Path:
    """The bundle with one JSON file edited, signed by the right key: what a lying operator can do."""
    members = unpacked(file)
    members[name] = json.dumps(edit(json.loads(members[name]))).encode()
    other = tmp_path / "other.zip"
    other.write_bytes(signed_anew(members, keys_of(settings)))
    return other


@pytest.mark.clause("S110d")
def test_a_bundle_holds_on_a_machine_that_has_nothing_else(
    file: Path, key: str, tmp_path: Path
) -> None:
    alone = tmp_path / "evidence.zip"
    shutil.copy(file, alone)
    verify = [sys.executable, "-m", "remit_cli", "verify", str(alone), "--key", key, "--json"]
    environ = {"PATH": "", "HOME": str(tmp_path), "POLARS_SKIP_CPU_CHECK": "1"}
    done = subprocess.run(
        verify, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(done.stdout)
    assert said["holds"]
    assert set(said["checks"]) == {
        *("hashes", "signature", "chain", "conservation", "values", "sequences", "figures"),
        *("anchors", "policy", "keys", "certificates", "tests", "verification"),
    }
    assert said["checks"]["tests"]["detail"] == "7 tests passed"
    assert sorted(tmp_path.iterdir()) == [alone]


def test_the_same_lake_at_the_same_time_gives_the_same_bytes(
    settings: Settings, file: Path, tmp_path: Path
) -> None:
    assert made(settings, tmp_path / "again.zip").read_bytes() == file.read_bytes()


def test_nobody_is_named_in_a_bundle(settings: Settings, file: Path) -> None:
    rows = DeltaTable(settings.lake / "events/page_view").to_pyarrow_table()
    names = set(rows.column("subject").drop_null().to_pylist())
    assert len(names) == 20
    everything = b"".join(unpacked(file).values()).decode("utf-8", "replace")
    assert not [name for name in names if name in everything]
    assert CANARY not in everything


def test_a_change_of_any_file_is_seen(file: Path, key: str, tmp_path: Path) -> None:
    members = unpacked(file)
    assert len(members) > 9
    for name in members.keys() - {parts.MANIFEST}:
        other = tmp_path / "other.zip"
        other.write_bytes(zipped({**members, name: members[name] + b" "}))
        found = verify_bundle(other, Outside(key))
        assert f"{name} was changed" in found.checks["hashes"].detail
        other.write_bytes(zipped({one: members[one] for one in members if one != name}))
        assert f"{name} is missing" in verify_bundle(other, Outside(key)).checks["hashes"].detail
    other.write_bytes(zipped({**members, "more.txt": b""}))
    assert broken(verify_bundle(other, Outside(key))) == {"hashes"}


def test_a_manifest_that_was_changed_or_signed_by_another_is_seen(
    file: Path, key: str, tmp_path: Path
) -> None:
    members = unpacked(file)
    form = json.loads(members[parts.MANIFEST])
    form["facts"]["waiting"] += 1
    other = tmp_path / "other.zip"
    other.write_bytes(zipped({**members, parts.MANIFEST: json.dumps(form).encode()}))
    assert "signature" in broken(verify_bundle(other, Outside(key)))
    stranger = KeyStore.open(tmp_path / "stranger", POLICY)
    other.write_bytes(signed_anew(members, stranger))
    assert "signature" in broken(verify_bundle(other, Outside(key)))
    assert "signature" not in broken(verify_bundle(other, Outside()))
    assert "signature" not in broken(
        verify_bundle(other, Outside(fingerprint(stranger.verify_key)))
    )


@pytest.mark.parametrize(
    "lie",
    [
        (parts.FIGURES, lambda one: one | {"categories": {}}, "figures"),
        (parts.FIGURES, lambda one: {k: v for k, v in one.items() if k != "contracts"}, "figures"),
        (parts.KEYS, lambda one: one | {"epochs": [e | {"destroy_at": "2020-01-01T00:00:00Z"} for e in one["epochs"]]}, "keys"),
        (parts.ERASURES, lambda one: one | {"not_applied": 2}, "certificates"),
        (parts.ERASURES, lambda _: [], "certificates"),
        (parts.TESTS, lambda _: {"results.xml": {"tests": 9, "failures": 1, "errors": 0, "skipped": 0}}, "tests"),
        (parts.PROOF, lambda one: one | {"checks": {"rows": {"holds": False, "detail": "x"}}}, "verification"),
        (f"{parts.POLICIES}salesmartly-2021-11-01.yaml", lambda _: {"name": "other"}, "policy"),
    ],
)  # fmt: skip
def test_an_operator_who_lies_and_signs_is_contradicted_by_the_rest(
    file: Path, tmp_path: Path, settings: Settings, lie: tuple[str, Callable[[Any], Any], str]
) -> None:
    name, edit, check = lie
    key = fingerprint(keys_of(settings).verify_key)
    members = unpacked(file)
    if name.endswith(".yaml"):
        members[name] = json.dumps(edit({})).encode()
        other = tmp_path / "other.zip"
        other.write_bytes(signed_anew(members, keys_of(settings)))
    else:
        other = changed(file, tmp_path, settings, name, edit)
    assert broken(verify_bundle(other, Outside(key))) == {check}


def test_receipts_that_were_dropped_reordered_or_changed_are_seen_whoever_signs(
    file: Path, key: str, tmp_path: Path, settings: Settings
) -> None:
    members = unpacked(file)
    lines = members[parts.RECEIPTS].splitlines(keepends=True)
    assert len(lines) > 1
    other = tmp_path / "other.zip"
    first = json.loads(lines[0])
    first["receipt"] = first["receipt"].replace('"gaps":0', '"gaps":1')
    for edited in (lines[:-1], lines[::-1], [json.dumps(first).encode() + b"\n", *lines[1:]]):
        members[parts.RECEIPTS] = b"".join(edited)
        other.write_bytes(signed_anew(members, keys_of(settings)))
        assert "chain" in broken(verify_bundle(other, Outside(key)))


def test_a_chain_cut_before_the_bundle_was_made_is_seen_by_anchors_and_by_the_witness(
    settings: Settings, file: Path, key: str, tmp_path: Path
) -> None:
    members = unpacked(file)
    facts = json.loads(members[parts.MANIFEST])["facts"]
    cut = {name: one | {"commits": one["commits"] + 1} for name, one in facts["chains"].items()}
    whole, *_ = kept(settings.data)
    more = dict(whole.signed.facts) | {"tables": cut}
    anchored = Signed.by(keys_of(settings), "anchor", more)
    line = json.dumps(anchored.to_dict() | {"timestamp": ""}).encode() + b"\n"
    members[parts.ANCHORS] = line
    other = tmp_path / "other.zip"
    other.write_bytes(signed_anew(members, keys_of(settings)))
    found = verify_bundle(other, Outside(key)).checks["anchors"]
    assert "its tail was cut" in found.detail
    witness = tmp_path / "witness.jsonl"
    witness.write_bytes(line)
    found = verify_bundle(file, Outside(key, Witness(witness))).checks["anchors"]
    assert "its tail was cut" in found.detail
    assert settings.anchoring.witness is not None
    assert verify_bundle(file, Outside(key, Witness(settings.anchoring.witness))).holds


def test_what_is_no_bundle_is_an_error_of_one_line(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    with pytest.raises(EvidenceError, match="cannot be read"):
        opened(other)
    other.write_bytes(b"no zip")
    with pytest.raises(EvidenceError, match="no sound zip"):
        opened(other)
    other.write_bytes(file.read_bytes()[:-500])
    with pytest.raises(EvidenceError, match="no sound zip"):
        opened(other)
    other.write_bytes(zipped({"a": b""}))
    with pytest.raises(EvidenceError, match="no JSON object"):
        opened(other)
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("a", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a", "2")
    with pytest.raises(EvidenceError, match="two of one name"):
        opened(other)


def test_figures_are_those_of_the_report(settings: Settings, file: Path) -> None:
    own = json.loads(json.dumps(report(Lake(settings.lake)).to_dict(), default=str))
    assert json.loads(unpacked(file)[parts.FIGURES]) == own
