"""Narrow: what a row may still hold once a purpose has lost it, under the plan that the row was stored by."""

import json
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.keeping import kept_rows
from remit_consumers.lake.tagsets import Tagset, tagset_of
from remit_consumers.reducers import timestamp
from remit_consumers.rows import COLLECTED_AT, columns_of
from remit_schemas.category import Decision
from remit_schemas.decided import Outcome
from remit_schemas.errors import ContractError, LakeError
from remit_schemas.plan import Plan
from remit_schemas.retention import RetentionTerms

PlanOf = Callable[[str, str], Plan]
"""Gives the plan of a contract under a policy version on record."""


@dataclass(frozen=True, slots=True)
class Narrowing:
    """What becomes of rows with one tagset.

    Attributes:
        tagset: What the rows bear afterwards; None: nothing holds them any more, and they go.
        keep_for: How long rows with it are kept.
        gone: Fields of which nothing stays.
        coarser: Fields that are rounded once more, each with the precision that is left.
        retention: What the policy says of such rows' time beside their rules.
    """

    tagset: Tagset | None
    keep_for: timedelta = timedelta()
    gone: frozenset[str] = frozenset()
    coarser: tuple[tuple[str, str], ...] = ()
    retention: RetentionTerms | None = None


def narrowing(before: Mapping[str, str], lost: frozenset[str], plan_of: PlanOf) -> Narrowing | None:
    """Say what becomes of rows once purposes have lost them; None where they were not stored for any of these.

    Args:
        before: The row of `tagsets` that stands for what they bear.
        lost: The purposes.
        plan_of: Gives the plan they were stored by.

    Raises:
        LakeError: Their policy version is not on record.
    """
    held = frozenset(filter(None, before["purposes"].split(",")))
    if not held & lost:
        return None
    plan = plan_of_rows(before, plan_of)
    outcome = beside(plan.outcome((held & plan.optional_purposes) - lost), before)
    after = tagset_of(plan, outcome)
    if not after.purposes:
        return Narrowing(None)
    gone, coarser = differences(json.loads(before["fields"]), json.loads(after.fields))
    return Narrowing(after, outcome.keep_for, gone, coarser, plan.retention)


def tagset_on_record(tagsets: Mapping[str, Mapping[str, str]], tagset: str) -> Mapping[str, str]:
    """What a tagset stands for.

    Raises:
        LakeError: The catalogue does not know it.
    """
    try:
        return tagsets[tagset]
    except KeyError:
        message = "rows bear a tagset that the catalogue does not know: restore the table tagsets"
        raise LakeError(message) from None


def plan_of_rows(before: Mapping[str, str], plan_of: PlanOf) -> Plan:
    """The plan that the rows of a tagset were stored by.

    Raises:
        LakeError: Their policy version or their contract is not on record; the message says which.
    """
    contract, version = before["contract"], before["policy_version"]
    try:
        return plan_of(contract, version)
    except KeyError:
        message = f"rows of {contract} were stored under policy version {version}, which is not on record: put its file back"
        raise LakeError(message) from None
    except ContractError:
        message = (
            f"rows were stored by contract {contract}, which is not on record: put its file back"
        )
        raise LakeError(message) from None


def beside(outcome: Outcome, before: Mapping[str, str]) -> Outcome:
    """Name what decided beside the plan when the rows were stored."""
    outcome = outcome.within(before["places"]) if before["places"] else outcome
    return outcome.above(before["floor"]) if before["floor"] else outcome


def differences(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> tuple[frozenset[str], tuple[tuple[str, str], ...]]:
    """Which fields go, and which are rounded once more; what cannot be made smaller in the lake goes."""
    gone: set[str] = set()
    coarser: list[tuple[str, str]] = []
    for name, was in before.items():
        now = after.get(name, {"decision": Decision.REFUSE.value})
        if was["decision"] == Decision.REFUSE.value or name == COLLECTED_AT:
            continue
        if now["decision"] == Decision.REFUSE.value:
            gone.add(name)
        elif now["parameters"] != was["parameters"]:
            if now["reducer"] == "timestamp" == was["reducer"]:
                coarser.append((name, str(now["parameters"]["precision"])))
            else:
                gone.add(name)
    return frozenset(gone), tuple(coarser)


def narrowed(rows: pa.Table, mask: pa.ChunkedArray, to: Narrowing) -> pa.Table:
    """The rows, those under the mask made smaller; their order stays.

    A row is never kept longer than it was to be before, and never shorter than a law says.
    """
    if to.tagset is None:
        return rows
    until = kept_rows(rows, to.keep_for, to.retention)
    after = lessened(rows, mask, to.tagset, to.gone, to.coarser)
    before = rows.column("keep_until")
    earlier = pc.if_else(pc.less(until, before), until, before)
    return _where(after, "keep_until", mask, earlier)


def lessened(
    rows: pa.Table,
    mask: pa.ChunkedArray,
    tagset: Tagset,
    gone: Collection[str],
    coarser: Iterable[tuple[str, str]],
) -> pa.Table:
    """The rows, those under the mask without some fields and with coarser times, under another tagset."""
    columns = columns_of(rows.column_names, json.loads(tagset.fields))
    for name in sorted(gone):
        rows = emptied(rows, mask, columns[name])
    for name, precision in coarser:
        for column in columns[name]:
            stored = rows.column(column)
            (rounded,) = timestamp.reduce(stored.combine_chunks(), {"precision": precision})
            rows = _where(rows, column, mask, rounded.cast(stored.type))
    return _where(rows, "tagset", mask, pa.scalar(tagset.tagset))


def emptied(rows: pa.Table, mask: pa.ChunkedArray, columns: Iterable[str]) -> pa.Table:
    """The rows, those under the mask without a value in some columns."""
    for name in columns:
        rows = _where(rows, name, mask, pa.scalar(None, rows.schema.field(name).type))
    return rows


def _where(
    rows: pa.Table, name: str, mask: pa.ChunkedArray, value: pa.Scalar | pa.Array
) -> pa.Table:
    """The rows with another value in one column where the mask says so."""
    place = rows.schema.get_field_index(name)
    column = rows.column(name)
    return rows.set_column(place, rows.schema.field(name), pc.if_else(mask, value, column))


def plan_on_record(
    tagsets: Mapping[str, Mapping[str, str]], plan_of: PlanOf, tagset: str
) -> Plan | None:
    """The plan that the rows of a tagset were stored by; None where it is not on record."""
    try:
        return plan_of_rows(tagset_on_record(tagsets, tagset), plan_of)
    except LakeError:
        return None
