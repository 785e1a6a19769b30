"""Revoke: carry out what the table of withdrawals asks for, and say so there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake import withdrawn
from remit_consumers.lake.columns import EVERY_PURPOSE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.lease import lease
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.rewrite import EVENTS, rewrite
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_consumers.lake.vacuum import Vacuum, take_orphans
from remit_consumers.withdrawal.decide import Judge, catalogue
from remit_consumers.withdrawal.narrow import PlanOf
from remit_consumers.withdrawal.orders import Orders

GRACE_S = 300.0
"""How long files stay that a revocation took out, for readers that have begun; an erasure leaves them no time."""

AT_ONCE = 2_000
"""Withdrawals carried out in one go: each is a few names, and what they take from a table is one commit."""


@dataclass(frozen=True, slots=True)
class Done:
    """What carrying out withdrawals came to.

    Attributes:
        receipts: Those of the commits.
        withdrawals: Rows of the table of withdrawals that need nothing more.
        left: Rows that do: too many for one go, or a file nobody speaks of is too young to be taken for an orphan.
        waited_s: For each that is done, seconds since it was recorded; those of erasures apart.
    """

    receipts: Sequence[Receipt] = ()
    withdrawals: int = 0
    left: int = 0
    waited_s: Sequence[float] = ()
    erasures_waited_s: Sequence[float] = ()

    def and_then(self, other: "Done") -> "Done":
        """This, and what was done after it."""
        return Done(
            receipts=(*self.receipts, *other.receipts),
            withdrawals=self.withdrawals + other.withdrawals,
            left=other.left,
            waited_s=(*self.waited_s, *other.waited_s),
            erasures_waited_s=(*self.erasures_waited_s, *other.erasures_waited_s),
        )


def revoke(root: Path, plan_of: PlanOf, now: datetime, vacuum: Vacuum) -> Done | None:
    """Rewrite what pending withdrawals forbid; doing it again changes nothing.

    Args:
        root: The lake's folder.
        plan_of: Gives the plan of a contract under a policy version.
        now: Aware UTC.
        vacuum: Takes the files away.

    Returns:
        What was done; None where another process does it.

    Raises:
        LakeError: The lake cannot be read or written; what is not done stays pending.
    """
    with reaching(root), lease(root) as is_held:
        if not is_held:
            return None
        whole = withdrawn.pending(root).sort_by("recorded_at")
        asked = whole.slice(0, AT_ONCE)
        if not asked.num_rows:
            return Done()
        judge = Judge(Orders.of(asked), _catalogue(root), plan_of, now)
        receipts = _rewritten(root, judge)
        if _swept(root, asked, vacuum):
            asked = asked.filter(pc.not_equal(asked.column("purpose"), EVERY_PURPOSE))
        if asked.num_rows:
            withdrawn.applied(root, asked, now)
        return _done(receipts, asked, whole.num_rows - asked.num_rows, now)


def vacuum_all(root: Path, vacuum: Vacuum, grace_s: float) -> int:
    """Take away the files that rewrites took out longer ago than a grace; gives how many.

    Raises:
        LakeError: The lake cannot be read or written.
    """
    with reaching(root):
        return sum(vacuum.take(root / name, grace_s) for name in _events_tables(root))


def _catalogue(root: Path) -> dict[str, dict[str, str]]:
    """What tagsets stand for."""
    if not is_table(root, "tagsets"):
        return {}
    return {
        name: dict(row)
        for name, row in catalogue(open_table(root, "tagsets").delta.to_pyarrow_table()).items()
    }


def _events_tables(root: Path) -> list[str]:
    """The tables that bear storage pseudonyms."""
    return [name for name in row_tables(root) if name.startswith(EVENTS)]


def _rewritten(root: Path, judge: Judge) -> list[Receipt]:
    """Rewrite every events table that must be; gives the receipts."""
    made = (
        rewrite(root, name, judge.orders.subjects, judge.change) for name in _events_tables(root)
    )
    return [receipt for receipt in made if receipt is not None]


def _swept(root: Path, asked: pa.Table, vacuum: Vacuum) -> int:
    """Take the old files away; where anything is erased at once, and orphans that hold it too.

    Returns:
        How many files may still hold what is to be erased.
    """
    erased = asked.filter(pc.equal(asked.column("purpose"), EVERY_PURPOSE))
    young = 0
    for name in _events_tables(root):
        vacuum.take(root / name, 0.0 if erased.num_rows else GRACE_S)
        if erased.num_rows:
            subjects = erased.column("subject").combine_chunks()
            young += take_orphans(open_table(root, name), subjects)
    return young


def _done(receipts: Sequence[Receipt], asked: pa.Table, left: int, now: datetime) -> Done:
    """Say what was done."""
    waited: dict[bool, list[float]] = {False: [], True: []}
    names = asked.select(["purpose", "recorded_at"]).to_pylist()
    for row in names:
        seconds = max(0.0, (now - row["recorded_at"]).total_seconds())
        waited[row["purpose"] == EVERY_PURPOSE].append(seconds)
    return Done(receipts, asked.num_rows, left, waited[False], waited[True])
