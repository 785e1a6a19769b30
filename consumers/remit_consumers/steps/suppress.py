"""Suppress: what too few subjects share becomes `other` before it is stored.

Source: ISO/IEC 20889 (local suppression); k-anonymity over the columns that the policy's floor names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch, Step
from remit_consumers.entropy import combinations
from remit_consumers.floor.floors import Floors
from remit_consumers.floor.seen import Combination, Rows, Visitors, number_of
from remit_consumers.lake.floors import Floor
from remit_consumers.reducers.final import final, plain
from remit_schemas.category import Decision, Necessity
from remit_schemas.decided import FieldPlan, FloorPlan, Outcome
from remit_schemas.plan import Plan
from remit_schemas.specs import SPECS

OTHER = "other"
"""What a value becomes that too few subjects share."""

NO_FLOOR_YET = "none"
"""What the tagset names where no window was closed yet."""

NETWORK = "user.device.ip_address"
"""The category whose stored networks stand for visitors without a subject: each counts as one visitor at most."""

Flags = npt.NDArray[np.bool_]


def suppress(floors: Floors) -> Step:
    """Make the step that puts the floor under the traits of a batch, and counts them for the next window."""

    def step(batch: Batch, plan: Plan) -> Batch:
        floor, outcome = plan.floor, batch.outcome
        if floor is None or outcome is None or not batch.events:
            return batch
        standing = floors.standing(plan, floor)
        traits = _traits(batch, floor)
        kept = _kept(traits.distinct, standing.floor, _needed(plan, floor, outcome))
        kept |= _refused(floor, outcome)
        stored = [_suppressed(each, row) for each, row in zip(traits.distinct, kept, strict=True)]
        standing.window.add(traits.distinct, stored, traits.rows, _visitors(batch, plan))
        table, floored = _replaced(batch.table, floor, kept[traits.rows])
        return replace(
            batch,
            table=table,
            outcome=outcome.above(standing.floor.name if standing.floor else NO_FLOOR_YET),
            visitor=None,
            filled=_filled(batch.table, table, plan),
            floored=floored,
        )

    return step


@dataclass(frozen=True, slots=True)
class _Traits:
    """The distinct combinations of a batch, and for each row which of them it has."""

    distinct: Sequence[Combination]
    rows: Rows


def _traits(batch: Batch, floor: FloorPlan) -> _Traits:
    """Find the distinct combinations of tenant and the floor's columns."""
    columns = (plain(batch.table.column(name).combine_chunks()) for name in floor.columns)
    found = combinations([batch.tenant, *columns])
    coded = pa.array(found.codes).dictionary_encode()  # a sixth of the time of sorting them
    rows = coded.indices.to_numpy().astype(np.int64)
    first = np.empty(len(coded.dictionary), np.int64)
    first[rows[::-1]] = np.arange(len(rows))[::-1]  # of a number that comes again the last is kept
    values = (_values_at(column, first) for column in found.columns)
    return _Traits(list(zip(*values, strict=True)), rows)


def _values_at(column: pa.DictionaryArray, places: npt.NDArray[np.int64]) -> list[str | None]:
    """Read a dictionary-encoded column at some places: its few values once, not each place's anew."""
    words: list[str | None] = [*column.dictionary.to_pylist(), None]
    indices = pc.fill_null(column.indices, len(words) - 1).to_numpy()
    return [words[index] for index in indices[places].tolist()]


def _needed(plan: Plan, floor: FloorPlan, outcome: Outcome) -> Flags:
    """Which columns a required purpose needs: the others wait for a floor."""
    required = {
        purpose.key
        for field in plan.fields.values()
        for purpose in field.purposes
        if purpose.necessity is Necessity.REQUIRED
    }
    fields = (outcome.fields[field] for field in floor.columns.values())
    return np.array([bool(required & set(field.purposes)) for field in fields])


