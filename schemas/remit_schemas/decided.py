"""What is decided of a field, of an event under one consent outcome, and of traits that few share."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from remit_schemas.category import Basis, Decision, Necessity
from remit_schemas.reducer import Scalar

TAGSET_DIGITS = 16
"""Hex digits of a tagset's name: 64 bits, so that a million tagsets share a name with a chance of 3 in 10^8."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a field may be used for, as the policy says.

    Attributes:
        key: The fideslang data_use, such as `essential.service`.
        necessity: Whether the function can be had without the data.
        basis: The legal ground.
        clause: The sentence of the policy that names the purpose.
    """

    key: str
    necessity: Necessity
    basis: Basis
    clause: str


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """What the policy says about one field, at best: with every consent given.

    Attributes:
        field: Name in the contract.
        category: What the contract says it is.
        decision: Keep, reduce or refuse.
        reducer: Name in `SPECS`; None unless the decision is reduce.
        parameters: Every parameter of the reducer, defaults filled in.
        purposes: In the order of their keys; empty when refused.
        keep_for: From `collected_at`; None when refused.
        recipients: Who may get it; empty means nobody.
        clause: The sentence that says so; None only where nothing names the field, or where the vocabulary
            alone prohibits it.
        reason: The rule's own reason, or why the field is refused.
        is_prohibited: Whether it is refused at the call site already.
    """

    field: str
    category: str
    decision: Decision
    reducer: str | None
    parameters: Mapping[str, Scalar]
    purposes: tuple[Purpose, ...]
    keep_for: timedelta | None
    recipients: tuple[str, ...]
    clause: str | None
    reason: str
    is_prohibited: bool = False


@dataclass(frozen=True, slots=True)
class FieldDecision:
    """What becomes of one field under one consent outcome.

    Attributes:
        decision: Keep, reduce or refuse.
        purposes: Keys of the purposes that hold, in order; empty when refused.
        basis: The distinct grounds of these purposes, in order, joined by a comma; empty when refused.
        reason: The rule's own reason, or why the field is refused.
        parameters: Of the reducer, for these purposes; empty when refused.
    """

    decision: Decision
    purposes: tuple[str, ...]
    basis: str
    reason: str
    parameters: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A plan under one consent outcome: constant for a tagset.

    Attributes:
        tagset: 16 hex digits; names these decisions under this contract and policy version.
        fields: A decision for every field of the contract, in the contract's order.
        keep_for: The shortest of the stored fields: the row goes then. Zero when nothing is stored.
        places: The data that places were looked up in; empty where none were.
        floor: What decided which combinations of traits were common enough; empty where the plan has no floor.
    """

    tagset: str
    fields: Mapping[str, FieldDecision]
    keep_for: timedelta
    places: str = ""
    floor: str = ""

    def within(self, places: str) -> "Outcome":
        """Give this outcome where data of this name decided as well: another tagset, so that a replay can tell."""
        return replace(self, tagset=tagset_of(f"{self.tagset}|{places}".encode()), places=places)

    def above(self, floor: str) -> "Outcome":
        """Give this outcome where a floor of this name decided as well: another tagset, so that a replay can tell."""
        return replace(self, tagset=tagset_of(f"{self.tagset}|{floor}".encode()), floor=floor)

    def aged(self, precisions: Mapping[str, str]) -> "Outcome":
        """Give this outcome where times have become coarser with age: another tagset for each precision that is left."""
        if not precisions:
            return self
        told = ",".join(f"{name}={precisions[name]}" for name in sorted(precisions))
        return replace(self, tagset=tagset_of(f"{self.tagset}|aged {told}".encode()))


@dataclass(frozen=True, slots=True)
class FloorPlan:
    """How many subjects must share the traits that a contract's columns hold.

    Attributes:
        columns: For each column, the most useful first, the field that it is made of.
        subjects_min: How many subjects of a window must share a combination of values.
        window: How long is counted.
        clause: The sentence it rests on.
        reason: Why.
    """

    columns: Mapping[str, str]
    subjects_min: int
    window: timedelta
    clause: str
    reason: str


def tagset_of(canonical: bytes) -> str:
    """Name what is decided."""
    return hashlib.sha256(canonical).hexdigest()[:TAGSET_DIGITS]
