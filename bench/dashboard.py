"""The dashboard on a lake of five million events: how long its first page takes, and what a new commit costs it."""

import json
import os
import time
import urllib.request
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from bench.context import Context, place
from bench.measure import Result, percentile, plain

from kit.dashboard import open_dashboard
from kit.installation import Installation
from remit_cli.sample import LINES, sample_lines

EVENTS: Final = 5_000_000
GOAL_MS: Final = 200.0
TIMES: Final = 30
COMMIT_MS: Final = 20_000  # between two commits of the lake that is made
PRODUCER: Final = 0  # the place of the producer in a pack and in a source of a receipt
PAGES: Final = ("live", "policy", "consent", "retention", "requests", "recipients", "proof")


def measure(context: Context) -> Result:
    """Fill a lake, serve it, and ask for its pages."""
    with place("") as installation, TemporaryDirectory(prefix="remit-bench-") as folder:
        events = _fill(installation, context.events(EVENTS, LINES))
        begun = time.perf_counter()
        with open_dashboard(installation, Path(folder) / "dashboard.log", "--officer") as found:
            started_s = time.perf_counter() - begun
            first_ms = _asked(found.address)
            again = [_asked(found.address) for _ in range(TIMES)]
            moved = [_after_commit(installation, found.address) for _ in range(TIMES // 3)]
            others = {
                name: median(_asked(f"{found.address}/{name}") for _ in range(3)) for name in PAGES
            }
    figures = [
        plain("first page after the start", "ms", first_ms, GOAL_MS),
        plain("the page again, in the middle", "ms", median(again), GOAL_MS),
        plain("the page again, 95 %", "ms", percentile(again, 0.95), GOAL_MS),
        plain("the page after a commit, in the middle", "ms", median(moved), GOAL_MS),
        plain("the slowest other page", "ms", max(others.values())),
        plain("from the command to the address", "s", started_s),
    ]
    notes = [
        f"{events:,} page views in {events // LINES:,} commits, whose receipts are those of a real import, under other producers; asked over HTTP, without a browser.",
        "After a commit: one more import's receipt is in the log of the table, and in no receipts table yet.",
        "Other pages, each the median of three: "
        + ", ".join(f"{name} {ms:.0f} ms" for name, ms in others.items())
        + ".",
    ]
    return Result("The dashboard on five million events", figures, notes)


def _fill(installation: Installation, events: int) -> int:
    """Import a log, and have its commit again and again; gives how many events there are."""
    log = installation.data.parent / "access.log"
    log.write_text("\n".join(sample_lines()) + "\n")
    installation.remit("import", "access-log", str(log), "--wait")
    for version in range(2, events // LINES + 1):
        _commit(installation, version)
    installation.remit("report")
    return events // LINES * LINES


def _commit(installation: Installation, version: int) -> None:
    """Have the first commit again, as that of another producer and of a later time."""
    table = installation.data / "lake" / "events" / "page_view"
    log = table / "_delta_log"
    lines = [json.loads(line) for line in (log / f"{1:020d}.json").read_text().splitlines()]
    for line in lines:
        if "commitInfo" in line:
            receipt = json.loads(line["commitInfo"]["remit"])
            for part in (*receipt["packs"], *receipt["sources"]):
                part[PRODUCER] = f"{version:032x}"
            line["commitInfo"]["remit"] = json.dumps(receipt, sort_keys=True, separators=(",", ":"))
            line["commitInfo"]["timestamp"] += version * COMMIT_MS
        if "add" in line:
            path = line["add"]["path"]
            line["add"]["path"] = path.replace("part-", f"part-{version}-", 1)
            os.link(table / path, table / line["add"]["path"])
        if "txn" in line:
            line["txn"]["version"] += version
    (log / f"{version:020d}.json").write_text("\n".join(map(json.dumps, lines)) + "\n")


def _after_commit(installation: Installation, address: str) -> float:
    """Commit once more and ask for the page."""
    log = installation.data / "lake" / "events" / "page_view" / "_delta_log"
    newest = max(int(file.name[:20]) for file in log.glob("[0-9]*.json"))
    _commit(installation, newest + 1)
    return _asked(address)


def _asked(address: str) -> float:
    """Milliseconds until a page is there."""
    begun = time.perf_counter()
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - http, by this program
        assert answer.read().startswith(b"<!doctype html>")
    return (time.perf_counter() - begun) * 1_000
