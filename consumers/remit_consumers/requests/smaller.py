"""Smaller: a value that somebody says is right, as the consumer would have stored it.

It goes through the field's own reducer, under the policy version that a row was stored by, with the key of the row's
tenant and day where the reducer has one, and under the floor that its traits would meet.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.keys import ADDRESS_KEY
from remit_consumers.lake.floors import Floor
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.plans import Plans
from remit_consumers.reducers.final import plain
from remit_consumers.reducers.scope import Rows
from remit_consumers.requests.correction import Correction
from remit_consumers.rows import arrow_type, stored_types
from remit_consumers.steps.minimize import load
from remit_consumers.steps.suppress import OTHER, common_length
from remit_schemas.category import Decision
from remit_schemas.contract import Field
from remit_schemas.decided import FieldPlan
from remit_schemas.errors import LakeError, RequestRefused
from remit_schemas.requests import Denial

WORD: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""What a field may be called; what is called otherwise may be anything, and is not repeated."""


class Smaller:
    """Makes the values of one correction as small as rows have them."""

    def __init__(self, deployment: Deployment, about: SubjectRef, asked: Correction) -> None:
        """Check that there is such a contract, that it stores these fields, and that values fit them.

        Raises:
            RequestRefused: One of these is not so.
            LakeError: The lake cannot be read.
        """
        self._deployment = deployment
        self._plans: Plans = deployment.plans()
        self._reducers = load(deployment.means)
        self._tagsets = catalogue(deployment.settings.lake)
        self._tenant, self._asked = about.tenant, asked
        if asked.contract not in deployment.contracts.names:
            raise RequestRefused("there is no such contract: see `remit events list`")
        fields = {one.name: one for one in deployment.contracts.by_name(asked.contract).fields}
        if unknown := sorted(set(asked.values) - set(fields)):
            named = ", ".join(name if WORD.fullmatch(name) else "of that name" for name in unknown)
            raise RequestRefused(f"{asked.contract} has no field {named}")
        self._came = {name: _value(fields[name], value) for name, value in asked.values.items()}
        for name in asked.values:
            self.columns(name, self._plans.newest, None)

    def columns(
        self, name: str, version: str, rows: pa.Table | None
    ) -> Mapping[str, pa.Array | pa.Scalar]:
        """The stored columns of the new value under a policy version: one for all rows, or one for each.

        Args:
            name: Field.
            version: Policy version that governed the rows.
            rows: Of that version or others; None: any, to see that the value fits.

        Raises:
            RequestRefused: It is not stored, nothing is left of it, or its key was destroyed.
            LakeError: The policy version is not on record.
        """
        if not self._plans.knows(version):
            message = f"policy version {version} is not on record: put its file beside the others"
            raise LakeError(message)
        planned = self._plans.plan(self._asked.contract, version).fields[name]
        told = f"{self._asked.contract}.{name}"
        if planned.decision is Decision.REFUSE:
            raise RequestRefused(f"{told} is not stored ({planned.clause or 'no rule'})")
        made = self._made(told, planned, self._came[name], rows)
        kinds = stored_types(planned, self._came[name].type)
        found = dict(zip(kinds, map(_plain, made), strict=True))
        if rows is not None and len(self._came[name]) != len(made[0]):
            return found
        alone = {column: array[0] for column, array in found.items()}
        if not any(value.is_valid for value in alone.values()):
            raise RequestRefused(f"{told}: nothing is left of this value once it is reduced")
        return alone

    def stored(self, name: str) -> list[str]:
        """The tagsets under which a field is stored."""
        decided = {
            tagset: json.loads(row["fields"]).get(name, {}) for tagset, row in self._tagsets.items()
        }
        return [
            tagset
            for tagset, one in decided.items()
            if one.get("decision") not in {None, Decision.REFUSE.value}
        ]

    def _made(
        self, told: str, planned: FieldPlan, came: pa.Array, rows: pa.Table | None
    ) -> tuple[pa.Array, ...]:
        """Put the value through the field's reducer."""
        if planned.reducer is None:
            return (came,)
        reducer = self._reducers[planned.reducer]
        if not reducer.keyed:
            return reducer.reduce(came, planned.parameters)
        self._check_key(told)
        if rows is None:
            return reducer.reduce(came, planned.parameters)
        many = pa.repeat(came[0], rows.num_rows)
        days = rows.column("day").combine_chunks().cast(pa.timestamp("ms", "UTC"))
        tenant = pa.repeat(pa.scalar(self._tenant), rows.num_rows)
        return reducer.reduce_rows(many, planned.parameters, Rows(tenant, days))

    def floored(self, before: pa.Table, after: pa.Table, meant: pa.ChunkedArray) -> pa.Table:
        """Put `other` where too few share what a row would tell now, and leave it where it stood.

        Args:
            before: Rows as they stood.
            after: The same with the new values.
            meant: Which of them bear new values.
        """
        for version in pc.unique(before.column("policy_version").filter(meant)).to_pylist():
            plan = self._plans.plan(self._asked.contract, version)
            mine = pc.and_(meant, pc.equal(before.column("policy_version"), version))
            if plan.floor is not None:
                columns = [name for name in plan.floor.columns if name in after.column_names]
                asked = {name for name in columns if plan.floor.columns[name] in self._asked.values}
                after = self._under(columns, asked, (before, after), pc.indices_nonzero(mine))
        return after

    def _under(
        self,
        columns: list[str],
        asked: set[str],
        rows: tuple[pa.Table, pa.Table],
        places: pa.Array,
    ) -> pa.Table:
        """Put some columns under the floor of this contract, in the rows at some places."""
        before, after = rows
        floor = self._floor(columns)
        traits = after.take(places).select(columns).to_pylist()
        numbers = pa.array(range(after.num_rows), pa.uint64())
        for number, column in enumerate(columns):
            if column not in asked:
                continue
            was = before.column(column).take(places).to_pylist()
            rare = [
                stood == OTHER
                or (
                    floor is not None
                    and common_length((self._tenant, *one.values()), floor) <= number
                )
                for stood, one in zip(was, traits, strict=True)
            ]
            hidden = pc.is_in(numbers, places.filter(pa.array(rare, pa.bool_())))
            now = pc.if_else(hidden, pa.scalar(OTHER), after.column(column))
            at = after.schema.get_field_index(column)
            after = after.set_column(at, after.schema.field(at), now)
        return after

    def _floor(self, columns: list[str]) -> Floor | None:
        """The floor in force for this contract, if there is one."""
        known = self._deployment.lake.floors(datetime.now(UTC))
        return next(iter(known.get((self._asked.contract, tuple(columns)), [])), None)

    def _check_key(self, told: str) -> None:
        """Refuse where the key that addresses stand under was destroyed: a new one would name another network."""
        if not (self._deployment.settings.keys / ADDRESS_KEY).exists():
            message = f"{told} stands under a key that was destroyed: deny it as {Denial.IMPOSSIBLE}, or erase it"
            raise RequestRefused(message)


def _value(field: Field, given: object) -> pa.Array:
    """A value as it would arrive."""
    try:
        return pa.array([given], arrow_type(field))
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, TypeError, OverflowError):
        message = f"the value of {field.name} does not fit: it is {field.avro_type}"
        raise RequestRefused(message) from None


def _plain(array: pa.Array) -> pa.Array:
    """A reducer's result without its own types."""
    values = plain(array)
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
