"""Decide: what rows may still hold under a newer version of the policy. Pure, on columns: our own run and Spark's ask it.

A field stays for the purposes that both versions allow. What the newer version keeps less of goes where the lake cannot
make it smaller: a time is rounded once more, anything else that another reducer would have to see raw goes.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa

from remit_consumers.keeping import EPOCH, floors, microseconds
from remit_consumers.lake.holds import NO_HOLD, Holds
from remit_consumers.lake.removed import NEWER, Removal, RemovedCount
from remit_consumers.lake.rewrite import Change, joined
from remit_consumers.lake.tagsets import Tagset, tagset_of
from remit_consumers.withdrawal.decide import lost_values
from remit_consumers.withdrawal.narrow import (
    Narrowing,
    PlanOf,
    beside,
    differences,
    narrowed,
    plan_of_rows,
    tagset_on_record,
)
from remit_schemas.category import Decision
from remit_schemas.decided import FieldDecision
from remit_schemas.plan import Plan
from remit_schemas.precision import coarseness

REFUSED = FieldDecision(Decision.REFUSE, (), "", "a newer version of the policy")


def under(before: Mapping[str, str], plan_of: PlanOf, version: str) -> Narrowing | None:
    """Say what becomes of rows with one tagset under a newer version; None where that is no less than they are.

    Args:
        before: The row of `tagsets` that stands for what they bear.
        plan_of: Gives the plan of a contract under a version on record.
        version: The newer one; rows under it or one after it stay as they are.

    Raises:
        LakeError: The version that they were stored under, or the newer one, is not on record.
    """
    if before["policy_version"] >= version:
        return None
    was = plan_of_rows(before, plan_of)
    plan = plan_of_rows({**before, "policy_version": version}, plan_of)
    told: dict[str, dict[str, Any]] = json.loads(before["fields"])
    fields = _fields(told, plan, before["purposes"])
    outcome = beside(plan.decided(fields), before)
    after = tagset_of(plan, outcome)
    if not after.purposes:
        return Narrowing(None)
    gone, coarser = differences(told, json.loads(after.fields))
    held = frozenset(filter(None, before["purposes"].split(",")))
    shorter = outcome.keep_for < was.outcome(held & was.optional_purposes).keep_for
    if not (gone or coarser or shorter or _purposes(told) != _purposes(json.loads(after.fields))):
        return None
    return Narrowing(after, outcome.keep_for, gone, coarser, plan.retention)


def _purposes(fields: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """For which purposes each field is held; what is refused is left out."""
    return {name: list(one["purposes"]) for name, one in fields.items() if one["purposes"]}


def _fields(
    told: Mapping[str, Mapping[str, Any]], plan: Plan, purposes: str
) -> dict[str, FieldDecision]:
    """What both versions allow of each field."""
    held = frozenset(purposes.split(",")) & plan.optional_purposes
    allowed = plan.outcome(held).fields
    return {name: _both(told.get(name), one, plan, name) for name, one in allowed.items()}


def _both(
    was: Mapping[str, Any] | None, now: FieldDecision, plan: Plan, name: str
) -> FieldDecision:
    """What is left of one field: for the purposes of both, as coarse as the coarser one."""
    if was is None or Decision.REFUSE in (was["decision"], now.decision):
        return REFUSED
    keys = tuple(key for key in now.purposes if key in was["purposes"])
    if not keys:
        return REFUSED
    bases = {one.basis for one in plan.fields[name].purposes if one.key in keys}
    left = replace(now, purposes=keys, basis=",".join(sorted(bases)))
    if plan.fields[name].reducer == "timestamp" == was["reducer"]:
        precisions = [str(was["parameters"]["precision"]), str(now.parameters["precision"])]
        finer_gone: dict[str, Any] = {"precision": max(precisions, key=coarseness)}
        return replace(left, parameters={**now.parameters, **finer_gone})
    same = was["decision"] == now.decision and was["reducer"] == plan.fields[name].reducer
    return left if same and _is_same(was["parameters"], now.parameters) else REFUSED


def _is_same(was: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether parameters are equal; JSON has no tuples."""
    return dict(was) == dict(json.loads(json.dumps(dict(now))))


@dataclass(slots=True)
class Reminimizer:
    """Makes rows of a contract as small as a newer version asks.

    Attributes:
        contract: Name of the contract.
        tagsets: The catalogue: for each tagset its row.
        plan_of: Gives the plan of a contract under a version on record.
        version: The newer version.
        holds: What is active: rows under it stay whole.
        now: Aware UTC; what a law keeps at this moment stays whole.
    """

    contract: str
    tagsets: Mapping[str, Mapping[str, str]]
    plan_of: PlanOf
    version: str
    holds: Holds
    now: datetime
    _known: dict[str, Narrowing | None] = field(default_factory=dict)

    def change(self, rows: pa.Table) -> Change | None:
        """Say what becomes of rows, `day` among their columns; None: all stay as they are."""
        names = rows.column("tagset").combine_chunks().dictionary_encode()
        codes = np.asarray(names.indices.to_numpy(), np.int64)
        free = self.holds.held(self.contract, rows) == NO_HOLD
        stays, after = np.ones(rows.num_rows, np.bool_), rows
        removed, made = list[RemovedCount](), dict[str, Tagset]()
        for code, name in enumerate(names.dictionary.to_pylist()):
            to = self._under(name)
            if to is None:
                continue
            mine = free & (codes == code) & ~self._by_law(rows, name)
            if not mine.any():
                continue
            if to.tagset is None:
                stays &= ~mine
            else:
                made[to.tagset.tagset] = to.tagset
                after = narrowed(after, pa.chunked_array([pa.array(mine)]), to)
            removed.append(self._counted(rows, after, mine, name, is_gone=to.tagset is None))
        if not removed:
            return None
        return Change(after.filter(pa.array(stays)), joined(removed), list(made.values()))

    def _under(self, tagset: str) -> Narrowing | None:
        if tagset not in self._known:
            before = tagset_on_record(self.tagsets, tagset)
            self._known[tagset] = under(before, self.plan_of, self.version)
        return self._known[tagset]

    def _by_law(self, rows: pa.Table, tagset: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which rows a law keeps at this moment, by the version that they were stored under."""
        plan = plan_of_rows(tagset_on_record(self.tagsets, tagset), self.plan_of)
        floor = plan.retention.floor if plan.retention else None
        return floors(rows, floor) > microseconds(self.now - EPOCH)

    def _counted(
        self,
        before: pa.Table,
        after: pa.Table,
        mine: np.ndarray[Any, np.dtype[np.bool_]],
        tagset: str,
        *,
        is_gone: bool,
    ) -> RemovedCount:
        """Count what the rows of a tagset lost."""
        mask = pa.array(mine)
        was = before.filter(mask)
        left = was.slice(0, 0) if is_gone else after.filter(mask)
        return RemovedCount(
            removal=Removal.SWEPT,
            reason=NEWER,
            rows=was.num_rows if is_gone else 0,
            narrowed=0 if is_gone else was.num_rows,
            values=lost_values(was, left, json.loads(self.tagsets[tagset]["fields"])),
        )


def summed(counts: Collection[RemovedCount]) -> dict[str, Any]:
    """What removals come to: rows that go, rows that stay with less, and values that go by field."""
    values: dict[str, int] = {}
    for one in counts:
        for name, count in one.values.items():
            values[name] = values.get(name, 0) + count
    return {
        "rows": sum(one.rows for one in counts),
        "narrowed": sum(one.narrowed for one in counts),
        "values": dict(sorted(values.items())),
    }
