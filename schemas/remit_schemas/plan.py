"""The one rule: what becomes of every field of a contract under a policy.

`compile` is pure, and both sides of the log call it. It fails closed: what the policy does not name is refused,
and what the policy says wrongly is an error, never a guess.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from remit_schemas.alternatives import Alternatives
from remit_schemas.category import CATEGORIES, PURPOSES, Decision, Necessity, Sensitivity
from remit_schemas.contract import Contract, Field
from remit_schemas.decided import FieldDecision, FieldPlan, FloorPlan, Outcome, Purpose, tagset_of
from remit_schemas.errors import PolicyError
from remit_schemas.event import is_there
from remit_schemas.functions import Functions, of_event
from remit_schemas.lasting import retention_of
from remit_schemas.minors import MinorTerms
from remit_schemas.parameters import complete
from remit_schemas.policy import Policy
from remit_schemas.policy_file import nearest
from remit_schemas.precision import finest, read_by_purpose
from remit_schemas.reducer import FINAL, Scalar, listed
from remit_schemas.retention import RetentionTerms
from remit_schemas.rule import PseudonymTerms, Rule
from remit_schemas.signals import SignalTerms
from remit_schemas.specs import SPECS
from remit_schemas.sufficiency import alternatives_of
from remit_schemas.volume import Volume

NOT_NAMED = "no rule names it"
"""Why a field is refused that the policy does not speak of."""

ANOTHER_SUFFICES = "another of its alternatives is there"
"""Why a field is refused that no optional purpose wants, where one before it is there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A contract under a policy: for every field what, why, for what, on which ground and how long.

    Attributes:
        contract: Name of the contract.
        fingerprint: Of the contract, 8 bytes.
        policy: Name of the policy.
        policy_version: Version of the policy.
        necessity: Required if any field has a required purpose.
        fields: Every field of the contract, in the contract's order.
        floor: How many subjects must share traits; None where the policy says nothing of it.
        pseudonyms: How long a subject is called by one pseudonym; None where that never changes.
        signals: What each signal of a browser withholds.
        volume: How many events of it are taken; None is all.
        minors: On which ground events of minors are taken; None is none.
        alternatives: Fields of which one must be there; None where the policy names none.
        functions: The functions that it belongs to, by name; none is every edition.
        retention: What moves the time of its rows; None where each row goes with the first of its fields.
    """

    contract: str
    fingerprint: bytes
    policy: str
    policy_version: str
    necessity: Necessity
    fields: Mapping[str, FieldPlan]
    floor: FloorPlan | None = None
    pseudonyms: PseudonymTerms | None = None
    signals: Mapping[str, SignalTerms] = field(default_factory=dict)
    volume: Volume | None = None
    minors: MinorTerms | None = None
    alternatives: Alternatives | None = None
    functions: Functions = field(default_factory=dict)
    retention: RetentionTerms | None = None

    @property
    def optional_purposes(self) -> frozenset[str]:
        """The purposes for which a consent changes anything."""
        return frozenset(
            purpose.key
            for field in self.fields.values()
            for purpose in field.purposes
            if purpose.necessity is Necessity.OPTIONAL
        )

    def outcome(
        self, granted: frozenset[str] = frozenset(), spare: frozenset[str] = frozenset()
    ) -> Outcome:
        """Decide every field for a subject who consents to these optional purposes and no others.

        Args:
            granted: Keys of purposes; those the plan does not know change nothing.
            spare: Fields that are more than is needed (see `alternatives`): no required purpose holds for them.
        """
        fields = {
            name: _decide(field, granted, is_spare=name in spare)
            for name, field in self.fields.items()
        }
        return self.decided(fields)

    def decided(self, fields: Mapping[str, FieldDecision]) -> Outcome:
        """Name what was decided, and say how long rows of it are kept: to the first end of a field, or to the last."""
        lengths = [
            self.kept_for(name, field.purposes)
            for name, field in fields.items()
            if field.decision is not Decision.REFUSE
        ]
        last = min if self.retention is None else max
        return Outcome(
            tagset=self._tagset(fields),
            fields=MappingProxyType(fields),
            keep_for=last(lengths, default=timedelta()),
        )

    def kept_for(self, name: str, purposes: Sequence[str]) -> timedelta:
        """Say how long a field is kept while these purposes hold for it."""
        ceiling = self.fields[name].keep_for or timedelta()
        return self.retention.kept_for(ceiling, purposes) if self.retention else ceiling

    def spare(self, values: Mapping[str, object]) -> frozenset[str]:
        """Name the fields of an event that are more than is needed, since an alternative before them is there."""
        names = self.alternatives.fields if self.alternatives else ()
        there = [number for number, name in enumerate(names) if is_there(values[name])]
        return frozenset(names[there[0] + 1 :]) if there else frozenset()

    def withheld(self, purposes: frozenset[str]) -> frozenset[str]:
        """Name the fields that are refused only because a subject withholds these optional purposes."""
        optional = self.optional_purposes
        return self._refused(optional - purposes) - self._refused(optional)

    def _refused(self, granted: frozenset[str]) -> frozenset[str]:
        decided = {name: _decide(field, granted) for name, field in self.fields.items()}
        return frozenset(
            name for name, field in decided.items() if field.decision is Decision.REFUSE
        )

    def _tagset(self, decided: Mapping[str, FieldDecision]) -> str:
        """Name an outcome after all that is decided in it, so that equal names mean equal decisions."""
        told = [
            [
                name,
                plan.category,
                decided[name].decision,
                plan.reducer,
                dict(plan.parameters),
                decided[name].purposes,
                decided[name].basis,
                plan.keep_for.total_seconds() if plan.keep_for else None,
                plan.recipients,
                plan.clause,
            ]
            for name, plan in self.fields.items()
        ]
        whole: list[object] = [self.contract, self.policy, self.policy_version, told]
        if self.retention is not None:  # names of before there was retention stay
            whole.append(self.retention.model_dump(mode="json", exclude_none=True))
        return tagset_of(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode())


def compile(contract: Contract, policy: Policy) -> Plan:  # noqa: A001 - the design's word for it
    """Bring a contract under a policy.

    Prohibitions beat every rule, a rule for a field beats one for its category, and what neither names is refused.

    Raises:
        PolicyError: The policy names something for this contract that does not exist or contradicts itself.
    """
    rules = [rule for rule in policy.rules if rule.event == contract.name]
    names = {field.name: field for field in contract.fields}
    for rule in rules:
        if rule.field is not None and rule.field not in names:
            message = f"{_title(policy)}: {contract.name} has no field {rule.field!r}"
            raise PolicyError(message + nearest(rule.field, names))
    fields = {field.name: _plan(field, contract.name, policy) for field in contract.fields}
    purposes = [purpose for field in fields.values() for purpose in field.purposes]
    required = any(purpose.necessity is Necessity.REQUIRED for purpose in purposes)
    return Plan(
        contract=contract.name,
        fingerprint=contract.fingerprint,
        policy=policy.name,
        policy_version=policy.version,
        necessity=Necessity.REQUIRED if required else Necessity.OPTIONAL,
        fields=MappingProxyType(fields),
        floor=_floor(contract, policy, fields),
        pseudonyms=policy.pseudonyms,
        signals=policy.signals,
        volume=next((one for one in policy.volumes if one.event == contract.name), None),
        minors=policy.minors,
        alternatives=_alternatives(contract, policy, fields),
        functions=MappingProxyType(of_event(policy.functions, contract.name)),
        retention=_retention(contract, policy, fields),
    )


def _retention(
    contract: Contract, policy: Policy, fields: Mapping[str, FieldPlan]
) -> RetentionTerms | None:
    """Find how long rows of a contract stay."""
    try:
        return retention_of(contract, policy.retention, fields)
    except PolicyError as error:
        message = f"{_title(policy)}: {error}"
        raise PolicyError(message) from None


def _alternatives(
    contract: Contract, policy: Policy, fields: Mapping[str, FieldPlan]
) -> Alternatives | None:
    """Find the alternatives of a contract."""
    try:
        return alternatives_of(contract, policy.alternatives, fields)
    except PolicyError as error:
        message = f"{_title(policy)}: {error}"
        raise PolicyError(message) from None


def _floor(contract: Contract, policy: Policy, fields: Mapping[str, FieldPlan]) -> FloorPlan | None:
    """Find the floor of a contract and see that its columns are texts that are stored."""
    floor = next((floor for floor in policy.floors if floor.event == contract.name), None)
    if floor is None:
        return None
    texts = {
        output.column(name): name
        for name, field in fields.items()
        if field.reducer
        for output in SPECS[field.reducer].outputs
        if output.arrow in {"string", FINAL}
    }
    for column in floor.columns:
        if column not in texts:
            message = f"{_title(policy)}: the floor of {contract.name} names {column!r}, which is no text that a reducer leaves"
            raise PolicyError(message + nearest(column, texts))
    return FloorPlan(
        columns=MappingProxyType({column: texts[column] for column in floor.columns}),
        subjects_min=floor.subjects_min,
        window=floor.window,
        clause=floor.clause,
        reason=floor.reason,
    )


def rule_for(field: Field, event: str, policy: Policy) -> Rule | None:
    """Find the rule that speaks of a field: its own, else its category's."""
    rules = [rule for rule in policy.rules if rule.event == event]
    own = [rule for rule in rules if rule.field == field.name]
    of_category = [rule for rule in rules if rule.category == field.category]
    return next(iter(own + of_category), None)


