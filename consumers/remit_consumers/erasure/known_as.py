"""Known as: what views and recipients call somebody, so that they can be told, and be searched for it.

These names are made of those that the lake stores, under keys of their own. Names that last a day are made for every day of
which something may lie there: the days of which something went to a recipient, and those of the lake.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.erasure.ledger import Erasure
from remit_consumers.lake.leaving import DISCLOSURES_TABLE
from remit_consumers.lake.log import entries
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.views.names import ViewNames
from remit_schemas.view import Names

RECIPIENT_DOMAIN = "recipient/"
"""What the pseudonym domain of a recipient begins with (D8)."""

DAYS_MAX = 1_200
"""Days of one recipient's daily names: longer than anything is disclosed for."""

EVER = date(1970, 1, 1)
"""Stands for the day of a name that lasts."""

_DAY = "day="


def names_of(
    keys: Path, domain: str, stored: Sequence[str], lasting: Names, days: Iterable[date]
) -> set[str]:
    """Give every name of a domain.

    Args:
        keys: The folder of keys.
        domain: A purpose, or a recipient behind `RECIPIENT_DOMAIN`.
        stored: Names of the lake.
        lasting: How long a subject has one name there.
        days: For names that last a day, which days.

    Raises:
        KeysOutOfReach: The key cannot be read.
    """
    names = ViewNames(keys, domain, lasting)
    each = list(days) if lasting == "daily" else [EVER]
    subjects = pa.array([name for name in stored for _ in each], pa.string())
    made = names.of(subjects, pa.array(each * len(stored), pa.date32()))
    return set(made.to_pylist()) if made is not None else set()


def every_name(keys: Path, domain: str, stored: Sequence[str], days: Iterable[date]) -> set[str]:
    """Give every name of a domain, however long a version of the policy let one last. Errors as in `names_of`."""
    daily = names_of(keys, domain, stored, "daily", days)
    return daily | names_of(keys, domain, stored, "stable", ())


def days_told(root: Path, to: str) -> list[date]:
    """The days of which something went to a recipient, the newest first; a record that names none may be of any."""
    if not is_table(root, DISCLOSURES_TABLE):
        return []
    columns = ["recipient", "from_day", "to_day", "made_at", "rows"]
    rows = open_table(root, DISCLOSURES_TABLE).delta.to_pyarrow_table(columns=columns)
    is_his = pc.and_(pc.equal(rows.column("recipient"), to), pc.greater(rows.column("rows"), 0))
    mine = rows.filter(is_his)
    made = pc.cast(pc.floor_temporal(mine.column("made_at"), unit="day"), pa.date32())
    last = pc.max(pc.coalesce(mine.column("to_day"), made)).as_py()
    if last is None:
        return []
    long_ago = pa.scalar(last - timedelta(days=DAYS_MAX), pa.date32())
    first = pc.min(pc.coalesce(mine.column("from_day"), long_ago)).as_py()
    return [last - timedelta(days=n) for n in range(min(DAYS_MAX, (last - first).days + 1))]


def days_held(root: Path, erasure: Erasure) -> set[date]:
    """The days of which the lake holds rows, or did when an erasure began."""
    return set(_days_held(root, erasure))


def _days_held(root: Path, erasure: Erasure) -> Iterator[date]:
    for name in row_tables(root):
        if not name.startswith(EVENTS):
            continue
        paths = [folder.name for folder in (root / name).glob(f"{_DAY}*")]
        for entry in entries(root / name, erasure.versions.get(name, -1)):
            paths += entry.removed
        for path in paths:
            yield date.fromisoformat(path.partition("/")[0].removeprefix(_DAY))
