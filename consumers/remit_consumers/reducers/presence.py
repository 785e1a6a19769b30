"""That a value was there, and nothing of it."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.unique import text
from remit_schemas.event import is_there
from remit_schemas.reducer import Scalar


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Say true where a text was given; an empty one is none."""
    del parameters
    is_given = pc.greater(pc.binary_length(text(values)), 0)
    return (pc.if_else(is_given, pa.scalar(True), pa.scalar(None, pa.bool_())),)  # noqa: FBT003


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rule that holds for one value."""
    del parameters
    return "given" if is_there(value) else "empty: null"
