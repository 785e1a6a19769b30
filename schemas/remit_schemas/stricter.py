"""The stricter of two plans: what was decided when an event was collected, and what is in force now.

Whatever one of them refuses is refused, a purpose holds only where both have it, and time and recipients are the fewer of
both. Where both reduce a field and not in the same way, nobody can say which leaves less: the field is refused.

Source: DESIGN.md, D7 ("replay takes the stricter of then and now").
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from remit_schemas.category import Decision, Necessity
from remit_schemas.decided import FieldPlan, FloorPlan, Purpose
from remit_schemas.plan import Plan

SINCE_FORBIDDEN: Final = "the policy in force now does not allow it any more"
"""Why a field is refused that the policy of its time let pass, and today's does not."""


def stricter(then: Plan, now: Plan) -> Plan:
    """Bring two plans of one contract together; the result bears the older version, under which the events came.

    Args:
        then: Of the policy version that governs the events.
        now: Of the version in force now.
    """
    if then.policy_version == now.policy_version:
        return then
    fields = {name: _field(field, now.fields.get(name)) for name, field in then.fields.items()}
    required = any(
        purpose.necessity is Necessity.REQUIRED
        for field in fields.values()
        for purpose in field.purposes
    )
    return replace(
        then,
        necessity=Necessity.REQUIRED if required else Necessity.OPTIONAL,
        fields=MappingProxyType(fields),
        floor=_floor(then.floor or now.floor, fields),
        minors=then.minors if then.minors == now.minors else None,
        retention=then.retention if then.retention == now.retention else None,
    )


def _field(then: FieldPlan, now: FieldPlan | None) -> FieldPlan:
    """The stricter of what two policies say of one field."""
    if then.decision is Decision.REFUSE:
        return then
    if now is None or now.decision is Decision.REFUSE:
        return _refused(then, now)
    coarser = _coarser(then, now)
    both = (_purpose(one, now.purposes) for one in then.purposes)
    purposes = tuple(one for one in both if one is not None)
    if coarser is None or not purposes or then.keep_for is None or now.keep_for is None:
        return _refused(then, now)
    return replace(
        coarser,
        purposes=purposes,
        keep_for=min(then.keep_for, now.keep_for),
        recipients=tuple(name for name in then.recipients if name in now.recipients),
    )


def _floor(floor: FloorPlan | None, fields: Mapping[str, FieldPlan]) -> FloorPlan | None:
    """A floor of the columns that are left; None where none is."""
    if floor is None:
        return None
    left = {
        column: name
        for column, name in floor.columns.items()
        if name in fields and fields[name].decision is not Decision.REFUSE
    }
    return replace(floor, columns=MappingProxyType(left)) if left else None


def _coarser(then: FieldPlan, now: FieldPlan) -> FieldPlan | None:
    """Which of two that store a field leaves less of it; None where that cannot be told."""
    if now.decision is Decision.KEEP:
        return then
    if then.decision is Decision.KEEP:
        return now
    is_same = then.reducer == now.reducer and dict(then.parameters) == dict(now.parameters)
    return then if is_same else None


def _purpose(then: Purpose, now: tuple[Purpose, ...]) -> Purpose | None:
    """A purpose that both have, optional where either says so; None where only one has it."""
    same = next((one for one in now if one.key == then.key), None)
    if same is None:
        return None
    return same if same.necessity is Necessity.OPTIONAL else then


def _refused(then: FieldPlan, now: FieldPlan | None) -> FieldPlan:
    """Refuse a field, by the clause that says so now if one does."""
    return replace(
        then,
        decision=Decision.REFUSE,
        reducer=None,
        parameters=MappingProxyType({}),
        purposes=(),
        keep_for=None,
        recipients=(),
        clause=(now.clause if now else None) or then.clause,
        reason=SINCE_FORBIDDEN,
    )
