"""Sweep: what is due goes, in one commit for each table, with its receipt; then its bytes; then what old logs say of it.

Small files are merged on the way, and some of those whose dictionaries may name what went are written anew. A sweep that is killed leaves each table as it was or as it must be, and files that no
commit speaks of; the next one carries it on. Doing it twice changes nothing. Every table's receipt is in the commit that
removes its rows.

Source: policy 2021-11-01, clauses S085, S105a, S109.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import (
    CONSENTS_TABLE,
    POSITIONS_TABLE,
    QUERIES_TABLE,
    REQUESTS_TABLE,
    RESTRICTIONS_TABLE,
    WITHDRAWN_TABLE,
)
from remit_consumers.lake.compaction import Compacted, compact_tables
from remit_consumers.lake.consents import outlived
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.lease import lease
from remit_consumers.lake.leaving import DISCLOSED_TABLE, DISCLOSURES_TABLE
from remit_consumers.lake.logcut import cut_logs
from remit_consumers.lake.promises import keep_promised
from remit_consumers.lake.quarantined import TABLE as QUARANTINE_TABLE
from remit_consumers.lake.receipt import Receipt
from remit_consumers.lake.removed import EXPIRED, Removal, RemovedCount
from remit_consumers.lake.renewal import Renewed, renew_tables
from remit_consumers.lake.replayed import Settled
from remit_consumers.lake.rewrite import EVENTS, Change, Rewriting, due_files, rewrite_files
from remit_consumers.lake.settling import expiring
from remit_consumers.lake.tables import Table, is_table, open_table, tables_in
from remit_consumers.lake.vacuum import Vacuum, take_old_orphans
from remit_consumers.lake.withdrawn import waits
from remit_consumers.retention.anonymise import Anonymiser
from remit_consumers.retention.looking import Look
from remit_consumers.retention.restricted import Ended
from remit_consumers.withdrawal.narrow import PlanOf

OWN_TABLES = (
    *(QUARANTINE_TABLE, CONSENTS_TABLE, WITHDRAWN_TABLE, QUERIES_TABLE, REQUESTS_TABLE),
    *(DISCLOSURES_TABLE, DISCLOSED_TABLE, "notices", RESTRICTIONS_TABLE),
)
"""Tables beside the events whose rows have a `keep_until`: it decides, and no hold lies on them. Of restrictions only
those go that have ended."""

Progress = Callable[[str], None]
"""Called with the name of each table before it is swept."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep came to.

    Attributes:
        receipts: Those of its commits.
        files: Files taken away, orphans among them.
        entries: Entries of the tables' logs that were cut.
        uncut: Why a log could not be cut, a line for each.
        compacted: What became of small files, by table.
        renewed: What became of files whose dictionaries may name what went.
    """

    receipts: Sequence[Receipt] = ()
    files: int = 0
    entries: int = 0
    uncut: Sequence[str] = ()
    compacted: Mapping[str, Compacted] = field(default_factory=dict)
    renewed: Renewed = field(default_factory=Renewed)

    @property
    def rows(self) -> int:
        """Rows that went."""
        return sum(one.rows for receipt in self.receipts for one in receipt.removed)

    @property
    def expired(self) -> int:
        """Events that nobody could read in time, and that stand in quarantine no more."""
        return sum(
            one.count
            for receipt in self.receipts
            for one in receipt.replayed
            if one.settled is Settled.EXPIRED
        )

    @property
    def merged(self) -> int:
        """Small files that were merged."""
        return sum(one.replaced for one in self.compacted.values())

    @property
    def narrowed(self) -> int:
        """Rows that were left with less."""
        return sum(one.narrowed for receipt in self.receipts for one in receipt.removed)


@dataclass(frozen=True, slots=True)
class Sweep:
    """A sweep of one lake.

    Attributes:
        root: The lake's folder.
        plan_of: Gives the plan that rows were stored by.
        vacuum: Takes files away.
        grace_s: How long files stay that were taken out, for readers that have begun.
        progress: Told of each table.
    """

    root: Path
    plan_of: PlanOf
    vacuum: Vacuum
    grace_s: float = 0.0
    progress: Progress = lambda _: None

    def apply(self, now: datetime) -> Swept | None:
        """Do what is due; None where another process maintains the lake at this moment.

        Args:
            now: Aware UTC.

        Raises:
            LakeError: The lake cannot be read or written; what is not done is due still.
        """
        if not self.root.is_dir():  # nothing was stored yet
            return Swept()
        with reaching(self.root), lease(self.root) as is_held:
            if not is_held:
                return None
            look = Look.at(self.root, self.plan_of, now)
            receipts = [self._events(look, contract) for contract in look.contracts()]
            receipts += [self._own(name, now) for name in self.own_tables()]
            made = [one for one in receipts if one is not None]
            files, cut = self._vacuumed(), cut_logs(self.root)
            compacted = compact_tables(self.root)  # what it takes out stays for the next: readers
            keep_promised(self.root, tables_in(self.root))
        with reaching(self.root):  # its lease is let go now and then, for erasures
            renewed = renew_tables(self.root)
        log_entries = sum(cut.entries.values())
        return Swept(made, files, log_entries, cut.refused, compacted, renewed)

    def own_tables(self) -> list[str]:
        """The tables beside the events that there are."""
        return [name for name in OWN_TABLES if is_table(self.root, name)]

    def _events(self, look: Look, contract: str) -> Receipt | None:
        """Sweep a contract's table, as the holds stand when its rows are read and when they go."""
        name = f"{EVENTS}{contract}"
        self.progress(name)
        left = Anonymiser(self.root, contract, look.now)
        assessor = look.assessor(contract, left.take)

        def begin() -> None:
            left.begin()
            assessor.holds = look.holding()

        def ready() -> Mapping[str, int]:
            assessor.holds.check(self.root)
            return left.ready()

        find = partial(look.files, contract=contract)
        what = Rewriting(find, assessor.change, begin, ready)
        receipt = rewrite_files(self.root, name, what)
        left.settle()
        return receipt

    def _own(self, name: str, now: datetime) -> Receipt | None:
        """Sweep a table whose rows have only their `keep_until`."""
        self.progress(name)
        return rewrite_files(self.root, name, own_rewriting(self.root, name, now))

    def _vacuumed(self) -> int:
        """Take away what commits took out, and files that no commit ever spoke of; gives how many. `positions` does its own."""
        taken = 0
        for name in tables_in(self.root):
            if name == POSITIONS_TABLE:
                continue
            table: Table = open_table(self.root, name)
            taken += self.vacuum.take(table.path, self.grace_s)
            taken += take_old_orphans(table, self.vacuum)
        return taken


