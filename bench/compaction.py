"""Compaction of small files: how many there are after a flush a second, and what reading takes before and after it."""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import run_apart
from bench.context import Context
from bench.measure import Result, figure, in_turns

FLUSHES: Final = 600
SUBJECTS: Final = 500
EVENTS: Final = 200
UNCOMPACTED: Final = "a file for each flush"


def measure(context: Context) -> Result:
    """Store ten minutes of a flush a second, read it, compact it, and read it again."""
    flushes = context.events(FLUSHES, 200)
    variants = {"compacted": lambda: run_apart("compaction.compacted", flushes=flushes)}
    samples = dict(in_turns(variants, min(context.rounds, 3)))
    samples[UNCOMPACTED] = samples["compacted"]
    wanted = (
        ("files of the table", "files", "files", True),
        ("bytes of the table", "bytes", "bytes", True),
        ("reading one column of all rows", "ms", "scan_ms", True),
        ("finding the files of one subject", "ms", "find_ms", True),
        ("reading the receipts", "ms", "receipts_ms", True),
        ("compacting the lake", "s", "compact_s", False),
    )
    figures = [
        figure(
            samples,
            "compacted",
            f"after_{key}" if is_beside else key,
            name=name,
            unit=unit,
            baseline=UNCOMPACTED if is_beside else "",
            baseline_metric=f"before_{key}" if is_beside else "",
        )
        for name, unit, key, is_beside in wanted
    ]
    notes = [
        f"{flushes:,} flushes of {EVENTS} page views of {SUBJECTS} subjects to one table, receipts chained every ten.",
        "Compacting: all tables of the lake, durably; the small files still lie there until the next sweep.",
    ]
    return Result("Small files of the lake, merged", figures, notes)


def compacted(flushes: int) -> dict[str, float]:
    """Fill a lake with small flushes, and look at it before and after its compaction."""
    from remit_consumers.lake.compaction import compact_tables  # noqa: PLC0415

    with TemporaryDirectory(prefix="remit-bench-") as folder:
        root = Path(folder) / "lake"
        _fill(root, flushes)
        before = _seen(root, "before")
        compact_s = _timed(lambda: compact_tables(root, 0.0))
        return {**before, **_seen(root, "after"), "compact_s": compact_s}


def _fill(root: Path, flushes: int) -> None:
    """Commit small flushes, each a subject's."""
    from kit.lake import LOG, make_flush, make_receipt, make_rows  # noqa: PLC0415
    from remit_consumers.lake.commit import Lake, TableCommit  # noqa: PLC0415

    lake = Lake(root)
    lake.claim(LOG, 0)
    for offset in range(flushes):
        rows = make_rows(offset, EVENTS, subject=f"{offset * 7919 % SUBJECTS:032x}")
        part = TableCommit("events/page_view", rows, make_receipt(offset, EVENTS))
        lake.commit(make_flush(offset, part))
        if offset % 10 == 0:
            lake.materialise()


def _seen(root: Path, when: str) -> dict[str, float]:
    """How many files a table has, and how long it takes to read."""
    import pyarrow as pa  # noqa: PLC0415

    from remit_consumers.lake.commit import Lake  # noqa: PLC0415
    from remit_consumers.lake.rewrite import find, live_files  # noqa: PLC0415
    from remit_consumers.lake.tables import open_table  # noqa: PLC0415

    name = "events/page_view"
    files = live_files(open_table(root, name))
    subject = pa.array([f"{7:032x}"])

    def scanned() -> None:
        open_table(root, name).delta.to_pyarrow_table(columns=["ip"])

    return {
        f"{when}_files": len(files),
        f"{when}_bytes": sum((root / name / path).stat().st_size for path in files),
        f"{when}_scan_ms": _timed(scanned) * 1_000,
        f"{when}_find_ms": _timed(lambda: find(root, name, subject)) * 1_000,
        f"{when}_receipts_ms": _timed(Lake(root).receipts) * 1_000,
    }


def _timed(work: Callable[[], object]) -> float:
    """How long it takes, in seconds."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
