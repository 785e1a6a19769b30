"""Taking: what an erasure takes from the rows of a file, and how much that was."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.erasure.kept import Keeping
from remit_consumers.erasure.ledger import Named
from remit_consumers.erasure.scope import Scope
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.rewrite import Change, joined
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.rows import COLLECTED_AT, columns_of, present_in
from remit_consumers.withdrawal.decide import lost_values
from remit_consumers.withdrawal.narrow import (
    Narrowing,
    PlanOf,
    emptied,
    narrowed,
    narrowing,
    tagset_on_record,
)
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.category import Decision


@dataclass(slots=True)
class Taking:
    """Says what becomes of rows under one erasure.

    Attributes:
        named: Whose rows.
        scope: How much of them.
        reason: What receipts say brought it about.
        waited: When it was ordered, and now, aware UTC.
        tagsets: The catalogue: for each tagset its row.
        plan_of: Gives the plan that rows were stored by.
        keeping: Says which rows must stay, and counts them.
    """

    named: Sequence[Named]
    scope: Scope
    reason: str
    waited: tuple[datetime, datetime]
    tagsets: Mapping[str, Mapping[str, str]]
    plan_of: PlanOf
    keeping: Keeping
    subjects: pa.Array = field(init=False)
    _keys: pa.Array = field(init=False)
    _counts: dict[str, dict[str, list[str]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = [(one.tenant, name) for one in self.named for name in one.stored]
        self.subjects = pa.array([name for _, name in names], pa.string())
        self._keys = pa.array([f"{tenant}\x1f{name}" for tenant, name in names], pa.string())

    def change(self, rows: pa.Table) -> Change | None:
        """Say what becomes of the rows of a file, or a part of one; None: all stay as they are.

        Raises:
            LakeError: Rows bear a tagset or were stored by a policy version that is not on record.
        """
        places = self._places(rows)
        if not len(places):
            return None
        removed: list[RemovedCount] = []
        tagsets: list[Tagset] = []
        stays, after = np.ones(rows.num_rows, np.bool_), rows
        for tagset, mine in self._by_tagset(rows, places):
            to = self._narrowing(tagset)
            if to is None:
                continue
            was = rows.take(pa.array(mine))
            if to.tagset is None and not to.gone:
                stays[mine] = False
                now = was.slice(0, 0)
            else:
                after = _smaller(after, mine, to, self._row(tagset))
                now = after.take(pa.array(mine))
                tagsets += [to.tagset] if to.tagset else []
            removed.append(self._counted(was, now, self._row(tagset)))
        removed = [one for one in removed if one.rows or one.narrowed]
        if not removed:
            return None
        return Change(after.filter(pa.array(stays)), joined(removed), tagsets)

    def _places(self, rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Which rows are in the erasure and not held."""
        found = np.flatnonzero(_bools(pc.is_in(rows.column("subject"), self.subjects)))
        if not len(found):
            return found
        theirs = rows.take(pa.array(found))
        mask = _bools(pc.is_in(keys_of(theirs), self._keys))
        for day, compare in (
            (self.scope.from_day, pc.greater_equal),
            (self.scope.to_day, pc.less_equal),
        ):
            if day is not None:
                mask &= _bools(compare(theirs.column("day"), pa.scalar(day, pa.date32())))
        if mask.any():
            mask &= ~self.keeping.held(theirs, count=mask.copy())
        return found[mask]

    def _by_tagset(
        self, rows: pa.Table, places: np.ndarray[tuple[int], np.dtype[np.int64]]
    ) -> Iterator[tuple[str, np.ndarray[tuple[int], np.dtype[np.int64]]]]:
        """Part the rows at some places by their tagset."""
        coded = rows.column("tagset").combine_chunks().take(pa.array(places)).dictionary_encode()
        numbers = coded.indices.to_numpy(zero_copy_only=False)
        for number, tagset in enumerate(coded.dictionary.to_pylist()):
            yield tagset, places[numbers == number]

    def _narrowing(self, tagset: str) -> Narrowing | None:
        """What becomes of rows with a tagset; None: nothing."""
        if self.scope.takes_rows:
            return Narrowing(None)
        before = self._row(tagset)
        to = (
            narrowing(before, frozenset(self.scope.purposes), self.plan_of)
            if self.scope.purposes
            else None
        )
        if to is not None and to.tagset is None:
            return to
        gone = frozenset(self._fields_of(before))
        if to is None:
            return Narrowing(None, gone=gone) if gone else None
        return Narrowing(to.tagset, to.keep_for, to.gone | gone, to.coarser)

    def _fields_of(self, before: Mapping[str, str]) -> Iterator[str]:
        """The fields of rows with a tagset that are of the categories named."""
        for name, decided in json.loads(before["fields"]).items():
            is_stored = decided["decision"] != Decision.REFUSE and name != COLLECTED_AT
            if is_stored and self.scope.covers(decided["category"]):
                yield name

    def _all_of(self, was: pa.Table, before: Mapping[str, str]) -> dict[str, int]:
        """How many values of each field rows have that go: counted often, so what to count is remembered."""
        key = before["tagset"]
        if key not in self._counts:
            fields = _fields(before)
            self._counts[key] = {
                name: columns
                for name, columns in columns_of(was.column_names, fields).items()
                if columns and (fields[name]["decision"] != Decision.REFUSE or name != COLLECTED_AT)
            }
        found = {name: present_in(was.select(own)) for name, own in self._counts[key].items()}
        return {name: values for name, values in found.items() if values}

    def _row(self, tagset: str) -> Mapping[str, str]:
        """What a tagset stands for."""
        return tagset_on_record(self.tagsets, tagset)

    def _counted(self, was: pa.Table, now: pa.Table, before: Mapping[str, str]) -> RemovedCount:
        """Count what rows lost."""
        goes = now.num_rows < was.num_rows
        values = self._all_of(was, before) if goes else lost_values(was, now, _fields(before))
        is_narrowed = not goes and bool(values)
        return RemovedCount(
            removal=Removal.ERASED,
            reason=self.reason,
            rows=was.num_rows if goes else 0,
            narrowed=was.num_rows if is_narrowed else 0,
            values=values,
            waited_ms=max(0, round((self.waited[1] - self.waited[0]).total_seconds() * 1_000)),
        )


def _fields(before: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What a tagset says of each field."""
    found: dict[str, dict[str, str]] = json.loads(before["fields"])
    return found


def _smaller(
    rows: pa.Table,
    places: np.ndarray[tuple[int], np.dtype[np.int64]],
    to: Narrowing,
    before: Mapping[str, str],
) -> pa.Table:
    """The rows, those at some places made smaller."""
    mask = np.zeros(rows.num_rows, np.bool_)
    mask[places] = True
    chunked = pa.chunked_array([pa.array(mask)])
    if to.tagset is not None:
        rows = narrowed(rows, chunked, to)
    columns = columns_of(rows.column_names, json.loads(before["fields"]))
    return emptied(rows, chunked, [column for name in to.gone for column in columns[name]])


def _bools(mask: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """A column of booleans, null for false."""
    return np.asarray(pc.fill_null(mask, fill_value=False).to_numpy(), np.bool_)
