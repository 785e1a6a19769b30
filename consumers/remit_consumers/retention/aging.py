"""Aging: what is left of a row of one tagset at an age, under the plan that it was stored by."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from remit_consumers.lake.tagsets import Tagset, tagset_of
from remit_consumers.rows import COLLECTED_AT
from remit_consumers.withdrawal.narrow import beside, differences
from remit_schemas.category import Decision, Necessity
from remit_schemas.decided import FieldDecision
from remit_schemas.plan import Plan
from remit_schemas.precision import coarseness, read_decay
from remit_schemas.reducer import Scalar, listed

LEGAL = "legal_obligation"
"""The ground of what only a law keeps."""


class Law(Enum):
    """What a law asks of rows at a moment."""

    NONE = 0
    """Nothing."""
    AS_WELL = 1
    """It keeps them whole, beside other purposes."""
    ALONE = 2
    """It keeps them whole, and every other purpose of theirs has ended."""


@dataclass(frozen=True, slots=True)
class Aging:
    """What becomes of rows with one tagset at an age.

    Attributes:
        tagset: What they bear afterwards.
        gone: Fields whose time is over.
        coarser: Times that are rounded once more, each with the precision that is left.
    """

    tagset: Tagset
    gone: frozenset[str]
    coarser: tuple[tuple[str, str], ...]


def aging(
    before: Mapping[str, str], plan: Plan, day: date, now: datetime, law: Law = Law.NONE
) -> Aging | None:
    """Say what is left of rows; None where nothing changes.

    Args:
        before: The row of `tagsets` that stands for what they bear.
        plan: That they were stored by.
        day: On which they were collected.
        now: Aware UTC.
        law: Whether a law keeps them whole at this moment.
    """
    told = json.loads(before["fields"])
    was = {name: told.get(name, {"decision": Decision.REFUSE.value}) for name in plan.fields}
    age = timedelta(days=(now.date() - day).days)
    fields = {name: _aged(plan, name, _decision(was[name]), age, law) for name in plan.fields}
    if COLLECTED_AT in fields:
        fields[COLLECTED_AT] = _with_its_row(_decision(was[COLLECTED_AT]), fields)
    if all(fields[name] == _decision(was[name]) for name in fields):
        return None
    outcome = beside(plan.decided(fields), before).aged(_precisions(plan, fields))
    after = tagset_of(plan, outcome)
    gone, coarser = differences(was, json.loads(after.fields))
    return Aging(after, gone, coarser)


def _decision(told: Mapping[str, Any]) -> FieldDecision:
    """What a tagset says of a field."""
    decision = Decision(told["decision"])
    if decision is Decision.REFUSE:
        return FieldDecision(decision, (), "", "")
    parameters = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in told["parameters"].items()
    }
    return FieldDecision(decision, tuple(told["purposes"]), told["basis"], "", parameters)


def _aged(plan: Plan, name: str, was: FieldDecision, age: timedelta, law: Law) -> FieldDecision:
    """What is left of one field at an age."""
    if was.decision is Decision.REFUSE:
        return was
    terms = plan.retention
    if not any(one.necessity is Necessity.REQUIRED for one in plan.fields[name].purposes):
        law = Law.NONE  # what only a consent holds is no part of what a law asks for
    is_over = age >= (plan.fields[name].keep_for or timedelta())
    if terms is not None and (is_over or law is Law.ALONE):
        longer = terms.extension_of(was.purposes)
        held = {longer.purpose: "consent"} if longer and age < longer.keep_for else {}
        if law is not Law.NONE and terms.floor is not None:
            held[terms.floor.purpose] = LEGAL
        if not held:
            return FieldDecision(Decision.REFUSE, (), "", "")
        basis = ",".join(sorted(set(held.values())))
        was = replace(was, purposes=tuple(sorted(held)), basis=basis)
    return was if law is not Law.NONE else _coarser(was, age)


def _with_its_row(was: FieldDecision, fields: Mapping[str, FieldDecision]) -> FieldDecision:
    """The day of collection stays as long as its row, for what the rest of the row is still kept for."""
    others = [one for name, one in fields.items() if name != COLLECTED_AT and one.purposes]
    left = {purpose for one in others for purpose in one.purposes}
    held = left & set(was.purposes) or left
    if was.decision is Decision.REFUSE or not left or held == set(was.purposes):
        return was
    grounds = {ground for one in others for ground in one.basis.split(",")}
    return replace(was, purposes=tuple(sorted(held)), basis=",".join(sorted(grounds)))


def _coarser(was: FieldDecision, age: timedelta) -> FieldDecision:
    """A time as coarse as its age says."""
    steps = read_decay(listed(was.parameters, "decay"))
    reached = [step.precision for step in steps if step.age_days <= age.days]
    if not reached:
        return was
    left: Scalar = max([str(was.parameters["precision"]), reached[-1]], key=coarseness)
    return replace(was, parameters={**was.parameters, "precision": left})


def _precisions(plan: Plan, fields: Mapping[str, FieldDecision]) -> dict[str, str]:
    """How fine the times are that become coarser with age."""
    return {
        name: str(field.parameters["precision"])
        for name, field in fields.items()
        if name != COLLECTED_AT and listed(field.parameters, "decay") and plan.fields[name].reducer
    }
