"""Reach: every place that an erasure goes to."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.kept import Keeping
from remit_consumers.erasure.ledger import Erasure, Named
from remit_consumers.erasure.scope import REQUESTED
from remit_consumers.erasure.strike import Strike, Struck, strike, without
from remit_consumers.erasure.taking import Taking
from remit_consumers.floor.seen import number_of
from remit_consumers.floor.window import Sealer
from remit_consumers.lake.columns import CONSENTS_TABLE, RESTRICTIONS_TABLE, WITHDRAWN_TABLE
from remit_consumers.lake.history import receipts_after
from remit_consumers.lake.holds import HOLDS_TABLE, NOBODY, Holds
from remit_consumers.lake.lease import lease
from remit_consumers.lake.redraw import groups_for
from remit_consumers.lake.renewal import renew_naming
from remit_consumers.lake.rewrite import EVENTS, WORKERS, Rewriting, live_files, rewrite_files
from remit_consumers.lake.tables import open_table, row_tables
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.lake.vacuum import Vacuum, take_orphans
from remit_consumers.settings import Settings
from remit_consumers.views.store import drop, held, views_of
from remit_consumers.withdrawal.orders import MINOR
from remit_consumers.withdrawal.revoke import revoke_of
from remit_schemas.errors import LakeError

LEASE_S = 60.0
"""How long an erasure waits for whoever maintains the lake at this moment."""

DISCLOSED_TABLE = "disclosed"
"""The table of who was disclosed to whom."""


def reason_of(erasure: Erasure) -> str:
    """What receipts say brought it about."""
    return MINOR if erasure.reason == MINOR else REQUESTED


def take_rows(deployment: Deployment, erasure: Erasure, now: datetime) -> Keeping:
    """Take what an erasure asks for from the rows of every events table, the old files at once.

    A table that must wait holds up no other: nothing of it is taken, where what its rows were stored by is not on
    record, so that nobody knows what a law says of them; or a file of it is too young to be taken for an orphan.

    Returns:
        What holds and laws keep back, and what has to wait.

    Raises:
        LakeError: The lake cannot be written.

    Source: policy 2021-11-01, clauses S079a, S079b, S091b, S095c.
    """
    root, plan_of = deployment.lake.root, deployment.plans().plan
    subjects = pa.array([name for one in erasure.named for name in one.stored], pa.string())
    if not len(subjects):
        return Keeping(Holds([]), {}, plan_of, now)
    with maintaining(root):
        if erasure.scope.is_whole:  # what they withdrew goes of rows that stay, too
            revoke_of(root, plan_of, now, subjects)
        tagsets = catalogue(root)
        keeping = Keeping(Holds.of(root, now), tagsets, plan_of, now)
        at = (erasure.at, now)
        about = erasure.named, erasure.scope, reason_of(erasure)
        taking = Taking(*about, at, tagsets, plan_of, keeping)
        for name in (name for name in row_tables(root) if name.startswith(EVENTS)):
            try:
                _take_from(root, name, taking)
            except LakeError as error:
                keeping.waiting[name] = str(error)
    return keeping


def _take_from(root: Path, name: str, taking: Taking) -> None:
    """Take what is to go from one events table, the old files at once."""
    rewrite_files(root, name, _rewriting(taking, name))
    if taking.scope.is_whole:
        renew_naming(open_table(root, name), taking.subjects)
        _sweep(root, name, taking.subjects)
    else:
        Vacuum().take(root / name, 0.0)


def strike_evidence(deployment: Deployment, erasure: Erasure, keeping: Keeping) -> None:
    """Take the rows of the lake's own tables that name somebody: consents with their snapshot, withdrawals, disclosures.

    What they withdrew is needed until nothing of theirs waits. A restriction goes with the rows that it lay on, and so does
    a name from a hold; one stays where rows do.
    """
    root = deployment.lake.root
    told = pa.array([name for one in erasure.named for name in one.ledger], pa.string())
    stored = pa.array([name for one in erasure.named for name in one.stored], pa.string())
    with maintaining(root):
        spoken = ["subject", "guardian"]
        strike(root, Struck(CONSENTS_TABLE, spoken, told, _unsaid(told), reason_of(erasure)))
        strike(root, Struck(DISCLOSED_TABLE, ["subject"], stored, without(["subject"], stored)))
        kept = {name for _, name in keeping.whose}
        freed = pa.array([name for name in stored.to_pylist() if name not in kept], pa.string())
        free = freed if not keeping.waiting else freed.slice(0, 0)
        over = stored if not keeping.waiting else stored.slice(0, 0)
        strike(root, Struck(WITHDRAWN_TABLE, ["subject"], over, without(["subject"], over)))
        strike(root, Struck(RESTRICTIONS_TABLE, ["subject"], free, without(["subject"], free)))
        strike(root, Struck(HOLDS_TABLE, ["subjects"], free, _unheld(free)))
    deployment.settings.ledger.unlink(missing_ok=True)


def drop_views(settings: Settings, erasure: Erasure, keeping: Keeping) -> int:
    """Take away the views of the contracts that lost rows, or have some that are used for nothing from here on.

    They are made anew from what is left when they are asked for.
    """
    changed = set(contracts_taken_from(settings.lake, erasure))
    changed |= {ground.contract for ground in keeping.rows}
    changed |= {name.removeprefix(EVENTS) for name in keeping.waiting}
    gone = 0
    for purpose in (path for path in settings.views.glob("[!.]*") if path.is_dir()):
        with held(settings.locks, alone=True):
            for contract, view in views_of(purpose).items():
                if contract in changed:
                    drop(view)
                    gone += 1
    return gone


def contracts_taken_from(root: Path, erasure: Erasure) -> Iterator[str]:
    """The contracts whose tables were rewritten since an erasure began."""
    for name in row_tables(root):
        if name.startswith(EVENTS):
            fresh = receipts_after(root, name, erasure.versions.get(name, -1))
            if any(receipt.removed for receipt in fresh):
                yield name.removeprefix(EVENTS)


def forget_in_windows(settings: Settings, named: Sequence[Named]) -> int:
    """Take subjects out of what the open windows of floors have seen; gives how many files were sealed anew."""
    numbers = {number_of(name) for one in named for name in one.stored}
    return Sealer(settings.floors, settings.keys, 0).forget(numbers) if numbers else 0


def _rewriting(taking: Taking, name: str) -> Rewriting:
    """What is done with one events table; who begins anew, because somebody else rewrote it, counts anew."""
    names = sorted(taking.subjects.to_pylist())
    return Rewriting(
        live_files,
        taking.change,
        begin=partial(taking.keeping.begin, name.removeprefix(EVENTS)),
        groups=partial(groups_for, names=names),
        workers=WORKERS,
    )


@contextmanager
def maintaining(root: Path) -> Iterator[None]:
    """Hold the lake's lease, waiting for it.

    Raises:
        LakeError: Another process holds it for too long.
    """
    ends_at = time.monotonic() + LEASE_S
    while True:
        with lease(root) as is_held:
            if is_held:
                yield
                return
        if time.monotonic() > ends_at:
            message = "another process maintains the lake: the erasure is on record and goes on at the next start"
            raise LakeError(message)
        time.sleep(0.05)


def _sweep(root: Path, name: str, subjects: pa.Array) -> None:
    """Take away every file of a table that is none of its own any more, if it holds somebody.

    Raises:
        LakeError: One is so young that a writer may be about to commit it.
    """
    table = open_table(root, name)
    live = {table.path / path for path in live_files(table)}
    if all(file in live for file in table.path.glob("day=*/*.parquet")):
        return
    Vacuum().take(table.path, 0.0)
    if young := take_orphans(table, subjects):
        message = f"{young} files of {name} may be about to be committed"
        raise LakeError(message)


def _unsaid(names: pa.Array) -> Strike:
    """Records of theirs go; where they spoke for others, their name does."""
    theirs = without(["subject"], names)

    def change(rows: pa.Table) -> pa.Table:
        left = theirs(rows)
        if "guardian" not in left.column_names:
            return left
        place = left.schema.get_field_index("guardian")
        column = left.column("guardian")
        spoke = pc.fill_null(pc.is_in(column, names), fill_value=False)
        nobody = pa.scalar(None, column.type)
        return left.set_column(place, left.schema.field(place), pc.if_else(spoke, nobody, column))

    return change


def _unheld(names: pa.Array) -> Strike:
    """Holds that name them stay on record, without their names."""
    gone = frozenset(names.to_pylist())

    def change(rows: pa.Table) -> pa.Table:
        place = rows.schema.get_field_index("subjects")
        told = rows.column(place)
        left = [
            None if one is None else [NOBODY if name in gone else name for name in one]
            for one in told.to_pylist()
        ]
        return rows.set_column(place, rows.schema.field(place), pa.array(left, told.type))

    return change
