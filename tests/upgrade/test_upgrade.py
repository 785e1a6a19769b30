"""What an earlier remit left on a disk is opened, gone on with, and verified by this one.

The lake, keys, vault and unsent packs were written by the code of an earlier commit (`make` beside this file), on
invented data. The unsent packs are older than the raw limit whenever this runs, or become it: either they are stored,
or they are counted as expired, and nothing else may become of them.
"""

import json
import os
import tarfile
from pathlib import Path

import pytest

from kit.installation import Installation, each_once, without_holes
from remit_consumers import keys_format
from remit_schemas.format_file import format_of

LEFT = Path(__file__).with_name("receipts-5.tar.gz")
STORED, UNSENT = 80, 40


@pytest.fixture
def upgraded(tmp_path: Path) -> Installation:
    """An installation whose folders an earlier remit made."""
    with tarfile.open(LEFT) as archive:
        archive.extractall(tmp_path, filter="data")
    for folder in ("keys", "vault"):
        os.chmod(tmp_path / folder, 0o700)  # noqa: PTH101 - as it was; the filter of tarfile takes rights away
    return Installation(tmp_path)


def test_an_earlier_lake_is_gone_on_with_and_its_unsent_packs_are_all_accounted_for(
    upgraded: Installation,
) -> None:
    event = json.dumps({"page": "/new", "status": 200, "subject": "invented-1"})
    upgraded.remit("emit", "page_view", "--wait", stdin=event)
    counts = upgraded.contract("page_view")
    assert counts["offered"] == STORED + UNSENT + 1
    assert counts["stored"] + counts["expired"] == counts["offered"]
    assert counts["stored"] in {STORED + 1, STORED + UNSENT + 1}
    assert format_of(upgraded.data.parent / "keys" / keys_format.FILE) == keys_format.FORMAT
    rows = upgraded.rows("page_view")
    assert len(rows) == counts["stored"]
    assert each_once(rows)
    assert without_holes(rows)
    assert upgraded.breaches() == {}


def test_who_agreed_under_an_earlier_remit_still_has_and_keeps_his_name(
    upgraded: Installation,
) -> None:
    before = set(upgraded.rows("page_view").column("subject").to_pylist())
    event = json.dumps({"page": "/new", "status": 200, "subject": "invented-1"})
    upgraded.remit("emit", "page_view", "--wait", stdin=event)
    assert set(upgraded.rows("page_view").column("subject").to_pylist()) == before
    said = upgraded.remit("consent", "show", "-", stdin="invented-1").stdout
    assert "given" in said
