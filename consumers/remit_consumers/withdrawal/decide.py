"""Decide: which rows of a file an order takes, and what of them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import counted
from remit_consumers.erasure.kept import Keeping
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.rewrite import Change, joined
from remit_consumers.rows import COLLECTED_AT, columns_of, present_in
from remit_consumers.withdrawal.narrow import (
    Narrowing,
    PlanOf,
    narrowed,
    narrowing,
    tagset_on_record,
)
from remit_consumers.withdrawal.orders import DENIED, MINOR, Orders, keys_of
from remit_schemas.category import Decision

Places = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of rows that have their name, tagset and day in common."""

    removal: Removal
    before: str
    narrowing: Narrowing


@dataclass(slots=True)
class Judge:
    """Says what becomes of rows under some orders.

    Attributes:
        orders: Whose rows lose what.
        tagsets: The catalogue: for each tagset its row.
        plan_of: Gives the plan that rows were stored by.
        now: Aware UTC; waiting counts to here.
        keeping: Says which rows stay although they are to be erased: a law or a hold is on them.
    """

    orders: Orders
    tagsets: Mapping[str, Mapping[str, str]]
    plan_of: PlanOf
    now: datetime
    keeping: Keeping
    _known: dict[tuple[str, frozenset[str]], Narrowing | None] = field(default_factory=dict)

    def change(self, rows: pa.Table) -> Change | None:
        """Say what becomes of the rows of a file; None: all stay as they are.

        Raises:
            LakeError: A policy version that rows were stored by is not on record.
        """
        verdicts = self._but_for_kept(rows, self._verdicts(rows))
        if not verdicts:
            return None
        removed: list[RemovedCount] = []
        stays = np.ones(rows.num_rows, np.bool_)
        after = rows
        for verdict, places in verdicts.items():
            is_in = np.zeros(rows.num_rows, np.bool_)
            is_in[places] = True
            if verdict.narrowing.tagset is None:
                stays &= ~is_in
            else:
                mask = pa.chunked_array([pa.array(is_in)])
                after = narrowed(after, mask, verdict.narrowing)
            removed.append(self._counted(rows, after, verdict, pa.array(places)))
        fresh = [each.narrowing.tagset for each in verdicts if each.narrowing.tagset]
        return Change(after.filter(pa.array(stays)), joined(removed), fresh)

    def _verdicts(self, rows: pa.Table) -> dict[Verdict, Places]:
        """The rows that lose something, by what becomes of them."""
        place = pc.index_in(keys_of(rows), value_set=self.orders.keys).combine_chunks()
        hits = np.flatnonzero(place.is_valid().to_numpy(zero_copy_only=False))
        found: dict[Verdict, list[Places]] = {}
        for key, tagset, day, mine in _groups(rows, place, hits):
            verdict = self._verdict(key, tagset, day)
            if verdict is not None:
                found.setdefault(verdict, []).append(mine)
        return {verdict: np.sort(np.concatenate(each)) for verdict, each in found.items()}

    def _but_for_kept(
        self, rows: pa.Table, verdicts: Mapping[Verdict, Places]
    ) -> dict[Verdict, Places]:
        """The verdicts without rows that are to be erased and must stay."""
        left: dict[Verdict, Places] = {}
        for verdict, places in verdicts.items():
            if verdict.removal is Removal.ERASED:
                every = np.ones(len(places), np.bool_)
                goes = places[~self.keeping.held(rows.take(pa.array(places)), count=every)]
            else:
                goes = places
            if len(goes):
                left[verdict] = goes
        return left

    def _verdict(self, place: int, tagset: str, day: date) -> Verdict | None:
        """What becomes of the rows of one key with one tagset and day; None: nothing."""
        orders = self.orders.purposes(place, day)
        if any(order.erases for order in orders.values()):
            return Verdict(Removal.ERASED, tagset, Narrowing(None))
        before = self._tagset(tagset)
        lost = frozenset(orders) & frozenset(before["purposes"].split(","))
        if (tagset, lost) not in self._known:
            self._known[tagset, lost] = narrowing(before, lost, self.plan_of)
        to = self._known[tagset, lost]
        if to is None:
            return None
        removals = {orders[purpose].removal_on(day) for purpose in lost}
        is_revoked = Removal.REVOKED in removals
        return Verdict(Removal.REVOKED if is_revoked else Removal.SWEPT, tagset, to)

    def _tagset(self, name: str) -> Mapping[str, str]:
        """What a tagset stands for."""
        return tagset_on_record(self.tagsets, name)

    def _counted(
        self, before: pa.Table, after: pa.Table, verdict: Verdict, places: pa.Array
    ) -> RemovedCount:
        """Count what the rows at some places lost."""
        goes = verdict.narrowing.tagset is None
        was = before.take(places)
        now = was.slice(0, 0) if goes else after.take(places)
        since = self.orders.recorded_at or self.now
        return RemovedCount(
            removal=verdict.removal,
            reason=MINOR if verdict.removal is Removal.ERASED else DENIED,
            rows=len(places) if goes else 0,
            narrowed=0 if goes else len(places),
            values=lost_values(was, now, json.loads(self._tagset(verdict.before)["fields"])),
            waited_ms=max(0, round((self.now - since).total_seconds() * 1_000)),
            tenants=counted(was.column("tenant")) if goes else {},
        )


def _groups(
    rows: pa.Table, place: pa.Array, hits: Places
) -> Iterator[tuple[int, str, date, Places]]:
    """Part the rows at some places by key, tagset and day: few of each, however many rows there are."""
    if not len(hits):
        return
    taken = pa.array(hits)
    keys = place.take(taken).to_numpy().astype(np.int64)
    tagsets, days = (
        rows.column(name).combine_chunks().take(taken).dictionary_encode()
        for name in ("tagset", "day")
    )
    width, depth = len(tagsets.dictionary), len(days.dictionary)
    codes = (keys * width + tagsets.indices.to_numpy()) * depth + days.indices.to_numpy()
    order = np.argsort(codes, kind="stable")
    present, first = np.unique(codes[order], return_index=True)
    for code, mine in zip(present.tolist(), np.split(order, first[1:]), strict=True):
        key, rest = divmod(code, width * depth)
        tagset, day = divmod(rest, depth)
        names = tagsets.dictionary[tagset].as_py(), days.dictionary[day].as_py()
        yield key, *names, hits[mine]


def lost_values(
    was: pa.Table, now: pa.Table, fields: Mapping[str, Mapping[str, str]]
) -> dict[str, int]:
    """How many values of each field went."""
    lost: dict[str, int] = {}
    for name, columns in columns_of(was.column_names, fields).items():
        is_stored = fields[name]["decision"] != Decision.REFUSE.value
        if columns and (is_stored or name != COLLECTED_AT):
            count = present_in(was.select(columns)) - present_in(now.select(columns))
            if count:
                lost[name] = count
    return lost
