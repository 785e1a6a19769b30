"""Measures everything, or what is named, and keeps it in bench/results: `python bench/run.py [NAME…] [--log FILE] [--labelled DIR] [--size ROWS] [--quick]`.

A figure that misses its goal fails nothing, and neither does a benchmark that cannot run: it is named at the end.
"""

import argparse
import importlib
import os
import sys
import time
import traceback
from pathlib import Path

if __name__ == "__main__":  # run as a script, neither `bench` nor the tests' `kit` is on the path
    root = Path(__file__).parents[1]
    sys.path[:0] = [str(root), str(root / "tests")]

from bench import results
from bench.context import Context
from bench.machine import machine
from bench.measure import Result
from bench.quality import tables

NAMES = (
    "reducers",
    "started",
    "size",
    "consent",
    "erasure",
    "logcut",
    "compaction",
    "growth",
    "producers",
    "dashboard",
    "pipeline",
    "middleware",
    "emit",
    "producer",
    "edge",
    "lake",
    "scale",
    "latency",
    "withdrawals",
    "memory",
    "outage",
    "sdks",
)
APART = ("peers",)
"""Measured by name alone: what stands beside them is large, and is installed for them."""

"""The modules that measure, those that need no broker first."""

PAGES = ("README.md", "docs/benchmarks.md", "docs/sizing.md")
"""Pages that quote figures; brought up to date after a full run."""


def main() -> None:
    """Measure what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "names",
        nargs="*",
        help=f"of {', '.join((*NAMES, *APART))}; none: all but {', '.join(APART)}",
    )
    parser.add_argument(
        "--log", default="", help="an access log to draw page views from, plain or .gz"
    )
    parser.add_argument(
        "--labelled",
        default=os.environ.get("REMIT_LABELLED", ""),
        help="a folder of labelled data to score reducers on (or REMIT_LABELLED)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of it, once; printed and not kept"
    )
    parser.add_argument(
        "--size",
        type=int,
        default=0,
        help="rows of the largest lake of growth (2,000,000); it is kept from 2,000,000 on",
    )
    parser.add_argument(
        "--rounds", type=int, default=5, help="times that each variant runs, in turns"
    )
    wanted = parser.parse_args()
    if unknown := set(wanted.names) - {*NAMES, *APART}:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    log, labelled = (
        str(Path(path).resolve()) if path else "" for path in (wanted.log, wanted.labelled)
    )
    rounds, scale = (1, 0.1) if wanted.quick else (wanted.rounds, 1.0)
    context = Context(rounds, scale, log, labelled, wanted.size)
    names = wanted.names or NAMES
    with context.stack:
        failed = [name for name in names if not _measure(name, context, keep=not wanted.quick)]
    if not wanted.quick:
        _write_pages()
    if failed:
        print(f"not measured: {', '.join(failed)}")


def _measure(name: str, context: Context, *, keep: bool) -> bool:
    """Measure one, print it, keep it; say whether it could be measured."""
    about = {
        **machine(),
        "rounds": context.rounds,
        "events": "a log" if context.log else "invented",
    }
    begun = time.monotonic()
    try:
        result: Result = importlib.import_module(f"bench.{name}").measure(context)
    except Exception:  # noqa: BLE001  # outermost loop: the others are measured all the same
        traceback.print_exc()
        return False
    about["took_s"] = round(time.monotonic() - begun)
    print(f"\n{name}: {result.title} ({about['took_s']} s)", *results.table(result), sep="\n")
    print(*(f"* {note}" for note in result.notes), sep="\n", flush=True)
    if keep and result.is_whole:
        results.write(name, result, about)
    return True


def _write_pages() -> None:
    results.write_table()
    tables.write()
    for page in PAGES:
        path = results.ROOT / page
        if path.exists():
            try:
                results.refresh(path)
            except (KeyError, FileNotFoundError) as missing:
                print(f"{page} quotes a figure that is not kept: {missing}")


if __name__ == "__main__":
    main()
