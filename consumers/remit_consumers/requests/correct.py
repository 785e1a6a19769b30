"""Correct and supplement: what stands of somebody is replaced, or added where nothing stands, made as small as the policy asks.

The new value goes through the field's own reducer, under the policy version that the row was stored by: a correction
must not be a way around it. The old file goes at once, so that nobody reads what was wrong.

Source: policy 2021-11-01, clause S077b.
"""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.lease import lease
from remit_consumers.lake.redraw import Change
from remit_consumers.lake.rewrite import EVENTS, rewrite
from remit_consumers.lake.tables import is_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.plans import Plans
from remit_consumers.requests.found import tagsets_of
from remit_consumers.rows import arrow_type, stored_types
from remit_consumers.steps.minimize import load
from remit_consumers.withdrawal.orders import keys_of
from remit_schemas.category import Decision
from remit_schemas.contract import Field
from remit_schemas.errors import LakeError, RequestRefused


@dataclass(frozen=True, slots=True)
class Correction:
    """What is to be put right.

    Attributes:
        contract: Of which events.
        values: By field, as an app would give them.
        fills: Whether only rows without a value get one; else only rows that have one.
    """

    contract: str
    values: Mapping[str, Any]
    fills: bool = False


WORD = re.compile(r"[a-z][a-z0-9_]{0,63}")
"""What a field may be called; what is called otherwise may be anything, and is not repeated."""

Smaller = Mapping[str, pa.Scalar]
"""The stored columns of a value."""


def correct(
    deployment: Deployment, about: SubjectRef, names: Sequence[str], asked: Correction
) -> int:
    """Put right what stands of a subject; doing it again changes nothing.

    Args:
        deployment: Where everything lies.
        about: Whose data.
        names: The pseudonyms under which rows of theirs may stand.
        asked: What is to be put right.

    Returns:
        How many rows were changed.

    Raises:
        RequestRefused: There is no such contract or field, it is not stored, or the value does not fit it.
        LakeError: The lake cannot be read or written, or another process rewrites it at this moment.
    """
    correcting = _Correcting(deployment, about, names, asked)
    root, table = deployment.settings.lake, f"{EVENTS}{asked.contract}"
    if not names or not is_table(root, table):
        return 0
    with reaching(root), lease(root) as is_held:
        if not is_held:
            raise LakeError("another process rewrites the lake at this moment: try again")
        rewrite(root, table, pa.array(names, pa.string()), correcting.change)
        Vacuum().take(root / table, 0.0)
    return correcting.rows


class _Correcting:
    """Says what becomes of the rows of a file."""

    def __init__(
        self, deployment: Deployment, about: SubjectRef, names: Sequence[str], asked: Correction
    ) -> None:
        self.rows = 0
        self._plans: Plans = deployment.plans()
        self._reducers = load(deployment.means)
        self._tagsets = tagsets_of(deployment)
        self._keys = pa.array([f"{about.tenant}\x1f{name}" for name in names], pa.string())
        self._asked = asked
        if asked.contract not in deployment.contracts.names:
            raise RequestRefused("there is no such contract: see `remit events list`")
        fields = {one.name: one for one in deployment.contracts.by_name(asked.contract).fields}
        if unknown := sorted(set(asked.values) - set(fields)):
            named = ", ".join(name if WORD.fullmatch(name) else "of that name" for name in unknown)
            raise RequestRefused(f"{asked.contract} has no field {named}")
        self._fields = {name: fields[name] for name in asked.values}
        for name in asked.values:
            self._smaller(name, self._plans.newest)

    def change(self, rows: pa.Table) -> Change | None:
        """Say what becomes of the rows of a file; None: all stay as they are."""
        is_theirs = pc.is_in(keys_of(rows), self._keys)
        if not pc.any(is_theirs).as_py():
            return None
        after, filled = rows, Counter[str]()
        for name in self._asked.values:
            for version in pc.unique(rows.column("policy_version").filter(is_theirs)).to_pylist():
                mask = pc.and_(is_theirs, pc.equal(rows.column("policy_version"), version))
                after, count = self._put(after, name, version, mask)
                filled[name] += count if self._asked.fills else 0
        self.rows += pc.sum(is_theirs).as_py()
        return Change(after, (), filled=filled) if after is not rows else None

    def _put(
        self, rows: pa.Table, name: str, version: str, mask: pa.ChunkedArray
    ) -> tuple[pa.Table, int]:
        """Put a value into the rows of a mask that have one, or have none; gives how many."""
        columns = {
            key: value
            for key, value in self._smaller(name, version).items()
            if key in rows.column_names
        }
        if not columns:
            return rows, 0
        present = pc.is_valid(rows.column(next(iter(columns))))
        for key in columns:
            present = pc.or_(present, pc.is_valid(rows.column(key)))
        wanted = pc.and_(mask, pc.invert(present) if self._asked.fills else present)
        if self._asked.fills:  # nothing is added that nobody agreed to
            stored = pa.array(self._stored(name), pa.string())
            wanted = pc.and_(wanted, pc.is_in(rows.column("tagset"), stored))
        count = int(pc.sum(wanted).as_py() or 0)
        for key, value in columns.items() if count else ():
            kind = rows.schema.field(key).type
            column = pc.if_else(wanted, value.cast(kind), rows.column(key))
            rows = rows.set_column(rows.schema.get_field_index(key), rows.schema.field(key), column)
        return rows, count

    def _stored(self, name: str) -> list[str]:
        """The tagsets under which a field is stored."""
        decided = {
            tagset: json.loads(row["fields"]).get(name, {}) for tagset, row in self._tagsets.items()
        }
        return [
            tagset
            for tagset, one in decided.items()
            if one.get("decision") not in {None, Decision.REFUSE.value}
        ]

    def _smaller(self, name: str, version: str) -> Smaller:
        """The stored columns of the new value, under a policy version."""
        if not self._plans.knows(version):
            raise LakeError(
                f"policy version {version} is not on record: put its file beside the others"
            )
        planned = self._plans.plan(self._asked.contract, version).fields[name]
        if planned.decision is Decision.REFUSE:
            raise RequestRefused(
                f"{self._asked.contract}.{name} is not stored ({planned.clause or 'no rule'})"
            )
        came = _value(self._fields[name], self._asked.values[name])
        made: Sequence[pa.Array] = (came,)
        if planned.reducer is not None:
            reducer = self._reducers[planned.reducer]
            if reducer.keyed:
                raise RequestRefused(f"{name} is stored under a key of its day: erase it instead")
            made = reducer.reduce(came, planned.parameters)
        found = {
            column: _plain(array)
            for column, array in zip(stored_types(planned, came.type), made, strict=True)
        }
        if not any(value.is_valid for value in found.values()):
            raise RequestRefused(
                f"{self._asked.contract}.{name}: nothing is left of this value once it is reduced"
            )
        return found


def _value(field: Field, given: object) -> pa.Array:
    """A value as it would arrive."""
    try:
        return pa.array([given], arrow_type(field))
    except (pa.ArrowInvalid, pa.ArrowTypeError, KeyError, TypeError, OverflowError):
        message = f"the value of {field.name} does not fit: it is {field.avro_type}"
        raise RequestRefused(message) from None


def _plain(array: pa.Array) -> pa.Scalar:
    """The one value of a reducer's result, without its own types."""
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array[0]
