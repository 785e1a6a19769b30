"""What the bridge goes by: the bundle in force, for every version of every contract instead of for classes of events."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from remit.admit import Routing, Situation, terms_of
from remit.fetch import BundleFetch
from remit.meter import Meter
from remit.route import Route, Terms
from remit.settings import Places
from remit.watch import BundleWatch
from remit_schemas.codec import encoder
from remit_schemas.contract import Contract, Contracts
from remit_schemas.errors import RemitError
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of a contract, and the way of what was written with it.

    Attributes:
        contract: The version.
        route: By the rules of the newest version, as they hold in the consumer.
        strip: Writes an event without what only optional purposes need, while no fresh bundle is here; else None.
    """

    contract: Contract
    route: Route
    strip: Callable[[object], bytes] | None = None


@dataclass(frozen=True, slots=True)
class BridgeTerms:
    """The bundle in force.

    Attributes:
        packing: As the packs need it.
        entries: By the contract's fingerprint.
    """

    packing: Terms
    entries: Mapping[bytes, Entry]


class BridgeAgreement:
    """The bundle in force, as terms; read again when it changes, and when a bundle or a contract ends.

    Attributes:
        terms: In force now.
        faults: Times a new bundle could not be used.
    """

    def __init__(self, places: Places, contracts: Contracts, poll_s: float = 1.0) -> None:
        """Read the bundle.

        Args:
            places: Where it is.
            contracts: Those that may come in.
            poll_s: How often an edge is asked for it, where it comes from one.

        Raises:
            BundleError: There is none, or it is not to be believed.
            PolicyError: The policy cannot be used.
        """
        self.faults = 0
        self._source = BundleFetch(places, poll_s) if places.policy_url else BundleWatch(places)
        self._policy = find_policy(places.policy) if places.policy else None
        self._contracts = contracts
        self._meters: dict[tuple[object, ...], Meter] = {}
        self._bundle = self._source.read()
        self._source.attend(lambda: None)  # looked at by `renew`, nobody has to be woken
        self._situation = self._look()
        self.terms = self._terms()

    def renew(self) -> bool:
        """Take what is new, if there is anything; say whether there was."""
        before = self._bundle, self._situation
        self._bundle = self._source.changed() or self._bundle
        self._situation = self._look()
        if (self._bundle, self._situation) == before:
            return False
        try:
            self.terms = self._terms()
        except RemitError:
            self.faults += 1
            self._bundle = before[0]
            return False
        return True

    def _look(self) -> Situation:
        now = datetime.now(UTC)
        is_stale = self._bundle.is_stale(now)
        return Situation(hold=False, is_stale=is_stale, today=now.date(), meters=self._meters)

    def _terms(self) -> BridgeTerms:
        policy = self._policy or self._bundle.policy
        routing = Routing(self._bundle, policy, self._situation)
        routes = {one.name: routing.of(one) for one in self._contracts}
        withheld = {
            one.name: (plan := compile_plan(one, policy)).withheld(plan.optional_purposes)
            for one in self._contracts
            if self._situation.is_stale
        }
        entries = {
            one.fingerprint: _entry(one, routes[one.name], withheld.get(one.name, frozenset()))
            for one in self._contracts.versions
        }
        return BridgeTerms(terms_of(self._bundle, policy, {}, self._situation), entries)


def _entry(contract: Contract, newest: Route, withheld: frozenset[str]) -> Entry:
    """The way of one version; `withheld` are fields that wait for a fresh bundle."""
    route = replace(newest, fingerprint=contract.fingerprint)
    mine = withheld & {field.name for field in contract.fields}
    if not mine:
        return Entry(contract, route)
    if route.is_optional:
        return Entry(contract, replace(route, refusal=route.refusal or "bundle_expired"))
    return Entry(contract, route, encoder(contract, mine))
