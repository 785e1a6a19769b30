"""Correct and supplement: what stands of somebody is replaced, or added where nothing stands, made as small as the policy asks.

The new value goes through the field's own reducer, under the policy version that the row was stored by: a correction
must not be a way around it. The old file goes at once, so that nobody reads what was wrong. The receipt of the commit
says of which field, under which clause and in how many rows; never what.

Source: policy 2021-11-01, clause S077b.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.lease import lease
from remit_consumers.lake.redraw import Change, groups_for
from remit_consumers.lake.rewrite import EVENTS, Rewriting, live_files, rewrite_files
from remit_consumers.lake.tables import is_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.requests.correction import Correction
from remit_consumers.requests.found import rows_of
from remit_consumers.requests.references import References
from remit_consumers.requests.smaller import Smaller
from remit_consumers.store.place import delta
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.errors import LakeError, RequestRefused

Mask: TypeAlias = pa.ChunkedArray
"""Which rows of a file are meant."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What was put right.

    Attributes:
        rows: Rows that were meant.
        fields: For each field, those of them that bear what is right now.
    """

    rows: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)


def correct(
    deployment: Deployment,
    about: SubjectRef,
    names: Sequence[str],
    asked: Correction,
    clause: str,
) -> Corrected:
    """Put right what stands of a subject; doing it again changes nothing.

    Args:
        deployment: Where everything lies.
        about: Whose data.
        names: The pseudonyms under which rows of theirs may stand.
        asked: What is to be put right, and where.
        clause: The sentence that gives the right to it.

    Raises:
        RequestRefused: There is no such contract, field or row, it is not stored, or the value does not fit it.
        LakeError: The lake cannot be read or written, or another process rewrites it at this moment.
        KeysOutOfReach: A key cannot be read.
    """
    smaller = Smaller(deployment, about, asked)
    root, table = deployment.settings.lake, f"{EVENTS}{asked.contract}"
    references = References.of(deployment, about) if asked.part.rows else References(())
    correcting = _Correcting(about, names, asked, smaller, references, clause)
    if not is_table(root, table) or not names:
        correcting.check_rows(None)
        return Corrected()
    with reaching(root), lease(root) as is_held:
        if not is_held:
            raise LakeError("another process rewrites the lake at this moment: try again")
        if asked.part.rows:
            correcting.check_rows(rows_of(delta(root / table), about.tenant, names))
        sought = sorted(names)
        what = Rewriting(
            live_files,
            correcting.change,
            begin=correcting.begin,
            groups=lambda told: groups_for(told, sought),
        )
        rewrite_files(root, table, what)
        Vacuum().take(root / table, 0.0)
    return Corrected(correcting.rows, {name: correcting.right[name] for name in asked.values})


@dataclass(slots=True)
class _Correcting:
    """Says what becomes of the rows of a file."""

    about: SubjectRef
    names: Sequence[str]
    asked: Correction
    smaller: Smaller
    references: References
    clause: str
    rows: int = 0
    right: Counter[str] = field(default_factory=Counter)

    def begin(self) -> None:
        """Count anew: a rewrite may begin again."""
        self.rows, self.right = 0, Counter()

    def check_rows(self, theirs: pa.Table | None) -> None:
        """Refuse references that name no row of theirs: what is not there cannot be put right."""
        wanted = self.asked.part.rows
        found = 0 if theirs is None else self.references.among(theirs, wanted).true_count
        if found < len(wanted):
            message = f"{len(wanted) - found} of {len(wanted)} rows that were named do not stand in {self.asked.contract}"
            raise RequestRefused(message)

    def change(self, rows: pa.Table) -> Change | None:
        """Say what becomes of the rows of a file, or of a group of them; None: all stay as they are."""
        meant = self._meant(rows)
        count = int(pc.sum(meant).as_py() or 0)
        if not count:
            return None
        self.rows += count
        after: pa.Table = rows
        columns: defaultdict[str, set[str]] = defaultdict(set)
        for name in self.asked.values:
            for version in pc.unique(rows.column("policy_version").filter(meant)).to_pylist():
                mask = pc.and_(meant, pc.equal(rows.column("policy_version"), version))
                after, held = self._put(after, name, version, mask)
                columns[name] |= held
        after = self.smaller.floored(rows, after, meant)
        changed = {name: _changed(rows, after, mine) for name, mine in columns.items()}
        if not any(changed.values()):
            return None
        told = {f"{name} {self.clause}".strip(): count for name, count in changed.items()}
        return Change(after, (), filled=changed if self.asked.fills else {}, corrected=told)

    def _meant(self, rows: pa.Table) -> Mask:
        """Which rows are theirs, and in the part."""
        part = self.asked.part
        keys = pa.array([f"{self.about.tenant}\x1f{name}" for name in self.names], pa.string())
        meant = pc.fill_null(pc.is_in(keys_of(rows), keys), fill_value=False)
        for day, compare in ((part.from_day, pc.greater_equal), (part.to_day, pc.less_equal)):
            if day is not None:
                meant = pc.and_(meant, compare(rows.column("day"), pa.scalar(day, pa.date32())))
        if part.rows and pc.any(meant).as_py():
            places = pc.indices_nonzero(meant)
            named = self.references.among(rows.take(places), part.rows)
            numbers = pa.array(range(rows.num_rows), pa.uint64())
            meant = pa.chunked_array([pc.is_in(numbers, places.filter(named))])
        return meant

    def _put(
        self, rows: pa.Table, name: str, version: str, mask: Mask
    ) -> tuple[pa.Table, set[str]]:
        """Put a value into the rows of a mask that have one, or have none; gives the columns that hold it."""
        columns = {
            key: value
            for key, value in self.smaller.columns(name, version, rows).items()
            if key in rows.column_names
        }
        if not columns:
            return rows, set()
        wanted = pc.and_(mask, self._has_place(rows, name, list(columns)))
        self.right[name] += int(pc.sum(wanted).as_py() or 0)
        for key, value in columns.items():
            at, kind = rows.schema.get_field_index(key), rows.schema.field(key)
            now = pc.if_else(wanted, value.cast(kind.type), rows.column(key))
            rows = rows.set_column(at, kind, now)
        return rows, set(columns)

    def _has_place(self, rows: pa.Table, name: str, columns: Sequence[str]) -> Mask:
        """Which rows have a value to replace, or room for one that may be stored."""
        present = pc.is_valid(rows.column(columns[0]))
        for key in columns[1:]:
            present = pc.or_(present, pc.is_valid(rows.column(key)))
        if not self.asked.fills:
            return present
        stored = pa.array(self.smaller.stored(name), pa.string())  # nothing that nobody agreed to
        return pc.and_(pc.invert(present), pc.is_in(rows.column("tagset"), stored))


def _changed(before: pa.Table, after: pa.Table, columns: Iterable[str]) -> int:
    """Rows in which any of some columns holds something else than before."""
    changed = np.zeros(before.num_rows, np.bool_)
    for name in columns:
        was, is_now = before.column(name), after.column(name)
        both_null = pc.and_(pc.is_null(was), pc.is_null(is_now))
        same = pc.or_(both_null, pc.fill_null(pc.equal(was, is_now), fill_value=False))
        changed |= ~same.to_numpy()
    return int(changed.sum())
