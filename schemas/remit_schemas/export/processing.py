"""What is processed for which purpose: the unit that every export tells of."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from remit_schemas.category import Decision, Necessity
from remit_schemas.contract import Contract, Contracts
from remit_schemas.decided import FieldPlan, Purpose
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy

SUBJECTS = "whoever uses the service"
"""Whom data are about; a policy names no other kinds of people."""


@dataclass(frozen=True, slots=True)
class Processing:
    """What is stored of one contract for one purpose.

    Attributes:
        contract: Whose events.
        purpose: What for, and on which ground.
        fields: What is stored for it, in the contract's order.
        keep_for: How long a row is kept at most that is stored for this purpose: as long as the shortest-lived of its
            fields, since a row goes as a whole.
    """

    contract: Contract
    purpose: Purpose
    fields: tuple[FieldPlan, ...]
    keep_for: timedelta

    @property
    def name(self) -> str:
        """What exports call it: `page_view: analytics.reporting`."""
        return f"{self.contract.name}: {self.purpose.key}"

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories of its data, sorted."""
        return tuple(sorted({field.category for field in self.fields}))

    @property
    def reducers(self) -> tuple[str, ...]:
        """The reducers that make its data smaller, sorted."""
        return tuple(sorted({field.reducer for field in self.fields if field.reducer}))

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who may get any of it, sorted; empty means nobody."""
        return tuple(sorted({name for field in self.fields for name in field.recipients}))

    @property
    def clauses(self) -> tuple[str, ...]:
        """The sentences that it rests on: the purpose's first, then those of the fields, sorted."""
        own = sorted({field.clause for field in self.fields if field.clause})
        return (self.purpose.clause, *(clause for clause in own if clause != self.purpose.clause))


def plans_of(policy: Policy, contracts: Contracts) -> tuple[Plan, ...]:
    """Bring every contract under a policy, in the order of their names.

    Raises:
        PolicyError: One of them cannot be brought under it.
    """
    return tuple(compile_plan(contract, policy) for contract in contracts)


def processings(policy: Policy, contracts: Contracts) -> tuple[Processing, ...]:
    """List what is stored for what: by purpose, then by contract.

    Raises:
        PolicyError: A contract cannot be brought under the policy.
    """
    found = [
        one
        for contract, plan in zip(contracts, plans_of(policy, contracts), strict=True)
        for one in _of(contract, plan)
    ]
    return tuple(sorted(found, key=lambda one: (one.purpose.key, one.contract.name)))


def _of(contract: Contract, plan: Plan) -> Iterable[Processing]:
    """What is stored of one contract, a purpose at a time."""
    stored = [field for field in plan.fields.values() if field.decision is not Decision.REFUSE]
    for purpose in sorted({one for field in stored for one in field.purposes}, key=_key):
        granted = {purpose.key} if purpose.necessity is Necessity.OPTIONAL else set[str]()
        yield Processing(
            contract=contract,
            purpose=purpose,
            fields=tuple(field for field in stored if purpose in field.purposes),
            keep_for=plan.outcome(frozenset(granted)).keep_for,
        )


def _key(purpose: Purpose) -> str:
    return purpose.key
