"""What a reducer is: a description, and the functions that do and explain it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from remit_schemas.reducer import ReducerSpec, Scalar

Reduce = Callable[[pa.Array, Mapping[str, Scalar]], tuple[pa.Array, ...]]
"""Takes a column and complete parameters; gives one array for each output, as long as the column, nulls where it has nulls."""

Explain = Callable[[str, Mapping[str, Scalar]], str]
"""Takes one value and complete parameters; names the rule that holds, never the value."""


@dataclass(frozen=True, slots=True)
class Reducer:
    """A reducer that can be applied.

    Attributes:
        spec: What it takes and gives.
        reduce: Makes a column smaller. Pure; raises for no value.
        explain: Names the rule that holds for one value.
    """

    spec: ReducerSpec
    reduce: Reduce
    explain: Explain
