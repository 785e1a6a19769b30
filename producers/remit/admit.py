"""Which events may go: the plan of each contract, turned into what `emit` needs to know of it."""

from collections.abc import Iterable

from remit.route import Route, Terms
from remit_schemas.bundle import Bundle
from remit_schemas.category import Decision
from remit_schemas.codec import encoder
from remit_schemas.contract import Contracts
from remit_schemas.events import EVENTS
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy


def terms_of(bundle: Bundle, policy: Policy, contracts: Contracts, *, hold: bool) -> Terms:
    """Bring every contract that has an event class under the policy and the kill switch.

    Args:
        bundle: As published.
        policy: In force here: the bundle's own, or the one the app names.
        contracts: Where the events' contracts are.
        hold: Refuse every event for now.

    Raises:
        PolicyError: The policy does not go with a contract.
    """
    return Terms(
        key_id=bundle.key_id,
        public_key=bundle.public_key,
        not_after=bundle.not_after.timestamp(),
        lane_key=bundle.lane_key,
        lanes=bundle.lanes,
        policy_version=policy.version,
        routes={
            event: _route(name, policy, contracts, bundle, hold=hold)
            for event, name in EVENTS.items()
        },
    )


def _route(name: str, policy: Policy, contracts: Contracts, bundle: Bundle, *, hold: bool) -> Route:
    contract = contracts.by_name(name)
    plan = compile_plan(contract, policy)
    return Route(
        contract=name,
        fingerprint=contract.fingerprint,
        necessity=plan.necessity,
        encode=encoder(contract),
        refusal="held" if hold else _refusal(plan),
        guards=_guards(plan, bundle.stopped),
        packs=[None] * bundle.lanes,
        tenants={},
    )


def _refusal(plan: Plan) -> str | None:
    decided = any(
        field.decision is not Decision.REFUSE or field.clause for field in plan.fields.values()
    )
    return None if decided else "no_rule"


def _guards(plan: Plan, stopped: Iterable[str]) -> tuple[tuple[str, str], ...]:
    prohibited = [(f.field, "prohibited") for f in plan.fields.values() if f.is_prohibited]
    switched_off = [
        (f.field, "stopped") for f in plan.fields.values() if is_under(f.category, stopped)
    ]
    return (*prohibited, *switched_off)


def is_under(category: str, stopped: Iterable[str]) -> bool:
    """Whether a category is one of these, or lies below one: stopping `user.device` stops what it holds."""
    return any(category == above or category.startswith(f"{above}.") for above in stopped)
