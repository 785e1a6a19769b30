"""What a reducer is: a description, and the functions that do and explain it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa

from remit_consumers.reducers.scope import Rows
from remit_schemas.reducer import ReducerSpec, Scalar

Reduce = Callable[[pa.Array, Mapping[str, Scalar]], tuple[pa.Array, ...]]
"""Takes a column and complete parameters; gives one array for each output, as long as the column, nulls where it has nulls."""

Keyed = Callable[[pa.Array, Mapping[str, Scalar], Rows], tuple[pa.Array, ...]]
"""Does the same under the keys of the rows that the values stand in."""

Explain = Callable[[str, Mapping[str, Scalar]], str]
"""Takes one value and complete parameters; names the rule that holds, never the value."""


@dataclass(frozen=True, slots=True)
class Reducer:
    """A reducer that can be applied.

    Attributes:
        spec: What it takes and gives.
        reduce: Makes a column smaller. Pure; raises for no value.
        explain: Names the rule that holds for one value.
        keyed: What a reducer with a key does in a batch; `reduce` takes its rows for nobody's. None where it has none.
        source: Names the data that it looks values up in; None where it looks nothing up.
    """

    spec: ReducerSpec
    reduce: Reduce
    explain: Explain
    keyed: Keyed | None = None
    source: Callable[[], str] | None = None

    def reduce_rows(
        self, values: pa.Array, parameters: Mapping[str, Scalar], rows: Rows
    ) -> tuple[pa.Array, ...]:
        """Make a column of a batch smaller."""
        if self.keyed:
            return self.keyed(values, parameters, rows)
        return self.reduce(values, parameters)
