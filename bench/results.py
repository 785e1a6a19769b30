"""What is kept of a run: a JSON file for each result, a table of all of them, and the figures the pages quote."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Final

from bench.measure import Figure, Result

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = ROOT / "bench" / "results"
QUOTE: Final = re.compile(
    r'\[(?P<shown>[^\]]*)\]\((?P<path>[\w./-]*bench/results/)(?P<result>\w+)\.json "(?P<name>[^"]+)"\)'
)
"""A quoted figure in a page: ``[6.4 µs](../bench/results/emit.json "emit alone, p50")``; ``baseline:`` before the name
quotes its baseline, ``ratio:`` how many times better it is, ``met:`` whether its goal is met; `THE_RUN` instead of a name
quotes how often it was measured, and beside what."""

KINDS: Final = ("baseline", "met", "ratio")
THE_RUN: Final = "the run"

SMALL: Final = 10  # under this, a figure is shown with two digits behind the point
MIDDLE: Final = 100  # and under this, with one


def write(name: str, result: Result, about: Mapping[str, object]) -> None:
    """Keep one result."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    kept = {
        "title": result.title,
        "measured_on": about,
        "figures": [
            asdict(each) | {"is_met": each.is_met, "ratio": _rounded(each.ratio)}
            for each in result.figures
        ],
        "notes": list(result.notes),
        "series": result.series,
    }
    text = json.dumps(kept, indent=1, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def read(name: str) -> Result:
    """Read a result that was kept."""
    kept = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    figures = [
        Figure(**{key: value for key, value in each.items() if key not in {"is_met", "ratio"}})
        for each in kept["figures"]
    ]
    return Result(kept["title"], figures, kept["notes"], kept["series"])


def names() -> list[str]:
    """Name the results that are kept."""
    return sorted(path.stem for path in RESULTS.glob("*.json"))


def shown(value: float, unit: str) -> str:
    """Write a number with its unit, with the digits that mean something."""
    if unit == "%":
        return f"{round(value, 2):g} %"
    digits = 2 if abs(value) < SMALL else 1 if abs(value) < MIDDLE else 0
    if unit == "events/s":
        value, digits = round(value, -3) if abs(value) >= SMALL * 1000 else round(value, -2), 0
    return f"{value:,.{digits}f} {unit}"


def table(result: Result) -> Iterator[str]:
    """Yield the lines of a result's table."""
    yield "| figure | measured (lowest to highest) | goal | baseline in the same run | times better |"
    yield "|---|---|---|---|---|"
    for each in result.figures:
        yield f"| {' | '.join(_cells(each))} |"


def write_table() -> None:
    """Write the readable table of everything that is kept."""
    lines = [
        "# What was measured",
        "",
        "Written by `make bench`; how each figure is taken stands in docs/benchmarks.md.",
    ]
    for name in names():
        result = read(name)
        lines += ["", f"## {name}: {result.title}", "", *table(result), ""]
        lines += [f"* {note}" for note in result.notes]
        lines += [f"* {place_of(name)}"]
    (RESULTS / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def quoted(found: re.Match[str]) -> str:
    """Give what a quotation must show.

    Raises:
        KeyError: There is no such figure, or it has no baseline.
    """
    kind, _, name = found["name"].partition(": ")
    if kind not in KINDS:
        kind, name = "", found["name"]
    if name == THE_RUN:
        return _run_of(found["result"])
    figures = {each.name: each for each in read(found["result"]).figures}
    figure = figures[name]
    if kind == "met":
        return "met" if figure.is_met else "missed"
    number = {"": figure.value, "baseline": figure.baseline_value, "ratio": figure.ratio}[kind]
    if number is None:
        raise KeyError(name)
    return f"{number:.1f} times" if kind == "ratio" else shown(number, figure.unit)


def _run_of(name: str) -> str:
    about = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["measured_on"]
    rounds = int(about["rounds"])
    often = "once" if rounds == 1 else f"in {rounds} rounds"
    return f"{often}, on a machine that was {float(str(about['busy_before'])):.0%} busy with other work before"


def refresh(page: Path) -> None:
    """Bring the quotations of a page up to what is kept."""

    def anew(found: re.Match[str]) -> str:
        return f'[{quoted(found)}]({found["path"]}{found["result"]}.json "{found["name"]}")'

    text = page.read_text("utf-8")
    page.write_text(QUOTE.sub(anew, text), encoding="utf-8")


def _cells(each: Figure) -> tuple[str, ...]:
    spread = ""
    if each.lowest != each.highest:
        spread = f" ({shown(each.lowest, each.unit)} to {shown(each.highest, each.unit)})"
    goal = ""
    if each.goal is not None:
        sign = "≤" if each.direction == "less" else "≥"
        goal = f"{sign} {shown(each.goal, each.unit)}: {'met' if each.is_met else '**missed**'}"
    beside = ""
    if each.baseline_value is not None:
        beside = f"{each.baseline}: {shown(each.baseline_value, each.unit)}"
    ratio = f"{each.ratio:.1f}" if each.ratio is not None else ""
    return each.name, shown(each.value, each.unit) + spread, goal, beside, ratio


def place_of(name: str) -> str:
    """Say when and on what a result was measured."""
    about = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))["measured_on"]
    return (
        f"{about['date']}, {about['processor']} with {about['cores']} cores, {about['system']}, "
        f"Python {about['python']}; {float(str(about['busy_before'])):.0%} busy before the run"
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
