"""Retention: what is held, how old it is, what goes when, what is overdue, and what a hold keeps."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa

from remit_consumers.dashboard.asked import Asked
from remit_consumers.dashboard.charts import bars
from remit_consumers.lake.holds import holds
from remit_consumers.lake.rewrite import EVENTS, day_in
from remit_consumers.lake.tables import Table, open_table, row_tables
from remit_consumers.retention.planning import Item, plan

AHEAD_DAYS: Final = (7, 30, 90, 365)
"""For how many days ahead is said what goes."""

AGES: Final = (1, 7, 30, 90, 365)
"""Ages in days at which rows are told apart."""


def show(asked: Asked) -> Mapping[str, object]:
    """What the page shows."""
    root, now = asked.site.lake.root, asked.site.now()
    report = asked.site.figures.now().report
    days = int(asked.choice("ahead", tuple(str(one) for one in AHEAD_DAYS), "30"))
    overdue = [one for one in _due(asked, 0) if not one.held_by]
    ahead = _due(asked, days)
    held = {name: row["present"] for name, row in report.contracts.items() if row.get("present")}
    return {
        "is_empty": not held,
        "held": held,
        "overdue": _told(overdue),
        "overdue_rows": sum(one.rows for one in overdue),
        "ahead": _told(ahead),
        "days": days,
        "choices": AHEAD_DAYS,
        "ages": AGES,
        "chart": _chart(asked, root, now),
        "removals": report.removals,
        "holds": [(one, one.is_active(now)) for one in holds(root)],
    }


def _due(asked: Asked, days: int) -> list[Item]:
    """What is due in so many days, if nothing else happens."""
    site = asked.site

    def due() -> list[Item]:
        plans = site.plans()
        plans.take_up()  # a version may have come since
        return plan(site.lake.root, plans.plan, site.now() + timedelta(days=days))

    return site.figures.derived(("due", str(days)), due)


def _told(items: Sequence[Item]) -> list[Mapping[str, object]]:
    """Lines of a plan; subjects are few or counted, as in `remit sweep --plan`."""
    return [one.to_dict() for one in items]


def _chart(asked: Asked, root: Path, now: datetime) -> dict[str, object]:
    """Rows of each contract by the age of the day on which they were collected."""
    found: dict[str, Counter[int]] = {}
    for name in row_tables(root):
        if name.startswith(EVENTS):
            ages = found.setdefault(name.removeprefix(EVENTS), Counter())
            for path, rows in _files(open_table(root, name)):
                age = now - datetime.combine(day_in(path), datetime.min.time(), UTC)
                ages[sum(age.days >= one for one in AGES)] += rows
    labels = [name for name, ages in found.items() if ages.total()]
    series = [
        (_age(asked, at), f"hue{at}", [found[name][at] for name in labels])
        for at in range(len(AGES) + 1)
        if any(found[name][at] for name in labels)
    ]
    return bars(labels, series, asked.t.language)


def _files(table: Table) -> list[tuple[str, int]]:
    """The files that hold a table's rows, and how many."""
    actions = pa.table(table.delta.get_add_actions())
    return list(zip(actions["path"].to_pylist(), actions["num_records"].to_pylist(), strict=True))


def _age(asked: Asked, at: int) -> str:
    """What an age is called."""
    if at == len(AGES):
        return asked.t("retention.older", days=AGES[-1])
    return asked.t("retention.younger", days=AGES[at])