def _decide(field: FieldPlan, granted: frozenset[str], *, is_spare: bool = False) -> FieldDecision:
    """Decide one field: what is left of it is what a purpose that holds needs."""
    if field.decision is Decision.REFUSE:
        return FieldDecision(Decision.REFUSE, (), "", field.reason)
    held = [
        purpose
        for purpose in field.purposes
        if (purpose.necessity is Necessity.REQUIRED and not is_spare) or purpose.key in granted
    ]
    if not held:
        optional = [one.key for one in field.purposes if one.necessity is Necessity.OPTIONAL]
        reason = f"no consent to {', '.join(optional)}" if optional else ANOTHER_SUFFICES
        return FieldDecision(Decision.REFUSE, (), "", reason)
    basis = ",".join(sorted({purpose.basis for purpose in held}))
    keys = tuple(purpose.key for purpose in held)
    return FieldDecision(field.decision, keys, basis, field.reason, finest(field.parameters, keys))


def _plan(field: Field, event: str, policy: Policy) -> FieldPlan:
    """Say what the policy says about one field."""
    category = CATEGORIES.get(field.category)
    if category is None:
        message = f"{_title(policy)}: {event}.{field.name} is of an unknown category"
        raise PolicyError(message)
    prohibition = policy.prohibition_of(field.category)
    if prohibition is not None:
        return _refusal(field, prohibition.clause, prohibition.reason, is_prohibited=True)
    if category.sensitivity is Sensitivity.PROHIBITED:
        return _refusal(field, None, "the vocabulary prohibits its category", is_prohibited=True)
    rule = rule_for(field, event, policy)
    if rule is None:
        return _refusal(field, None, NOT_NAMED)
    if rule.refuse:
        return _refusal(field, rule.clause, rule.reason)
    return _use(field, rule, policy)


