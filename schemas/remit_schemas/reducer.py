"""What a description of a reducer consists of: what it takes, what it gives, and what a policy may tell it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Scalar = int | str | bool | tuple[str, ...]
"""What a parameter of a reducer can be."""

FINAL = "final"
"""The type of text that no reducer takes: reduced again it would say something else, so its type forbids it."""

ENTRY_CHARS_MAX = 64
"""Characters of one entry of a list: entries are words of a closed list, not texts (our choice)."""

Check = Callable[[tuple[str, ...]], None]
"""Raises `PolicyError` where the entries of a list cannot be used: names an entry's number and says why."""

Looser = Callable[[Mapping[str, Scalar], Mapping[str, Scalar]], bool]
"""Takes all parameters of a reducer, before and after; says whether this one leaves more than it did."""


def listed(parameters: Mapping[str, Scalar], name: str) -> tuple[str, ...]:
    """Take a list among parameters; empty where it is not given."""
    value = parameters.get(name, ())
    return value if isinstance(value, tuple) else ()


@dataclass(frozen=True, slots=True)
class Parameter:
    """Something a policy may tell a reducer.

    Attributes:
        name: The key in the policy.
        kind: `int`, `str` or `tuple` (a list of strings).
        default: The value where the policy says nothing; None where the policy must say it.
        low: The least value of an `int`, or the least number of entries of a `tuple`.
        high: The greatest value, or the greatest number of entries.
        choices: The only values a `str` can have; empty where any will do.
        endless: The value of an `int` that means without end, and so leaves most; None where none does.
        unit: The unit of the value.
        source: Why the default and the bounds are what they are.
        entry_chars_max: Characters of one entry of a `tuple`.
        check: What else the entries of a `tuple` must be; None where any words will do.
        is_looser: How two versions of a policy compare; None where more entries, a greater number or an earlier
            choice leave more.
    """

    name: str
    kind: type
    default: Scalar | None
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    endless: int | None = None
    unit: str = ""
    source: str = ""
    entry_chars_max: int = ENTRY_CHARS_MAX
    check: Check | None = None
    is_looser: Looser | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """A column that a reducer writes.

    Attributes:
        suffix: The column is `<field>_<suffix>`; empty means the field's own name.
        arrow: The Arrow type by name: `string`, `final`, `int32`, `bool` or `timestamp[ms, UTC]`.
    """

    suffix: str
    arrow: str = "string"

    def column(self, field: str) -> str:
        """Name the column that this output of `field` is written to."""
        return f"{field}_{self.suffix}" if self.suffix else field


@dataclass(frozen=True, slots=True)
class ReducerSpec:
    """A named way to make a value smaller.

    Attributes:
        name: The name in policies, receipts and column metadata.
        takes: What kind of field it can stand on: `string`, `timestamp` or `int`.
        outputs: The columns it writes, in order.
        parameters: What a policy may tell it.
        summary: What it does, in a sentence for a reader of the policy.
        example: A value, and what is left of it (JSON where there are several outputs).
        keep_days_max: The most days that a policy may keep what is left; None where the policy alone decides.
    """

    name: str
    takes: str
    outputs: tuple[Output, ...]
    parameters: tuple[Parameter, ...]
    summary: str
    example: tuple[str, str]
    keep_days_max: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether what it gives can never be reduced again: what is keyed, or looked up, is not idempotent."""
        return any(output.arrow == FINAL for output in self.outputs)
