"""The counts of one field's values in a batch: how many came, how many are left, and how much they tell."""

from collections.abc import Iterable
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.entropy import information
from remit_consumers.lake.receipt import FieldCount
from remit_consumers.reducers.final import plain
from remit_schemas.category import Decision
from remit_schemas.decided import FieldDecision, FieldPlan


def stored(
    before: pa.Array, after: tuple[pa.Array, ...], field: FieldPlan, decided: FieldDecision
) -> FieldCount:
    """Count values that are stored.

    Args:
        before: The values as they came, all of which are stored in some form; nulls are none.
        after: The columns that hold what is left of them.
        field: What the policy says of the field.
        decided: What was decided for these rows.
    """
    told = information((before,))
    after = tuple(map(plain, after))
    left = told if after[0] is before else information(after)
    values = len(before) - before.null_count
    return FieldCount(
        field=field.field,
        category=field.category,
        decision=decided.decision,
        reducer=field.reducer or "",
        clause=field.clause or "",
        purposes=",".join(sorted(decided.purposes)),
        basis=decided.basis,
        values_in=values,
        values_out=values,
        bytes_in=_bytes(before),
        bytes_out=sum(map(_bytes, after)),
        distinct_in=told.distinct,
        bits_in=told.bits,
        distinct_out=left.distinct,
        bits_out=left.bits,
    )


def refused(values: pa.Array, field: FieldPlan) -> tuple[FieldCount, ...]:
    """Count values that are not stored, if there are any; nulls are none."""
    if values.null_count == len(values):
        return ()
    told = information((values,))
    count = FieldCount(
        field=field.field,
        category=field.category,
        decision=Decision.REFUSE,
        clause=field.clause or "",
        values_in=len(values) - values.null_count,
        bytes_in=_bytes(values),
        distinct_in=told.distinct,
        bits_in=told.bits,
    )
    return (count,)


def added(counts: Iterable[FieldCount]) -> tuple[FieldCount, ...]:
    """Put counts of the same field, decision and purposes together that come from several parts of a batch.

    Values, bytes and bits add up; of the different values those of the part with the most are told, since what the
    parts have in common is not known any more.
    """
    whole: dict[tuple[str, ...], FieldCount] = {}
    for one in counts:
        key = (one.field, one.decision.value, one.reducer, one.purposes, one.basis)
        whole[key] = _sum(whole[key], one) if key in whole else one
    return tuple(whole.values())


def _sum(one: FieldCount, other: FieldCount) -> FieldCount:
    """Two counts as one."""
    sums = ("values_in", "values_out", "bytes_in", "bytes_out", "bits_in", "bits_out")
    told = {name: getattr(one, name) + getattr(other, name) for name in sums}
    for name in ("distinct_in", "distinct_out"):
        told[name] = max(getattr(one, name), getattr(other, name))
    return replace(one, **told)


def _bytes(array: pa.Array) -> int:
    """The size of the values themselves: text as UTF-8, everything else at its width."""
    if pa.types.is_dictionary(array.type):
        lengths = pc.binary_length(array.dictionary)
        whole: int | None = pc.sum(pc.take(lengths, array.indices)).as_py()
        return whole or 0
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        text_bytes: int | None = pc.sum(pc.binary_length(array)).as_py()
        return text_bytes or 0
    if pa.types.is_null(array.type):
        return 0
    width: int = array.type.bit_width
    values: int = len(array) - array.null_count
    return values * max(width // 8, 1)
