"""What a client goes by: the bundle in force, as terms."""

from remit.admit import terms_of
from remit.route import Terms
from remit.settings import Places
from remit.watch import BundleWatch
from remit_schemas.bundle import Bundle
from remit_schemas.contract import builtin
from remit_schemas.errors import RemitError
from remit_schemas.policy import find_policy


class Agreement:
    """The bundle in force, as terms; read again when its file changes.

    Attributes:
        terms: In force now.
        faults: Times a new bundle could not be used.
    """

    def __init__(self, places: Places, *, hold: bool) -> None:
        self.faults = 0
        self._watch = BundleWatch(places)
        self._policy = find_policy(places.policy) if places.policy else None
        self._contracts = builtin()
        self._hold = hold
        self.terms = self._terms(self._watch.read())

    def renewed(self) -> Terms | None:
        """Give new terms when there are any."""
        bundle = self._watch.changed()
        if bundle is None:
            return None
        try:
            self.terms = self._terms(bundle)
        except RemitError:
            self.faults += 1
            return None
        return self.terms

    def _terms(self, bundle: Bundle) -> Terms:
        policy = self._policy or bundle.policy
        return terms_of(bundle, policy, self._contracts, hold=self._hold)
