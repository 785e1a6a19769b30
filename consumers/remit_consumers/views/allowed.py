"""What a purpose may see of a contract's rows: told by the tagsets that the rows bear, and by nothing else."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NotRequired, TypedDict

from remit_consumers.rows import COLLECTED_AT
from remit_schemas.category import Decision
from remit_schemas.precision import PRECISIONS, coarseness, read_by_purpose
from remit_schemas.specs import SPECS

TIMES = frozenset({"occurred_at", COLLECTED_AT})
"""Fields that every event has: a row of which a purpose has nothing else is none of its."""

TIMESTAMP = "timestamp"
"""The reducer of times."""

COARSEST = PRECISIONS[-1]


class _Decided(TypedDict):
    """What a tagset says of a field, as far as it is asked here; `precision` stands there since remit has views."""

    decision: str
    reducer: str | None
    parameters: Mapping[str, object]
    purposes: list[str]
    precision: NotRequired[str]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What a purpose may see of one contract.

    Attributes:
        tagsets: Tagsets of the rows that it may see.
        columns: For each column of the lake, the tagsets under which it is stored for the purpose.
        precisions: For each such column that is a time and each tagset, how finely the purpose may see it.
        shared: Those columns that another purpose may see, too.
    """

    tagsets: tuple[str, ...]
    columns: Mapping[str, frozenset[str]]
    precisions: Mapping[str, Mapping[str, str]]
    shared: frozenset[str]


def allowed(catalogue: Iterable[Mapping[str, str]], purpose: str) -> dict[str, Allowed]:
    """Say what a purpose may see, by contract; contracts that are none of its are not there.

    Args:
        catalogue: Rows of the table of tagsets: `tagset`, `contract`, `fields`.
        purpose: A fideslang data_use.
    """
    found: dict[str, list[tuple[str, Mapping[str, _Decided]]]] = {}
    for row in catalogue:
        fields = {
            name: decided
            for name, decided in json.loads(row["fields"]).items()
            if purpose in decided.get("purposes", ()) and decided["decision"] != Decision.REFUSE
        }
        if fields.keys() - TIMES:
            found.setdefault(row["contract"], []).append((row["tagset"], fields))
    return {contract: _together(parts, purpose) for contract, parts in sorted(found.items())}


def _together(parts: Iterable[tuple[str, Mapping[str, _Decided]]], purpose: str) -> Allowed:
    """Put the tagsets of a contract together."""
    tagsets: list[str] = []
    columns: dict[str, set[str]] = {}
    precisions: dict[str, dict[str, str]] = {}
    shared: set[str] = set()
    for tagset, fields in parts:
        tagsets.append(tagset)
        for name, decided in fields.items():
            for column in _columns(name, decided["reducer"]):
                columns.setdefault(column, set()).add(tagset)
                if len(decided["purposes"]) > 1:
                    shared.add(column)
                if decided["reducer"] == TIMESTAMP and name != COLLECTED_AT:
                    precisions.setdefault(column, {})[tagset] = _precision(decided, purpose)
    return Allowed(
        tuple(sorted(set(tagsets))),
        {name: frozenset(under) for name, under in columns.items()},
        precisions,
        frozenset(shared),
    )


def _columns(field: str, reducer: str | None) -> Iterator[str]:
    """The columns that a field is stored in; none under a reducer that this remit does not know."""
    if field == COLLECTED_AT:
        yield "day"  # what of it is stored
    elif reducer is None:
        yield field
    elif reducer in SPECS:
        for output in SPECS[reducer].outputs:
            yield f"{field}_{output.suffix}" if output.suffix else field


def _precision(decided: _Decided, purpose: str) -> str:
    """How finely a purpose may see a time. What is stored is as fine as the purpose that needs the finest."""
    parameters = decided["parameters"]
    stored = str(parameters.get("precision", COARSEST))
    named = parameters.get("by_purpose")
    by_purpose = read_by_purpose(tuple(named)) if isinstance(named, list) else {}
    if not by_purpose:
        return stored
    # A tagset of an earlier remit does not say what the purposes that are not named may see.
    own = by_purpose.get(purpose, decided.get("precision", COARSEST))
    return max(own, stored, key=coarseness)
