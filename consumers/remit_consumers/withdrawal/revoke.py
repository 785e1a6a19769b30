"""Revoke: carry out what the table of withdrawals asks for, and say so there."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.erasure.kept import Keeping
from remit_consumers.keeping import TIME
from remit_consumers.lake import withdrawn
from remit_consumers.lake.columns import EVERY_PURPOSE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.holds import Holds
from remit_consumers.lake.lease import lease
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.redraw import groups_for
from remit_consumers.lake.restrictions import OBLIGED, Whose, keep_back
from remit_consumers.lake.rewrite import EVENTS, Rewriting, live_files, rewrite_files
from remit_consumers.lake.tables import Table, open_table, row_tables
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.lake.vacuum import Vacuum, take_orphans
from remit_consumers.withdrawal.decide import Judge
from remit_consumers.withdrawal.narrow import PlanOf
from remit_consumers.withdrawal.orders import MINOR, Orders
from remit_schemas.errors import LakeError

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
        left: Rows that do: too many for one go, a table that must wait, or a file nobody speaks of that is too young to be
            taken for an orphan.
        waiting: Why tables must wait, such as for a policy version that is not on record: one line each.
        waited_s: For each that is done, seconds since it was recorded; those of erasures apart.
    """

    receipts: Sequence[Receipt] = ()
    withdrawals: int = 0
    left: int = 0
    waiting: Sequence[str] = ()
    waited_s: Sequence[float] = ()
    erasures_waited_s: Sequence[float] = ()

    def and_then(self, other: "Done") -> "Done":
        """This, and what was done after it."""
        return Done(
            receipts=(*self.receipts, *other.receipts),
            withdrawals=self.withdrawals + other.withdrawals,
            left=other.left,
            waiting=other.waiting,
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
        What was done; None where another process does it. A table that must wait holds up no other.

    Raises:
        LakeError: The lake cannot be read or written; what is not done stays pending.
    """
    with reaching(root), lease(root) as is_held:
        if not is_held:
            return None
        whole = withdrawn.pending(root).sort_by("recorded_at")
        done = _carried_out(root, plan_of, now, whole.slice(0, AT_ONCE), vacuum)
        return replace(done, left=whole.num_rows - done.withdrawals)


def revoke_of(root: Path, plan_of: PlanOf, now: datetime, subjects: pa.Array) -> Done:
    """Carry out what some subjects withdrew, before their rows are erased: of those that a law keeps it takes its part.

    Whoever calls it holds the lease; arguments and errors as in `revoke`.
    """
    whole = withdrawn.pending(root)
    theirs = whole.filter(pc.is_in(whole.column("subject"), subjects))
    return _carried_out(root, plan_of, now, theirs, Vacuum())


def _carried_out(
    root: Path, plan_of: PlanOf, now: datetime, asked: pa.Table, vacuum: Vacuum
) -> Done:
    """Carry out some withdrawals, under the lease."""
    if not asked.num_rows:
        return Done()
    tagsets = catalogue(root)
    keeping = Keeping(Holds.of(root, now), tagsets, plan_of, now)
    judges = partial(Judge, tagsets=tagsets, plan_of=plan_of, now=now, keeping=keeping)
    receipts = _rewritten(root, asked, judges, keeping.waiting)
    over = _over(root, asked, now, keeping, _swept(root, asked, vacuum))
    if over.num_rows:
        withdrawn.applied(root, over, now)
    return _done(receipts, over, asked.num_rows - over.num_rows, now, keeping.waiting.values())


def _over(root: Path, asked: pa.Table, now: datetime, keeping: Keeping, young: int) -> pa.Table:
    """The withdrawals that need nothing more; of erasures that do, it is said how far they are.

    Rows that a law or a hold keeps are put under restriction before anything counts as done.
    """
    is_erasure = pc.equal(asked.column("purpose"), EVERY_PURPOSE)
    erasures, others = asked.filter(is_erasure), asked.filter(pc.invert(is_erasure))
    for day, whose in _found_on(erasures).items():
        kept = dict.fromkeys(keeping.whose & whose, OBLIGED)
        keep_back(root, MINOR, kept, now, day)
    failed = sorted(keeping.waiting)
    if erasures.num_rows and (failed or young):
        withdrawn.rewritten(root, erasures, now, failed)
        erasures = erasures.slice(0, 0)
    return pa.concat_tables([erasures, others.slice(0, 0) if failed else others])


def _found_on(erasures: pa.Table) -> dict[date, set[Whose]]:
    """Whose rows are to go, by the day on which that was found: what is stored on a later day is lawful."""
    found: dict[date, set[Whose]] = {}
    for row in erasures.select(["tenant", "subject", "recorded_at"]).to_pylist():
        found.setdefault(row["recorded_at"].date(), set()).add((row["tenant"], row["subject"]))
    return found


def vacuum_all(root: Path, vacuum: Vacuum, grace_s: float) -> int:
    """Take away the files that rewrites took out longer ago than a grace; gives how many.

    Raises:
        LakeError: The lake cannot be read or written.
    """
    with reaching(root):
        return sum(vacuum.take(root / name, grace_s) for name in _events_tables(root))


def _events_tables(root: Path) -> list[str]:
    """The tables that bear storage pseudonyms."""
    return [name for name in row_tables(root) if name.startswith(EVENTS)]


def _rewritten(
    root: Path, asked: pa.Table, judges: Callable[[Orders], Judge], waiting: dict[str, str]
) -> list[Receipt]:
    """Rewrite every events table that must be; gives the receipts, and notes why a table has to wait."""
    receipts = []
    for part, find in _passes(asked):
        judge = judges(Orders.of(part))
        names = sorted(judge.orders.subjects.to_pylist())
        what = Rewriting(find, judge.change, groups=partial(groups_for, names=names))
        for name in _events_tables(root):
            try:
                receipts.append(rewrite_files(root, name, what))
            except LakeError as error:
                waiting[name] = str(error)
    return [receipt for receipt in receipts if receipt is not None]


def _passes(asked: pa.Table) -> Iterator[tuple[pa.Table, Callable[[Table], list[str]]]]:
    """Part withdrawals by which files they may speak of: all; but of those that wait only files of before that.

    A file of before it was nobody's then and is its table's now, or is of a table that could not be rewritten.
    """
    keys = asked.select(["rewritten_at", "left"]).group_by(["rewritten_at", "left"]).aggregate([])
    for row in keys.to_pylist():
        since, left = row["rewritten_at"], row["left"] or ""
        if since is None:
            yield asked.filter(asked.column("rewritten_at").is_null()), live_files
        else:
            same_time = pc.equal(asked.column("rewritten_at"), pa.scalar(since, TIME))
            mine = pc.and_(same_time, pc.equal(asked.column("left"), left))
            yield asked.filter(mine), partial(_files_before, since, left.split(","))


def _files_before(since: datetime, left: Collection[str], table: Table) -> list[str]:
    """The files of a table that were written before a time; all where the table was left then."""
    paths = live_files(table)
    if table.name in left:
        return paths
    return [path for path in paths if (table.path / path).stat().st_mtime < since.timestamp()]


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


def _done(
    receipts: Sequence[Receipt], asked: pa.Table, left: int, now: datetime, why: Iterable[str]
) -> Done:
    """Say what was done."""
    waited: dict[bool, list[float]] = {False: [], True: []}
    names = asked.select(["purpose", "recorded_at"]).to_pylist()
    for row in names:
        seconds = max(0.0, (now - row["recorded_at"]).total_seconds())
        waited[row["purpose"] == EVERY_PURPOSE].append(seconds)
    return Done(receipts, asked.num_rows, left, tuple(why), waited[False], waited[True])
