"""`remit keys`: rotate, stop and start, export; what each leaves behind."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.command import Said
from remit_cli import importing
from remit_cli.sample import sample_lines
from remit_schemas.bundle import read_bundle

IP = "user.device.ip_address"


@pytest.fixture
def status(remit: Callable[..., Said]) -> Callable[[], dict[str, Any]]:
    """What `remit keys status` says."""

    def told() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(remit("keys", "status", "--json").out)
        return found

    return told


def test_each_rotation_begins_an_epoch_and_older_ones_still_open(
    remit: Callable[..., Said], status: Callable[[], dict[str, Any]]
) -> None:
    assert status()["epochs"] == []
    assert remit("keys", "rotate").code == 0
    assert remit("keys", "rotate").code == 0
    assert [epoch["state"] for epoch in status()["epochs"]] == ["opens", "seals"]


def test_a_stopped_category_is_shown_until_it_is_started(
    remit: Callable[..., Said], status: Callable[[], dict[str, Any]]
) -> None:
    remit("keys", "rotate")
    assert remit("keys", "stop", IP).code == 0
    assert status()["stopped"] == [IP]
    assert remit("keys", "start", IP).code == 0
    assert status()["stopped"] == []


def test_a_stop_reaches_an_import_that_runs(
    remit: Callable[..., Said], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = folder / "access.log"
    log.write_text("".join(f"{line}\n" for line in sample_lines(3 * importing.PACK_LINES)))
    remit("keys", "rotate")
    monkeypatch.setattr(importing, "SPOOL_BYTES_HIGH", 0)  # it waits behind each pack
    waits: list[Callable[[], object]] = [
        lambda: None,
        lambda: remit("keys", "stop", IP),
        lambda: None,
    ]
    monkeypatch.setattr(importing, "wait_until_stored", lambda *_: waits.pop(0)())
    said = remit("import", "access-log", str(log), "--wait", "--json")
    (file,) = json.loads(said.out)["files"].values()
    assert file["lines"] == 3 * importing.PACK_LINES
    assert (
        file["accepted"] + file["refused"]["unparsed"] + file["refused"]["stopped"] == file["lines"]
    )
    assert 0 < file["refused"]["stopped"] <= importing.PACK_LINES


def test_a_category_that_is_none_is_refused(remit: Callable[..., Said]) -> None:
    said = remit("keys", "stop", "user.device.ip_adress")
    assert said.code == 2
    assert said.problem.startswith("remit: no such category")


def test_the_exported_bundle_is_signed_with_the_key_that_status_shows(
    remit: Callable[..., Said], status: Callable[[], dict[str, Any]], folder: Path
) -> None:
    file = folder / "bundle.json"
    assert remit("keys", "export", str(file)).code == 0
    trusted = base64.b64decode(status()["verify_key"])
    assert read_bundle(file, trust=trusted, pin=None).policy.name == "salesmartly"


def test_an_export_to_a_place_that_is_not_there_is_one_line(
    remit: Callable[..., Said], folder: Path
) -> None:
    said = remit("keys", "export", str(folder / "none" / "bundle.json"))
    assert said.code == 2
    assert "bundle.json" in said.problem
