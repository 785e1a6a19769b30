"""The counts of one field's values in a batch: how many came, how many are left, and how much they tell."""

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
