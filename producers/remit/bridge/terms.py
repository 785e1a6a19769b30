"""What the bridge goes by: the bundle in force, for every version of every contract instead of for classes of events."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from remit.admit import route_of, terms_of
from remit.route import Route, Terms
from remit.settings import Places
from remit.watch import BundleWatch
from remit_schemas.bundle import Bundle
from remit_schemas.contract import Contract, Contracts
from remit_schemas.errors import RemitError
from remit_schemas.policy import find_policy


@dataclass(frozen=True, slots=True)
class Entry:
    """A version of a contract, and the way of what was written with it."""

    contract: Contract
    route: Route


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
    """The bundle in force, as terms; read again when its file changes.

    Attributes:
        terms: In force now.
        faults: Times a new bundle could not be used.
    """

    def __init__(self, places: Places, contracts: Contracts) -> None:
        """Read the bundle.

        Raises:
            BundleError: There is none, or it is not to be believed.
            PolicyError: The policy cannot be used.
        """
        self.faults = 0
        self._watch = BundleWatch(places)
        self._policy = find_policy(places.policy) if places.policy else None
        self._contracts = contracts
        self.terms = self._terms(self._watch.read())

    def renew(self) -> bool:
        """Take a new bundle, if there is one; say whether there was."""
        bundle = self._watch.changed()
        if bundle is None:
            return False
        try:
            self.terms = self._terms(bundle)
        except RemitError:
            self.faults += 1
            return False
        return True

    def _terms(self, bundle: Bundle) -> BridgeTerms:
        policy = self._policy or bundle.policy
        routes = {one.name: route_of(one, policy, bundle, hold=False) for one in self._contracts}
        entries = {  # older versions go by the rules of the newest, as they do in the consumer
            one.fingerprint: Entry(one, replace(routes[one.name], fingerprint=one.fingerprint))
            for one in self._contracts.versions
        }
        return BridgeTerms(terms_of(bundle, policy, self._contracts, hold=False), entries)