def _refused(floor: FloorPlan, outcome: Outcome) -> Flags:
    """Which columns hold nothing anyway."""
    fields = (outcome.fields[field] for field in floor.columns.values())
    return np.array([field.decision is Decision.REFUSE for field in fields])


def _kept(distinct: Sequence[Combination], floor: Floor | None, needed: Flags) -> Flags:
    """For each combination and column, whether the value stays."""
    if floor is None:
        return np.tile(needed, (len(distinct), 1))
    lengths = np.array([common_length(each, floor) for each in distinct])
    kept: Flags = np.arange(len(needed)) < lengths[:, None]
    return kept


def common_length(combination: Combination, floor: Floor) -> int:
    """How many columns of a combination, from the first on, enough subjects of the tenant shared."""
    for length in range(len(combination), 1, -1):
        if combination[:length] in floor.common:
            return length - 1
    return 0


def _suppressed(combination: Combination, kept: Flags) -> Combination:
    """A combination as it is stored."""
    tenant, *values = combination
    pairs = zip(values, kept, strict=True)
    return tenant, *(value if stays else OTHER for value, stays in pairs)


def _replaced(table: pa.Table, floor: FloorPlan, kept: Flags) -> tuple[pa.Table, Mapping[str, int]]:
    """Put `other` into the columns where a value does not stay; nulls are values here."""
    floored: dict[str, int] = {}
    for number, name in enumerate(floor.columns):
        mask = ~kept[:, number]
        if not mask.any():
            continue
        floored[name] = int(mask.sum())
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, _others(table.column(at).combine_chunks(), mask))
    return table, floored


def _others(column: pa.Array, mask: Flags) -> pa.Array:
    """Put `other` where the mask says so; what no reducer may take stays so."""
    values = plain(column)
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    replaced = pc.if_else(pa.array(mask), pa.scalar(OTHER), values)
    return final(replaced) if isinstance(column, pa.ExtensionArray) else replaced


def _filled(before: pa.Table, after: pa.Table, plan: Plan) -> dict[str, int]:
    """Count for each field the rows that had no value in any of its columns, and have one now."""
    fields = dict.fromkeys(plan.floor.columns.values()) if plan.floor else {}
    filled = {}
    for name in fields:
        kind = plan.fields[name].reducer or ""
        columns = [output.column(name) for output in SPECS[kind].outputs]
        filled[name] = _present(after, columns) - _present(before, columns)
    return {name: rows for name, rows in filled.items() if rows}


def _present(table: pa.Table, columns: Sequence[str]) -> int:
    """Rows in which any of the columns has a value."""
    found = [table.column(name).is_valid() for name in columns if name in table.column_names]
    return int(pc.sum(reduce(pc.or_, found)).as_py() or 0) if found else 0


def _visitors(batch: Batch, plan: Plan) -> Visitors:
    """Number the visitors: subjects by pseudonyms that never change, those without one by their network.

    Networks under a key that changes would count one visitor as several, so they count nobody.
    """
    numbers = _numbered(batch.subject if batch.visitor is None else batch.visitor)
    networks = (name for name, field in plan.fields.items() if _tells_visitors(field))
    network = next(networks, "")
    if network in batch.table.column_names and not numbers.all():
        numbers = np.where(numbers > 0, numbers, _numbered(batch.table.column(network)))
    return numbers


def _tells_visitors(field: FieldPlan) -> bool:
    """Whether what is stored of a field is a network that stays the same."""
    return field.category == NETWORK and not field.parameters.get("rotate_days")


def _numbered(names: pa.Array | pa.ChunkedArray) -> Visitors:
    """Give each name a number, the same in every process; 0 where there is none."""
    names = plain(names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names)
    coded = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
    hashed = [number_of(name) for name in coded.dictionary.to_pylist()]
    table = np.array([*hashed, 0], np.uint64)
    indices = pc.fill_null(coded.indices, len(hashed))
    numbered: Visitors = table[indices.to_numpy()]
    return numbered