def _refusal(
    field: Field, clause: str | None, reason: str, *, is_prohibited: bool = False
) -> FieldPlan:
    """Refuse a field."""
    return FieldPlan(
        field=field.name,
        category=field.category,
        decision=Decision.REFUSE,
        reducer=None,
        parameters=MappingProxyType({}),
        purposes=(),
        keep_for=None,
        recipients=(),
        clause=clause,
        reason=reason,
        is_prohibited=is_prohibited,
    )


def _use(field: Field, rule: Rule, policy: Policy) -> FieldPlan:
    """Keep or reduce a field."""
    where = f"{_title(policy)}: {rule.event}.{field.name}"
    reducer, parameters = _reduction(field, rule, where)
    purposes = _purposes(rule, policy, where)
    if not purposes or not rule.keep_for:
        message = f"{where} is stored without a purpose or a keep_for"
        raise PolicyError(message)
    for purpose in read_by_purpose(listed(parameters, "by_purpose")):
        if purpose not in rule.purposes:
            message = f"{where} has a precision for {purpose}, which is no purpose of its rule"
            raise PolicyError(message)
    return FieldPlan(
        field=field.name,
        category=field.category,
        decision=Decision.REDUCE if reducer else Decision.KEEP,
        reducer=reducer,
        parameters=parameters,
        purposes=purposes,
        keep_for=rule.keep_for,
        recipients=rule.recipients,
        clause=rule.clause,
        reason=rule.reason,
    )


def _reduction(field: Field, rule: Rule, where: str) -> tuple[str | None, Mapping[str, Scalar]]:
    """Find the reducer of a rule and see that it takes what the field holds."""
    if not rule.reduce:
        if rule.keep:
            return None, MappingProxyType({})
        message = f"{where} has a rule that decides nothing"
        raise PolicyError(message)
    (name, given), *_ = rule.reduce.items()
    try:
        parameters = complete(name, given)
    except PolicyError as error:
        message = f"{where}: {error}"
        raise PolicyError(message) from None
    if SPECS[name].takes != _kind(field):
        message = f"{where} is {_kind(field)}, and reducer {name!r} takes {SPECS[name].takes}"
        raise PolicyError(message)
    return name, parameters


def _kind(field: Field) -> str:
    """Name what a field holds, in the words of `ReducerSpec.takes`."""
    if field.logical is not None:
        return field.logical.partition("-")[0]
    return "int" if field.avro_type == "long" else field.avro_type


def _purposes(rule: Rule, policy: Policy, where: str) -> tuple[Purpose, ...]:
    """Look up the terms of a rule's purposes, in the order of their keys."""
    found = []
    for key in sorted(rule.purposes):
        terms = policy.purposes.get(key)
        if terms is None or key not in PURPOSES:
            message = f"{where}: unknown purpose {key!r}{nearest(key, policy.purposes)}"
            raise PolicyError(message)
        found.append(Purpose(key, terms.necessity, terms.basis, terms.clause))
    return tuple(found)


def _title(policy: Policy) -> str:
    """Name a policy in a message."""
    return f"policy {policy.name} {policy.version}"
