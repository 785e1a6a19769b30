"""The cut of a log: how much of it goes, what that takes, and how long `verify` takes before and after it."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import run_apart
from bench.context import Context
from bench.measure import Result, figure, in_turns

COMMITS: Final = 1_200
TENTH: Final = 10  # commits between two chainings, as a busy consumer's ten seconds
OLD_S: Final = 7_200.0  # how old all entries are made before the cut
UNCUT: Final = "the whole log"


def measure(context: Context) -> Result:
    """Store many small commits, verify, cut, and verify again."""
    commits = context.events(COMMITS, 200)
    variants = {"cut": lambda: run_apart("logcut.cut", commits=commits)}
    samples = dict(in_turns(variants, min(context.rounds, 3)))
    samples[UNCUT] = samples["cut"]
    wanted = (
        ("the log of a table, cut", "bytes", "after_bytes", "before_bytes"),
        ("remit verify of a lake whose logs were cut, processor time", "s", "after_s", "before_s"),
        ("opening the table, its log cut", "ms", "after_open_ms", "before_open_ms"),
        ("cutting", "s", "cut_s", ""),
    )
    figures = [
        figure(
            samples,
            "cut",
            key,
            name=name,
            unit=unit,
            baseline=UNCUT if before else "",
            baseline_metric=before,
        )
        for name, unit, key, before in wanted
    ]
    notes = [
        f"{commits:,} commits of 30 page views to one table, chained every {TENTH}; then all entries are made older than the cut leaves them.",
        "Cutting: everything is held against the receipts, a checkpoint written and read back, a receipt committed, the entries taken away.",
    ]
    return Result("The log of a table, cut behind the chain", figures, notes)


def cut(commits: int) -> dict[str, float]:
    """Fill a lake, cut it, and look at it before and after."""
    from kit.lake import LOG, make_flush  # noqa: PLC0415
    from remit_consumers.lake.commit import Lake  # noqa: PLC0415
    from remit_consumers.lake.logcut import cut_logs  # noqa: PLC0415
    from remit_consumers.proof.verify import verify  # noqa: PLC0415

    with TemporaryDirectory(prefix="remit-bench-") as folder:
        lake = Lake(Path(folder) / "lake")
        lake.claim(LOG, 0)
        for offset in range(commits):
            lake.commit(make_flush(offset, events=30))
            if offset % TENTH == 0:
                lake.materialise()
        verify(Path(folder) / "nothing")  # what is imported and compiled once is not in it
        before = _seen(lake.root, "before")
        then = time.time() - OLD_S
        for file in lake.root.rglob("_delta_log/*"):
            os.utime(file, (then, then))
        cut_s = _timed(lambda: cut_logs(lake.root))
        return {**before, **_seen(lake.root, "after"), "cut_s": cut_s}


def _seen(root: Path, when: str) -> dict[str, float]:
    """How large a lake's log of events is, and how long it takes to open and to verify."""
    from deltalake import DeltaTable  # noqa: PLC0415

    from remit_consumers.proof.verify import verify  # noqa: PLC0415

    table = root / "events" / "page_view"
    files = [*(table / "_delta_log").iterdir()]

    def verified() -> None:
        assert verify(root.parent).holds

    return {
        f"{when}_bytes": sum(file.stat().st_size for file in files),
        f"{when}_open_ms": _timed(lambda: DeltaTable(table)) * 1_000,
        f"{when}_s": _timed(verified, time.process_time),
    }


def _timed(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long it takes by a clock, in seconds."""
    begun = clock()
    work()
    return clock() - begun
