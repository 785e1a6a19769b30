"""Recipients against rules: a recipient may list only what a rule stores for one of its purposes."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from remit_schemas.category import CATEGORIES
from remit_schemas.contract import Contract, Field
from remit_schemas.decided import FieldPlan, Purpose
from remit_schemas.errors import PolicyError
from remit_schemas.policy import Policy
from remit_schemas.policy_file import nearest
from remit_schemas.recipients import Case, Recipient
from remit_schemas.rule import Rule
from remit_schemas.specs import SPECS

CLOSED: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "closed": frozenset({""}),
        "screen": frozenset({""}),
        "hardware": frozenset({"cpu", "memory"}),
        "presence": frozenset({"given"}),
        "user_agent": frozenset({"bot"}),
        "referrer": frozenset({"medium", "source"}),
    }
)
"""For each reducer those of its results that are of a closed list: groups of a figure that leaves are made by these only."""


def check_lists(contract: Contract, policy: Policy) -> None:
    """See that recipients list only fields that a contract has.

    Raises:
        PolicyError: One lists another.
    """
    names = {field.name: field for field in contract.fields}
    for name, one in policy.recipients.items():
        for field in one.fields.get(contract.name, ()):
            if field not in names:
                message = f"recipient {name} lists {contract.name}.{field}, which is no field of it"
                raise _mistake(policy, message + nearest(field, names))


def check_measures(event: str, policy: Policy, fields: Mapping[str, FieldPlan]) -> None:
    """See that figures of a contract are of groups that closed lists make, stored for a purpose of the recipient.

    Raises:
        PolicyError: One is not.
    """
    for name, one in policy.recipients.items():
        closed = dict.fromkeys(_closed(fields, frozenset(one.purposes)))
        for measure, terms in one.measures.items():
            for column in terms.by if terms.event == event else ():
                if column not in closed:
                    message = f"recipient {name}: {measure} is by {event}.{column}, which is no closed list stored for its purposes"
                    raise _mistake(policy, message + nearest(column, closed))


def _closed(fields: Mapping[str, FieldPlan], purposes: frozenset[str]) -> Iterator[str]:
    """The stored columns of closed lists that any of some purposes has."""
    for name, field in fields.items():
        if field.reducer and purposes & {purpose.key for purpose in field.purposes}:
            suffixes = CLOSED.get(field.reducer, frozenset())
            for output in SPECS[field.reducer].outputs:
                if output.suffix in suffixes:
                    yield output.column(name)


def check_refused(field: Field, event: str, policy: Policy) -> None:
    """See that nobody lists a field that is refused.

    Raises:
        PolicyError: Somebody does.
    """
    for name, _ in _listing(field.name, event, policy):
        message = f"recipient {name} lists {event}.{field.name}, of which nothing is stored"
        raise _mistake(policy, message)


def recipients_of(
    field: Field, rule: Rule, policy: Policy, purposes: tuple[Purpose, ...]
) -> tuple[str, ...]:
    """Name who may get a field, in order of their names: those who list it; where nobody is described, the rule's.

    Raises:
        PolicyError: Somebody lists it for none of its purposes, or without the consent that it takes; or the rule names
            others than list it.
    """
    where = f"{rule.event}.{field.name}"
    listing = dict(_listing(field.name, rule.event, policy))
    for name, one in listing.items():
        if not {*one.purposes} & {purpose.key for purpose in purposes}:
            message = f"recipient {name} lists {where}, which no rule stores for its purposes"
            raise _mistake(policy, message)
        if is_sensitive(field.category) and one.case is not Case.LEGAL and not one.consent:
            message = f"recipient {name} lists {where}, which is sensitive: it needs a consent of its own (S054b)"
            raise _mistake(policy, message)
    if policy.recipients and rule.recipients and {*rule.recipients} != {*listing}:
        message = f"the rule for {where} names other recipients than list it"
        raise _mistake(policy, message)
    return tuple(sorted(listing)) if policy.recipients else rule.recipients


def is_sensitive(category: str) -> bool:
    """Whether sharing a category takes a consent of its own. Source: PIPL articles 28, 29."""
    return CATEGORIES[category].sensitive_pi


def _listing(field: str, event: str, policy: Policy) -> Iterator[tuple[str, Recipient]]:
    """Those who list a field of a contract."""
    recipients: Mapping[str, Recipient] = policy.recipients
    for name, one in recipients.items():
        if field in one.fields.get(event, ()):
            yield name, one


def _mistake(policy: Policy, words: str) -> PolicyError:
    """A mistake, with the policy that makes it."""
    return PolicyError(f"policy {policy.name} {policy.version}: {words}")
