"""The cut: old entries go once receipts hold them, at every step safe to be killed, and nothing is less sure for it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

from kit.lake import LOG, make_flush, make_quarantined
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.log import LOG_FOLDER, first_version, versions
from remit_consumers.lake.logcut import AT_LEAST, KEPT_S, Cutting, cut_logs
from remit_consumers.lake.receipt import Removal, RemovedCount
from remit_consumers.lake.rewrite import Change, rewrite
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.proof.verify import verify
from remit_schemas.errors import LakeError, StaleWriter

TABLE = "events/page_view"
MANY = AT_LEAST + 20


def stored(data: Path, packs: int = MANY) -> Lake:
    """A lake with so many packs stored, one a commit."""
    lake = Lake(data / "lake")
    lake.claim(LOG, 0)
    for offset in range(packs):
        lake.commit(make_flush(offset))
    return lake


def aged(lake: Lake, by_s: float = 2 * KEPT_S) -> None:
    """Make every entry of every log that old."""
    then = time.time() - by_s
    for file in lake.root.rglob(f"{LOG_FOLDER}/*.json"):
        os.utime(file, (then, then))


def gone_after_a_cut(data: Path) -> tuple[Lake, Cutting]:
    lake = stored(data)
    aged(lake)
    return lake, cut_logs(lake.root)


def broken(data: Path) -> dict[str, str]:
    checks = verify(data).checks
    return {name: check.detail for name, check in checks.items() if not check.holds}


def test_old_entries_go_and_everything_holds_from_where_the_log_begins(tmp_path: Path) -> None:
    lake, done = gone_after_a_cut(tmp_path)
    assert done.refused == []
    assert done.entries[TABLE] == MANY
    assert first_version(lake.root / TABLE) == MANY
    assert DeltaTable(lake.root / TABLE).to_pyarrow_table().num_rows == MANY * 3
    found = verify(tmp_path)
    assert found.holds, found.to_dict()
    assert f"{TABLE} from version {MANY}" in found.checks["chain"].detail
    assert found.checks["chain"].to_dict()["log_read_from"] == {TABLE: MANY}
    lake.commit(make_flush(MANY))
    lake.materialise()
    assert verify(tmp_path).holds
    assert DeltaTable(lake.root / TABLE).to_pyarrow_table().num_rows == MANY * 3 + 3
