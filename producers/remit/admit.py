"""Which events may go: the plan of each contract, turned into what `emit` needs to know of it."""

from collections.abc import Iterable

from remit.result import Refused
from remit.route import ConsentTerms, Encode, Route, Terms
from remit_schemas.bundle import Bundle
from remit_schemas.category import Decision, Necessity
from remit_schemas.codec import encoder
from remit_schemas.contract import Contract, Contracts
from remit_schemas.events import EVENTS, ConsentChange
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy


def terms_of(bundle: Bundle, policy: Policy, contracts: Contracts, *, hold: bool) -> Terms:
    """Bring every contract that has an event class under the policy and the kill switch.

    Args:
        bundle: As published.
        policy: In force here: the bundle's own, or the one the app names.
        contracts: Where the events' contracts are.
        hold: Have every event wait for its subject's answer.

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
    is_consent = name == EVENTS[ConsentChange]  # how one answers: it waits for nothing
    return Route(
        contract=name,
        fingerprint=contract.fingerprint,
        necessity=plan.necessity,
        encode=encoder(contract),
        refusal=_refusal(plan),
        guards=_guards(plan, bundle.stopped),
        packs=[None] * bundle.lanes,
        tenants={},
        consent=_consent_terms(policy),
        optional=plan.optional_purposes,
        without=_Without(contract, plan),
        waits=(hold and not is_consent) or plan.necessity is Necessity.OPTIONAL,
    )


class _Without:
    """The encoders of a contract that leave out what only withheld purposes need; each is made when it is asked for."""

    def __init__(self, contract: Contract, plan: Plan) -> None:
        self._contract = contract
        self._plan = plan
        self._made: dict[frozenset[str], Encode] = {}

    def __call__(self, withheld: frozenset[str]) -> Encode:
        made = self._made.get(withheld)
        if made is None:
            made = self._made[withheld] = encoder(self._contract, left_out(self._plan, withheld))
        return made


def left_out(plan: Plan, withheld: frozenset[str]) -> frozenset[str]:
    """Name the fields that only these purposes need: those that the plan refuses without them and not with them."""
    refused = _refused(plan, plan.optional_purposes - withheld)
    return refused - _refused(plan, plan.optional_purposes)


def _refused(plan: Plan, granted: frozenset[str]) -> frozenset[str]:
    decided = plan.outcome(granted).fields
    return frozenset(name for name, field in decided.items() if field.decision is Decision.REFUSE)


def _consent_terms(policy: Policy) -> ConsentTerms:
    optional = frozenset(
        key for key, terms in policy.purposes.items() if terms.necessity is Necessity.OPTIONAL
    )
    return ConsentTerms(policy.version, optional)


def _refusal(plan: Plan) -> str | None:
    decided = any(
        field.decision is not Decision.REFUSE or field.clause for field in plan.fields.values()
    )
    return None if decided else "no_rule"


def _guards(plan: Plan, stopped: Iterable[str]) -> tuple[tuple[str, Refused], ...]:
    prohibited = [
        (f.field, Refused("prohibited", f.field, f.clause, plan.contract))
        for f in plan.fields.values()
        if f.is_prohibited
    ]
    switched_off = [
        (f.field, Refused("stopped", f.field, contract=plan.contract))
        for f in plan.fields.values()
        if _is_under(f.category, stopped)
    ]
    return (*prohibited, *switched_off)


def _is_under(category: str, stopped: Iterable[str]) -> bool:
    """Whether a category is one of these, or lies below one: stopping `user.device` stops what it holds."""
    return any(category == above or category.startswith(f"{above}.") for above in stopped)
