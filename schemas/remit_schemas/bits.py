"""How much one value of a field tells, in bits: for the comparison of policies, before anything was collected."""

from collections.abc import Callable, Mapping
from math import log2
from types import MappingProxyType
from typing import Final

from remit_schemas.category import Decision
from remit_schemas.decided import FieldPlan
from remit_schemas.reducer import Scalar, listed

DAY_S: Final = 86_400

PRECISIONS_S: Final[Mapping[str, int]] = MappingProxyType(
    {"second": 1, "minute": 60, "hour": 3_600, "day": DAY_S}
)
"""How long each precision of a time lasts, in seconds; what a time tells is told within its day."""

MEASURED: Final[Mapping[str, float]] = MappingProxyType(
    {
        "ip": 13.2,
        "ip_encrypted": 14.4,
        "user_agent": 5.9,
        "page": 6.9,
        "referrer": 1.3,
        "language": 0.4,
        "screen": 1.4,
        "free_text": 10.9,
        "identifier": 10.9,
        "identifiers": 10.9,
        "ip_place": 5.0,
        "hardware": 4.3,
        "presence": 1.0,
    }
)
"""What is left of a value, by reducer: the entropy measured on the largest real log at hand, which more data only
raises. Where none was at hand: `ip_encrypted` as much as an address that is not cut, names (`identifier`, `identifiers`) as much as free text,
`ip_place`, `hardware` and `presence` as much as their closed lists can tell (docs/benchmarks.md has the measurements)."""


def _of_list(parameters: Mapping[str, Scalar]) -> float:
    """A closed list and `other`."""
    return log2(len(listed(parameters, "values")) + 1)


def _of_time(parameters: Mapping[str, Scalar]) -> float:
    """Which part of its day."""
    return log2(DAY_S / PRECISIONS_S[str(parameters["precision"])])


_COMPUTED: Mapping[str, Callable[[Mapping[str, Scalar]], float]] = MappingProxyType(
    {"closed": _of_list, "timestamp": _of_time}
)


def bits_of(field: FieldPlan) -> float | None:
    """Say what one value of a field tells at best, with every consent given; 0 where it is refused.

    Returns:
        None where nobody can say: a value that is stored as it came, or a reducer that was never measured.
    """
    if field.decision is Decision.REFUSE:
        return 0.0
    if field.reducer is None:
        return None
    computed = _COMPUTED.get(field.reducer)
    return computed(field.parameters) if computed else MEASURED.get(field.reducer)
