"""What is wrong with a policy that can be read, in words: what it leaves open, and what it says without effect."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from datetime import timedelta
from itertools import islice

from remit_schemas.category import Decision, Necessity
from remit_schemas.contract import CONSENT_CHANGE, Contract, Contracts, builtin
from remit_schemas.errors import PolicyError
from remit_schemas.lasting import unshown, without_effect
from remit_schemas.plan import (
    NOT_NAMED,
    Plan,
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import Policy
from remit_schemas.reducer import listed
from remit_schemas.rule import Rule, duration_text
from remit_schemas.tenancy import CAMPAIGN_FIELD


def check(policy: Policy, contracts: Contracts) -> list[str]:
    """Say what is wrong with a policy for these contracts.

    Returns:
        Problems, one a line; empty means that every field has a rule and every rule and purpose a use.
    """
    return [*_unused(policy, contracts), *_problems(policy, contracts)]


def _unused(policy: Policy, contracts: Contracts) -> Iterator[str]:
    """Find what a policy says without effect."""
    yield from _unknown(policy, set(contracts.names))
    for rule in policy.rules:
        if rule.event not in contracts.names:
            continue
        if rule.category and not _matches(rule, policy, contracts.by_name(rule.event)):
            yield f"the rule for {rule.subject_matter} matches no field"
    used = {key for rule in policy.rules for key in rule.purposes}
    for key in policy.purposes:
        if key not in used:
            yield f"purpose {key!r}: no rule uses it"


def _unknown(policy: Policy, known: AbstractSet[str]) -> Iterator[str]:
    """Find what speaks of contracts that there are not."""
    for rule in policy.rules:
        if rule.event not in known:
            yield f"the rule for {rule.subject_matter}: there is no contract {rule.event!r}"
    parts = (
        *(("floor", floor.event) for floor in policy.floors),
        *(("volume", volume.event) for volume in policy.volumes),
        *(("alternatives", one.event) for one in policy.alternatives),
        *(("retention", one.event) for one in policy.retention),
    )
    for what, event in parts:
        if event not in known:
            yield f"the {what} of {event}: there is no contract {event!r}"
    yield from _unknown_to_functions(policy, known)


def _unknown_to_functions(policy: Policy, known: AbstractSet[str]) -> Iterator[str]:
    """Find functions that speak of contracts that there are not."""
    for name, terms in policy.functions.items():
        for event in terms.events:
            if event not in known:
                yield f"function {name}: there is no contract {event!r}"


def _matches(rule: Rule, policy: Policy, contract: Contract) -> bool:
    """Whether a rule for a category decides a field of its contract."""
    own = {other.field for other in policy.rules if other.event == rule.event}
    return any(
        field.category == rule.category and field.name not in own for field in contract.fields
    )


def _problems(policy: Policy, contracts: Contracts) -> Iterator[str]:
    """Find what goes wrong with each contract; those that remit ships and that no rule names are not in use."""
    used = {rule.event for rule in policy.rules} | set(contracts.names) - set(builtin().names)
    for name in sorted(used & set(contracts.names)):
        try:
            plan = compile(contracts.by_name(name), policy)
        except PolicyError as error:
            yield str(error)
            continue
        for field in plan.fields.values():
            if field.reason == NOT_NAMED and field.clause is None:
                yield f"{name}.{field.field}: no rule names it, so it is refused; say so or name it"
        yield from _kept_as_it_came(plan, contracts.by_name(name))
        yield from _ruled_though_prohibited(plan, policy)
        yield from _kept_longer_without_consent(plan)
        yield from _unheard(plan, policy)
        yield from _without_campaign(plan, contracts.by_name(name))
        yield from without_effect(name, plan.retention, plan.fields)
        yield from _never_ends(plan, policy, contracts)


def _never_ends(plan: Plan, policy: Policy, contracts: Contracts) -> Iterator[str]:
    """Find purposes that are ended by an event that nobody can see."""
    end = plan.retention.ends_with if plan.retention else None
    if end is None or end.event in {None, plan.contract}:
        return
    where = f"the retention of {plan.contract} ends with {end.event}.{end.field}"
    if end.event not in contracts.names:
        yield f"{where}: there is no contract {end.event!r}"
        return
    fields = compile(contracts.by_name(end.event), policy).fields
    yield from (f"{where}: {words}" for words in islice(unshown(end, fields), 1))


def _kept_as_it_came(plan: Plan, contract: Contract) -> Iterator[str]:
    """Find texts that nothing makes smaller: whatever an app puts into them would be stored."""
    for field in contract.fields:
        if field.avro_type == "string" and plan.fields[field.name].decision is Decision.KEEP:
            yield f"{plan.contract}.{field.name} is a text that is kept as it came: name a reducer (remit reduce --list)"


def _ruled_though_prohibited(plan: Plan, policy: Policy) -> Iterator[str]:
    """Find rules that would store what is prohibited, and do not."""
    for rule in policy.rules:
        if rule.event != plan.contract or rule.field is None or rule.refuse:
            continue
        if plan.fields[rule.field].is_prohibited:
            yield f"the rule for {rule.subject_matter} has no effect: its category is prohibited"


def _kept_longer_without_consent(plan: Plan) -> Iterator[str]:
    """Find fields whose consent shortens the life of a row: who withholds it would be kept longer."""
    if plan.retention is not None:  # each field goes at its own end
        return
    lengths = {name: field.keep_for for name, field in plan.fields.items() if field.keep_for}
    row = plan.outcome().keep_for or max(lengths.values(), default=timedelta())
    for name, length in lengths.items():
        if length < row:
            yield (
                f"{plan.contract}.{name} is kept for {duration_text(length)}, its row without it for"
                f" {duration_text(row)}: whoever withholds consent would be kept longer"
            )


def _unheard(plan: Plan, policy: Policy) -> Iterator[str]:
    """Find what people say of their consent and the ledger would take for something else."""
    optional = [
        key for key, terms in policy.purposes.items() if terms.necessity is Necessity.OPTIONAL
    ]
    if plan.contract != CONSENT_CHANGE or not optional:
        return
    needed = {"purpose": optional, "status": ["given"], "agreed_version": [policy.version]}
    for name, words in needed.items():
        field = plan.fields[name]
        if field.decision is Decision.REFUSE and field.reason != NOT_NAMED:
            yield f"{plan.contract}.{name} is refused: nobody can consent to what is optional"
        if field.reducer != "closed":
            continue
        known = {value.casefold() for value in listed(field.parameters, "values")}
        for word in words:
            if word.casefold() not in known:
                yield f"{plan.contract}.{name}: its list lacks {word}: no consent with it is heard"


def _without_campaign(plan: Plan, contract: Contract) -> Iterator[str]:
    """Find events of campaigns that cannot say of which one they are: all of them are refused."""
    texts = {field.name for field in contract.fields if field.avro_type == "string"}
    if any(terms.campaign for terms in plan.functions.values()) and CAMPAIGN_FIELD not in texts:
        yield f"{plan.contract} belongs to campaigns and has no text {CAMPAIGN_FIELD!r}: all of it is refused"