def own_rewriting(root: Path, name: str, now: datetime) -> Rewriting:
    """What is done with a table of remit's own: which files may hold what is due, and what stays of their rows."""
    if name == QUARANTINE_TABLE:
        return expiring(root, now)
    if name == RESTRICTIONS_TABLE:
        ended = Ended(root, now)
        return Rewriting(ended.files, ended.change)
    find = partial(due_files, now=now)
    if name == WITHDRAWN_TABLE:
        return Rewriting(find, lambda rows: without_due(rows, now, waits(root, rows)))
    if name == CONSENTS_TABLE:
        return Rewriting(find, lambda rows: without_due(rows, now, outlived(root, rows, now)))
    return Rewriting(find, partial(without_due, now=now))


def without_due(rows: pa.Table, now: datetime, needed: pa.Array | None = None) -> Change | None:
    """The rows of a table of remit's own without those whose time is over; None: all stay.

    Args:
        rows: Of the table.
        now: Aware UTC.
        needed: Which rows stay all the same; None: none.
    """
    moment = pa.scalar(now, pa.timestamp("us", "UTC"))
    due = pc.fill_null(pc.less_equal(rows.column("keep_until"), moment), fill_value=False)
    due = due if needed is None else pc.and_not(due, needed)
    if not pc.any(due).as_py():
        return None
    gone = rows.filter(due).num_rows
    return Change(rows.filter(pc.invert(due)), [RemovedCount(Removal.SWEPT, EXPIRED, rows=gone)])
