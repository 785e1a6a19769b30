"""The page of the reducers: a table for each, with every peer's score beside remit's."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Final

from bench import results
from bench.quality.row import REMIT, Bits, Row

PAGE: Final = results.RESULTS / "reducers.md"
SIGNS: Final = {"less": "≤", "more": "≥"}


def series(rows: Sequence[Row], bits: Sequence[Bits]) -> dict[str, object]:
    """Give what the page is written from, as it is kept beside the figures."""
    return {"rows": [asdict(row) for row in rows], "bits": [asdict(each) for each in bits]}


def write() -> None:
    """Write the page of the result that is kept, if one is."""
    if "reducers" not in results.names():
        return
    kept = json.loads((results.RESULTS / "reducers.json").read_text("utf-8"))
    rows = [Row(**row) for row in kept["series"]["rows"]]
    bits = [Bits(**each) for each in kept["series"]["bits"]]
    notes = [*kept["notes"], results.place_of("reducers")]
    PAGE.write_text("\n".join(lines(rows, bits, notes)) + "\n", encoding="utf-8")


def lines(rows: Sequence[Row], bits: Sequence[Bits], notes: Sequence[str]) -> Iterator[str]:
    """Yield the lines of the page."""
    yield from (
        "# How good the reducers are",
        "",
        "Written by `python bench/run.py reducers --labelled DIR`; docs/benchmarks.md says how each figure is taken.",
        "A percentage is of the values of the row; a peer without a figure does not know such a thing, or was asked too few.",
        "(own): the data are the peer's own test cases or were labelled by it, so it is no baseline there.",
        "",
    )
    yield from (f"* {note}" for note in notes)
    yield from _missed(rows)
    yield from _tables(rows)
    yield from _bits(bits)


def _missed(rows: Sequence[Row]) -> Iterator[str]:
    """Yield the goals that are missed."""
    missed = [row for row in rows if row.is_met is False]
    goals = sum(row.goal is not None for row in rows)
    yield from ("", f"## Goals missed: {len(missed)} of {goals}", "")
    for row in missed:
        yield f"* {row.name}: {_score(row, REMIT)}, goal {_goal(row)}"


def _tables(rows: Sequence[Row]) -> Iterator[str]:
    """Yield a table for each reducer, and for each kind of text."""
    for table in dict.fromkeys(row.table for row in rows):
        mine = [row for row in rows if row.table == table]
        peers = list(dict.fromkeys(name for row in mine for name in row.scores if name != REMIT))
        yield from ("", f"## {table}", "")
        yield f"| measure | data | values | {' | '.join((REMIT, *peers))} | goal | |"
        yield "|" + "---|" * (6 + len(peers))
        for row in mine:
            scores = " | ".join(
                _score(row, name) + " (own)" * (name in row.own and name in row.scores)
                for name in (REMIT, *peers)
            )
            met = {True: "met", False: "**missed**", None: ""}[row.is_met]
            yield f"| {row.measure} | {row.data} | {row.count:,} | {scores} | {_goal(row)} | {met} |"


def _score(row: Row, name: str) -> str:
    """Write a score; empty where there is none."""
    return results.shown(row.scores[name], row.unit) if name in row.scores else ""


def _goal(row: Row) -> str:
    """Write a goal; empty where there is none."""
    return (
        f"{SIGNS[row.better]} {results.shown(row.goal, row.unit)}" if row.goal is not None else ""
    )


def _bits(bits: Sequence[Bits]) -> Iterator[str]:
    """Yield the table of what is taken away."""
    yield from ("", "## Bits removed", "")
    yield "| reducer | file | rows | distinct values | entropy, bits | removed, bits | rows alone |"
    yield "|---|---|---|---|---|---|---|"
    for each in bits:
        distinct = " → ".join(f"{n:,}" for n in each.distinct)
        told = " → ".join(f"{n:.2f}" for n in each.entropy)
        alone = " → ".join(results.shown(n, "%") for n in each.alone)
        removed = f"{each.entropy[0] - each.entropy[1]:.2f}"
        cells = (each.reducer, each.data, f"{each.rows:,}", distinct, told, removed, alone)
        yield f"| {' | '.join(cells)} |"
