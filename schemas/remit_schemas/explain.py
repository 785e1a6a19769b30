"""What a plan says, for a reader who did not write it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from pydantic import JsonValue

from remit_schemas.alternatives import explain_alternatives
from remit_schemas.category import CATEGORIES, Necessity
from remit_schemas.clauses import Clauses
from remit_schemas.decided import FieldPlan, FloorPlan
from remit_schemas.functions import FunctionTerms
from remit_schemas.plan import (
    Plan,
)
from remit_schemas.policy import builtin_clauses
from remit_schemas.retention import explain_retention
from remit_schemas.rule import PseudonymTerms, duration_text
from remit_schemas.signals import SignalTerms
from remit_schemas.specs import SPECS
from remit_schemas.volume import Volume


@dataclass(frozen=True, slots=True)
class FieldExplanation:
    """What becomes of one field, in words.

    Attributes:
        category: Key of its category.
        meaning: What that is, for a person who is no engineer.
        sensitivity: How close that comes to a person.
        sensitive_pi: Whether that is sensitive personal information (PIPL article 28).
        decision: keep, reduce or refuse.
        reducer: Name of the reducer; None unless reduced.
        effect: What the reducer does, in a sentence; None unless reduced.
        parameters: What the policy tells the reducer, defaults filled in.
        purposes: Keys, in order.
        optional_purposes: Those of them that need a consent.
        basis: The distinct legal grounds of the purposes, in order, joined by a comma; None when refused.
        necessity: required if any purpose is; None when refused.
        keep_for: Such as `30 days`; None when refused.
        recipients: Who may get it.
        clause: The sentence it rests on.
        summary: That sentence in our own words, where a register of sentences is at hand.
        reason: Why.
        prohibited: Whether an event that carries it is refused at the call site.
    """

    category: str
    meaning: str
    sensitivity: str
    sensitive_pi: bool
    decision: str
    reducer: str | None
    effect: str | None
    parameters: Mapping[str, JsonValue]
    purposes: tuple[str, ...]
    optional_purposes: tuple[str, ...]
    basis: str | None
    necessity: str | None
    keep_for: str | None
    recipients: tuple[str, ...]
    clause: str | None
    summary: str | None
    reason: str
    prohibited: bool

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `--json` prints for a field."""
        return {
            "category": self.category,
            "meaning": self.meaning,
            "sensitivity": self.sensitivity,
            "sensitive_pi": self.sensitive_pi,
            "decision": self.decision,
            "reducer": self.reducer,
            "effect": self.effect,
            "parameters": dict(self.parameters),
            "purposes": list(self.purposes),
            "optional_purposes": list(self.optional_purposes),
            "basis": self.basis,
            "necessity": self.necessity,
            "keep_for": self.keep_for,
            "recipients": list(self.recipients),
            "clause": self.clause,
            "summary": self.summary,
            "reason": self.reason,
            "prohibited": self.prohibited,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of every field of a contract, in words.

    Attributes:
        contract: Its name.
        policy: Name of the policy.
        policy_version: Version of the policy.
        necessity: required if any field is.
        fields: In the contract's order.
        signals: For each signal of a browser, in a sentence, what of this contract it withholds.
        floor: How many subjects must share traits, in a sentence; None where the policy says nothing of it.
        pseudonyms: How long a subject is called by one pseudonym; None where that never changes.
        volume: How many events are taken, in a sentence; None where all are.
        alternatives: Fields of which one suffices, in a sentence; None where there are none.
        functions: For each function it belongs to, in a sentence, who has it; none is every edition.
        retention: What moves the time of its rows, in sentences; None where its rules alone say it.
    """

    contract: str
    policy: str
    policy_version: str
    necessity: str
    fields: Mapping[str, FieldExplanation]
    signals: Mapping[str, str]
    floor: str | None = None
    pseudonyms: PseudonymTerms | None = None
    volume: str | None = None
    alternatives: str | None = None
    functions: Mapping[str, str] = field(default_factory=dict)
    retention: str | None = None

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `remit policy explain --json` prints."""
        return {
            "contract": self.contract,
            "policy": self.policy,
            "policy_version": self.policy_version,
            "necessity": self.necessity,
            "fields": {name: one.to_json() for name, one in self.fields.items()},
            "floor": self.floor,
            "pseudonyms": self.pseudonyms.model_dump(mode="json") if self.pseudonyms else None,
            "signals": dict(self.signals),
            "volume": self.volume,
            "alternatives": self.alternatives,
            "functions": dict(self.functions),
            "retention": self.retention,
        }


def explain(plan: Plan, clauses: Clauses | None = None) -> Explanation:
    """Put a plan into words.

    Args:
        plan: What `compile` made.
        clauses: The register for summaries of the sentences; None takes the one that is shipped with the policy, if any.
    """
    register = clauses or builtin_clauses(plan.policy, plan.policy_version)
    return Explanation(
        contract=plan.contract,
        policy=plan.policy,
        policy_version=plan.policy_version,
        necessity=plan.necessity,
        fields=MappingProxyType(
            {name: _explain_field(one, register) for name, one in plan.fields.items()}
        ),
        floor=_explain_floor(plan.floor) if plan.floor else None,
        pseudonyms=plan.pseudonyms,
        signals=MappingProxyType(
            {name: _explain_signal(terms, plan) for name, terms in plan.signals.items()}
        ),
        volume=_explain_volume(plan.volume) if plan.volume else None,
        alternatives=explain_alternatives(plan.alternatives) if plan.alternatives else None,
        functions=MappingProxyType(
            {name: explain_function(terms) for name, terms in plan.functions.items()}
        ),
        retention=explain_retention(plan.retention) if plan.retention else None,
    )


def explain_function(terms: FunctionTerms) -> str:
    """Put who has a function into words."""
    kind = "Basic" if terms.necessity is Necessity.REQUIRED else "Additional"
    words = f"{kind} function of the editions {', '.join(terms.editions)}"
    if terms.module:
        words += ", a module that is subscribed to besides"
    if terms.campaign:
        words += ", inside a live campaign only"
    if terms.controller == "tenant":
        words += "; each tenant is the controller of its data, and the platform processes it"
    return f"{words} ({terms.clause}). {terms.reason}"


def _explain_signal(terms: SignalTerms, plan: Plan) -> str:
    """Put what a signal does to a contract into words."""
    purposes = frozenset(terms.withholds)
    fields = [name for name in plan.fields if name in plan.withheld(purposes)]
    what = f"without {', '.join(fields)}" if fields else "as it is"
    if plan.necessity is Necessity.OPTIONAL and plan.optional_purposes <= purposes:
        what = "not at all"
    return (
        f"Refuses {', '.join(terms.withholds)}: events are taken {what} ({terms.clause})."
        f" {terms.reason}"
    )


def _explain_volume(volume: Volume) -> str:
    """Put a volume into words."""
    parts = []
    if volume.sample:
        parts.append(f"{volume.sample} subjects, wholly")
    if volume.events_max is not None and volume.window:
        window = duration_text(volume.window)
        parts.append(f"at most {volume.events_max} events in {window} from each process")
    return f"Of its events are taken {'; '.join(parts)} ({volume.clause}). {volume.reason}"


def _explain_floor(floor: FloorPlan) -> str:
    """Put a floor into words."""
    return (
        f"Of {', '.join(floor.columns)} together: what fewer than {floor.subjects_min} subjects shared in the last"
        f" {duration_text(floor.window)} becomes other, from the last column on ({floor.clause}). {floor.reason}"
    )


def _explain_field(field: FieldPlan, register: Clauses | None) -> FieldExplanation:
    """Put one field into words."""
    optional = [one.key for one in field.purposes if one.necessity is Necessity.OPTIONAL]
    is_required = len(optional) < len(field.purposes)
    necessity = Necessity.REQUIRED if is_required else Necessity.OPTIONAL
    return FieldExplanation(
        category=field.category,
        meaning=CATEGORIES[field.category].meaning,
        sensitivity=CATEGORIES[field.category].sensitivity,
        sensitive_pi=CATEGORIES[field.category].sensitive_pi,
        decision=field.decision,
        reducer=field.reducer,
        effect=SPECS[field.reducer].summary if field.reducer else None,
        parameters=MappingProxyType(
            {key: _plain(value) for key, value in field.parameters.items()}
        ),
        purposes=tuple(one.key for one in field.purposes),
        optional_purposes=tuple(optional),
        basis=",".join(sorted({one.basis for one in field.purposes})) or None,
        necessity=necessity if field.purposes else None,
        keep_for=duration_text(field.keep_for) if field.keep_for else None,
        recipients=field.recipients,
        clause=field.clause,
        summary=register.summary_of(field.clause) if register and field.clause else None,
        reason=field.reason,
        prohibited=field.is_prohibited,
    )


def _plain(value: int | str | tuple[str, ...]) -> JsonValue:
    """Write a parameter as JSON has it."""
    return list(value) if isinstance(value, tuple) else value
