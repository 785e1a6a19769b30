"""Which events may go: the plan of each contract, turned into what `emit` needs to know of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from remit.entitled import entitled
from remit.meter import Meter, sample_key
from remit.result import Refused
from remit.route import ConsentTerms, Encode, Route, Routes, Terms
from remit_schemas.bundle import Bundle
from remit_schemas.category import Decision, Necessity, is_under
from remit_schemas.codec import encoder
from remit_schemas.contract import Contract
from remit_schemas.errors import PolicyError
from remit_schemas.events import EVENTS, ConsentChange
from remit_schemas.expiry import is_expired
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy
from remit_schemas.tenancy import Entitlement


@dataclass(frozen=True, slots=True)
class Situation:
    """What beside bundle and policy decides which events may go.

    Attributes:
        hold: Have every event wait for its subject's answer.
        is_stale: No fresh bundle came.
        today: The day, UTC: contracts end.
        meters: What this process has taken of contracts whose volume is bounded; filled here.
    """

    hold: bool
    is_stale: bool
    today: date
    meters: dict[tuple[object, ...], Meter] = field(default_factory=dict, compare=False)


def terms_of(
    bundle: Bundle, policy: Policy, events: Mapping[type, Contract], situation: Situation
) -> Terms:
    """Bring the contract of every class of events under the policy and the kill switch.

    Args:
        bundle: As published.
        policy: In force here: the bundle's own, or the one the app names.
        events: The classes and their contracts.
        situation: Anything else.

    Raises:
        PolicyError: The policy does not go with a contract.
    """
    routing = Routing(bundle, policy, situation)
    return Terms(
        key_id=bundle.key_id,
        public_key=bundle.public_key,
        not_after=bundle.not_after.timestamp(),
        lane_key=bundle.lane_key,
        lanes=bundle.lanes,
        policy_version=policy.version,
        routes=routing.of_all(events),
    )


class Routing:
    """Makes routes."""

    def __init__(self, bundle: Bundle, policy: Policy, situation: Situation) -> None:
        self._bundle = bundle
        self._policy = policy
        self._situation = situation
        self._consent = _consent_terms(bundle, policy, is_stale=situation.is_stale)

    def of_all(self, events: Mapping[type, Contract]) -> Routes:
        """Make the routes of classes: one for each contract, since two open packs of one account would count wrongly.

        Raises:
            PolicyError: The policy does not go with a contract of remit's.
        """
        made: dict[bytes, Route] = {}
        routes: dict[type, Route] = {}
        for event, contract in events.items():
            make = self.of if event in EVENTS else self.of_own
            if contract.fingerprint not in made:
                made[contract.fingerprint] = make(contract)
            routes[event] = made[contract.fingerprint]
        return routes

    def of(self, contract: Contract) -> Route:
        """Make the route of a contract.

        Raises:
            PolicyError: The policy does not go with it.
        """
        plan = compile_plan(contract, self._policy)
        is_consent = contract.name == EVENTS[ConsentChange]  # how one answers: it waits for nothing
        return Route(
            contract=contract.name,
            fingerprint=contract.fingerprint,
            necessity=plan.necessity,
            encode=encoder(contract),
            refusal=self._refusal(contract, plan),
            guards=_guards(plan, self._bundle.stopped),
            packs=[None] * self._bundle.lanes,
            tenants={},
            consent=self._consent,
            optional=plan.optional_purposes,
            without=_Without(contract, plan),
            meter=self._meter(plan),
            one_of=_one_of(plan),
            entitled=entitled(
                Entitlement(plan.functions, self._bundle.tenancy),
                plan.contract,
                self._situation.today,
            ),
            is_held=self._situation.hold and not is_consent,
            is_answer=is_consent,
        )

    def of_own(self, contract: Contract) -> Route:
        """Make the route of a contract of the app's own: where the policy does not go with it, its events are refused.

        It holds no other up: a new bundle must reach those that can be used.
        """
        try:
            return self.of(contract)
        except PolicyError:
            return Route(
                contract=contract.name,
                fingerprint=contract.fingerprint,
                necessity=Necessity.REQUIRED,
                encode=encoder(contract),
                refusal="no_rule",
                guards=(),
                packs=[None] * self._bundle.lanes,
                tenants={},
                consent=self._consent,
            )

    def _refusal(self, contract: Contract, plan: Plan) -> str | None:
        if is_expired(contract, self._situation.today):
            return "contract_expired"
        is_named = any(
            field.decision is not Decision.REFUSE or (field.clause and not field.is_prohibited)
            for field in plan.fields.values()
        )
        return None if is_named else "no_rule"

    def _meter(self, plan: Plan) -> Meter | None:
        volume = plan.volume
        if volume is None:
            return None
        wanted = (
            volume.sample_of,
            volume.events_max,
            volume.window.total_seconds() if volume.window else 0.0,
        )
        return self._situation.meters.setdefault((plan.contract, *wanted), Meter(*wanted))


class _Without:
    """The encoders of a contract that leave out what only withheld purposes need; each is made when it is asked for."""

    def __init__(self, contract: Contract, plan: Plan) -> None:
        self._contract = contract
        self._plan = plan
        self._made: dict[frozenset[str], Encode] = {}

    def __call__(self, withheld: frozenset[str]) -> Encode:
        made = self._made.get(withheld)
        if made is None:
            made = self._made[withheld] = encoder(self._contract, self._plan.withheld(withheld))
        return made


def _consent_terms(bundle: Bundle, policy: Policy, *, is_stale: bool) -> ConsentTerms:
    optional = frozenset(
        key for key, terms in policy.purposes.items() if terms.necessity is Necessity.OPTIONAL
    )
    signals = {name: frozenset(terms.withholds) for name, terms in policy.signals.items()}
    return ConsentTerms(
        policy_version=policy.version,
        optional=optional,
        signals=MappingProxyType(signals),
        sample_key=sample_key(bundle.lane_key),
        is_stale=is_stale,
    )


def _guards(plan: Plan, stopped: Iterable[str]) -> tuple[tuple[str, Refused], ...]:
    prohibited = [
        (f.field, Refused("prohibited", f.field, f.clause, plan.contract))
        for f in plan.fields.values()
        if f.is_prohibited
    ]
    switched_off = [
        (f.field, Refused("stopped", f.field, contract=plan.contract))
        for f in plan.fields.values()
        if is_under(f.category, stopped)
    ]
    return (*prohibited, *switched_off)


def _one_of(plan: Plan) -> tuple[tuple[str, ...], Refused] | None:
    if plan.alternatives is None:
        return None
    refused = Refused("incomplete", None, plan.alternatives.clause, plan.contract)
    return plan.alternatives.fields, refused
