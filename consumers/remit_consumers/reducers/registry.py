"""Every reducer by name: its description and the functions that do and explain it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from remit_consumers.reducers import (
    closed,
    free_text,
    hardware,
    ip,
    language,
    page,
    referrer,
    timestamp,
    user_agent,
)
from remit_schemas.reducer import SPECS, ReducerSpec, Scalar

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


REDUCERS: Mapping[str, Reducer] = MappingProxyType(
    {
        name: Reducer(SPECS[name], reduce, explain)
        for name, reduce, explain in (
            ("ip", ip.reduce, ip.explain),
            ("user_agent", user_agent.reduce, user_agent.explain),
            ("language", language.reduce, language.explain),
            ("timestamp", timestamp.reduce, timestamp.explain),
            ("page", page.reduce, page.explain),
            ("referrer", referrer.reduce, referrer.explain),
            ("free_text", free_text.reduce, free_text.explain),
            ("closed", closed.reduce, closed.explain),
            ("identifier", closed.reduce_identifier, closed.explain_identifier),
            ("hardware", hardware.reduce, hardware.explain),
            ("screen", hardware.reduce_screen, hardware.explain_screen),
        )
    }
)
"""Exactly the reducers of `SPECS`."""
