"""Charts as data: what is shown, and no word of how; the pages' script draws them, and a table says the same."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

DECISIONS = ("kept", "reduced", "refused")
"""What becomes of values, in the report's words; each has a colour of that name."""

HUES = 7
"""Colours there are for things that are no decision; the last is for all others together."""

NOTHING = "\N{EN DASH}"
"""What is written where there is nothing to write."""

POINTS_MAX = 60
"""Points of a chart over time at most."""

STEPS = (
    *(timedelta(seconds=one) for one in (1, 5, 15)),
    *(timedelta(minutes=one) for one in (1, 5, 15)),
    *(timedelta(hours=one) for one in (1, 6)),
    *(timedelta(days=one) for one in (1, 7, 28, 91, 364)),
)
"""How much time one point may stand for."""

Counts = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class OverTime:
    """Sums by time and name.

    Attributes:
        labels: For each point, when it begins, in UTC.
        series: For each name, a sum for each point; the largest first.
    """

    labels: tuple[str, ...]
    series: Mapping[str, tuple[int, ...]]


def _place(name: str) -> int:
    """Decisions come in their own order, all others after one another."""
    return DECISIONS.index(name) if name in DECISIONS else 0


def bars(
    labels: Sequence[str],
    series: Iterable[tuple[str, str, Sequence[int]]],
    locale: str,
    unit: str = "",
) -> dict[str, object]:
    """Describe bars that lie, with parts.

    Args:
        labels: What the bars are called.
        series: For each part its name, its colour and its values, one for each bar.
        locale: How numbers are written.
        unit: `byte`, or empty for counts.
    """
    told = [{"name": name, "role": role, "values": list(values)} for name, role, values in series]
    drawn: dict[str, object] = {
        "kind": "bars",
        "locale": locale,
        "labels": list(labels),
        "series": told,
    }
    return drawn | ({"unit": unit} if unit else {})


def over_time(found: OverTime, names: Mapping[str, str], locale: str) -> dict[str, object]:
    """Describe bars over time; `names` says what series are called."""
    series = [
        {"name": names.get(name, name), "role": role_of(name, at), "values": list(values)}
        for at, (name, values) in enumerate(found.series.items())
    ]
    return {"kind": "time", "locale": locale, "labels": list(found.labels), "series": series}


def role_of(name: str, at: int) -> str:
    """The colour of a series: a decision has its own, others one after the other."""
    return name if name in DECISIONS else f"hue{min(at, HUES - 1)}"


def flow(
    sources: Sequence[tuple[str, Mapping[str, int]]], targets: Mapping[str, str], locale: str
) -> dict[str, object]:
    """Describe how much of what became what.

    Args:
        sources: For each source its name, and for each target how much went there.
        targets: The targets' names.
        locale: How numbers are written.
    """
    reached = [key for key in targets if any(sums.get(key) for _, sums in sources)]
    nodes = [{"name": name, "role": "source", "depth": 0} for name, _ in sources]
    nodes += [{"name": targets[key], "role": key, "depth": 1} for key in reached]
    links = [
        {"source": name, "target": targets[key], "value": sums[key]}
        for name, sums in sources
        for key in reached
        if sums.get(key)
    ]
    return {"kind": "flow", "locale": locale, "nodes": nodes, "links": links}


def by_time(times: pa.Array, names: pa.Array, values: pa.Array) -> OverTime:
    """Sum values by time and name; what has no time stands under a first point without one.

    Args:
        times: Aware UTC, or null.
        names: What is summed apart.
        values: Whole numbers.
    """
    if not len(times):
        return OverTime((), {})
    seconds = pc.divide(times.cast(pa.int64()), 1_000_000)
    step = _step(seconds)
    starts = pc.multiply(pc.divide(seconds, step), step)
    table = pa.table({"at": starts, "name": names, "value": values})
    rows = table.group_by(["at", "name"]).aggregate([("value", "sum")]).to_pylist()
    points = _points(starts, step)
    sums: dict[str, dict[int | None, int]] = {}
    for row in rows:
        sums.setdefault(row["name"] or "", {})[row["at"]] = row["value_sum"] or 0
    ranked = sorted(sums, key=lambda name: (_place(name), -sum(sums[name].values())))
    series = {name: tuple(sums[name].get(at, 0) for at in points) for name in ranked[: HUES - 1]}
    if rest := ranked[HUES - 1 :]:
        series["…"] = tuple(sum(sums[name].get(at, 0) for name in rest) for at in points)
    return OverTime(tuple(map(_label(points), points)), series)


def _step(seconds: pa.Array) -> int:
    """How many seconds a point stands for: as few as `POINTS_MAX` points allow."""
    ends = pc.min_max(seconds).as_py()
    span = (ends["max"] or 0) - (ends["min"] or 0)
    fits = (int(step.total_seconds()) for step in STEPS)
    return next((one for one in fits if span // one < POINTS_MAX), int(STEPS[-1].total_seconds()))


def _points(starts: pa.Array, step: int) -> list[int | None]:
    """Every point from the first to the last, those without any value as well; what has no time is before them."""
    ends = pc.min_max(starts).as_py()
    known = [] if ends["min"] is None else range(ends["min"], ends["max"] + 1, step)
    return [*([None] if starts.null_count else []), *known]


def _label(points: Sequence[int | None]) -> "Labelling":
    known = [one for one in points if one is not None]
    days = int(timedelta(days=1).total_seconds())
    is_daily = all(one % days == 0 for one in known)
    is_one_day = bool(known) and known[0] // days == known[-1] // days
    if is_daily:
        return Labelling("%Y-%m-%d")
    return Labelling("%H:%M:%S" if is_one_day else "%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Labelling:
    """Writes the beginning of a point."""

    form: str

    def __call__(self, at: int | None) -> str:
        """Write one; what has no time is before all others."""
        return NOTHING if at is None else datetime.fromtimestamp(at, UTC).strftime(self.form)
