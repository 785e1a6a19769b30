"""What a client goes by: the bundle in force, as terms."""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol
from weakref import WeakSet

from remit.admit import Routing, Situation, terms_of
from remit.meter import Meter
from remit.route import Routes, Terms
from remit.settings import Places
from remit.watch import BundleWatch
from remit_schemas.bundle import Bundle
from remit_schemas.contract import Contract, builtin, contract_of
from remit_schemas.errors import ContractError, RemitError
from remit_schemas.events import EVENTS
from remit_schemas.expiry import endings
from remit_schemas.notice import Notice
from remit_schemas.policy import Policy, find_policy

SCHEMA: Final = "__schema__"
"""Where a class of events of one's own carries its contract, as the JSON of an ``.avsc`` file."""

log = logging.getLogger("remit")
_told: Final[set[tuple[str, bool]]] = set()  # contracts that end, or have: said once in a process


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Source(Protocol):
    """Where bundles come from; see `watch.BundleWatch` and `fetch.BundleFetch`."""

    signed: bytes

    @property
    def has_news(self) -> bool:
        """Whether there is something new that `changed` has not looked at."""
        ...

    def read(self) -> Bundle:
        """Give the bundle of now."""
        ...

    def changed(self) -> Bundle | None:
        """Give the bundle again when it is another."""
        ...

    def attend(self, wake: Callable[[], None]) -> None:
        """Look again and again; `wake` is called when there is something new."""
        ...

    def close(self, timeout_s: float) -> None:
        """Wait for what is under way to end."""
        ...


class Agreement:
    """The bundle in force, as terms; read again when it changes, and when a bundle or a contract ends.

    Attributes:
        terms: In force now.
        faults: Times a new bundle could not be used.
    """

    def __init__(
        self,
        places: Places,
        *,
        hold: bool,
        adopt: Callable[[Routes], None] = lambda _: None,
        poll_s: float = 1.0,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """Read the bundle.

        Args:
            places: Where it is.
            hold: Have every event wait for its subject's answer.
            adopt: Called with the routes whenever there are others.
            poll_s: How often an edge is asked for the bundle, once somebody attends.
            now: Tells the time, aware UTC.

        Raises:
            BundleError: There is none, or it is not to be believed.
            PolicyError: The policy cannot be used.
        """
        self.faults = 0
        self._adopt = adopt
        self._now = now
        self._hold = hold
        self._lock = threading.RLock()  # a signal handler may emit inside an emit
        self._source = _source_of(places, poll_s)
        self._policy = find_policy(places.policy) if places.policy else None
        contracts = builtin()
        self._events: dict[type, Contract] = {
            event: contracts.by_name(name) for event, name in EVENTS.items()
        }
        self._unknown: WeakSet[type] = WeakSet()
        self._meters: dict[tuple[object, ...], Meter] = {}
        self._was_stale = False
        self._bundle = self._source.read()
        self._situation = self._look()
        self.terms = self._terms()

    @property
    def signed(self) -> bytes:
        """The bundle as it was published."""
        return self._source.signed

    @property
    def notice(self) -> Notice | None:
        """What people are to be told of the policy in force."""
        return self._bundle.notice

    def attend(self, wake: Callable[[], None]) -> None:
        """Have an edge asked again and again; `wake` is called when there is something new."""
        self._source.attend(wake)

    @property
    def has_news(self) -> bool:
        """Whether there is something new that `renewed` has not looked at."""
        return self._source.has_news

    def hand_out(self) -> None:
        """Give out the routes of now."""
        with self._lock:
            self._adopt(self.terms.routes)

    def renewed(self) -> Terms | None:
        """Give new terms when there are any, after their routes were given out."""
        bundle = self._source.changed()
        with self._lock:
            before = self._bundle, self._situation
            self._bundle = bundle or self._bundle
            self._situation = self._look()
            if (self._bundle, self._situation) == before:
                return None
            try:
                self.terms = self._terms()
            except RemitError:
                self.faults += 1
                self._bundle, self._situation = before  # the next look sees another day
                return None
            self._adopt(self.terms.routes)
            return self.terms

    def learn(self, event: type) -> bool:
        """Make a route for a class of events that has none: a subclass, or one that carries its own contract.

        Returns:
            Whether it has one now.
        """
        with self._lock:
            if event in self._unknown:
                return False
            routes = dict(self.terms.routes)
            known = next((base for base in event.__mro__ if base in routes), None)
            contract = self._events[known] if known else own_contract(event)
            if contract is None:
                self._unknown.add(event)
                return False
            self._events[event] = contract
            self._tell_of_ends()
            same = (one for one in routes.values() if one.fingerprint == contract.fingerprint)
            routing = Routing(self._bundle, self._policy_now, self._situation)
            routes[event] = next(same, None) or routing.of_own(contract)
            self.terms = replace(self.terms, routes=routes)
            self._adopt(routes)
            return True

    def close(self, timeout_s: float) -> None:
        """Wait for what is under way to end."""
        self._source.close(timeout_s)

    @property
    def _policy_now(self) -> Policy:
        return self._policy or self._bundle.policy

    def _terms(self) -> Terms:
        return terms_of(self._bundle, self._policy_now, self._events, self._situation)

    def _look(self) -> Situation:
        """See what time has done to bundle and contracts, and say it once."""
        now = self._now()
        is_stale = self._bundle.is_stale(now)
        if is_stale and not self._was_stale:
            log.warning(
                "no fresh bundle since %s: nothing optional is collected until one comes",
                self._bundle.fresh_until,
            )
        self._was_stale = is_stale
        self._tell_of_ends()
        return Situation(self._hold, is_stale, now.date(), self._meters)

    def _tell_of_ends(self) -> None:
        for ending in endings(self._events.values(), self._now().date()):
            if (ending.contract, ending.is_over) not in _told:
                _told.add((ending.contract, ending.is_over))
                log.warning("%s", ending.words)


def _source_of(places: Places, poll_s: float) -> Source:
    """Where the bundle comes from: an edge, or a file."""
    if not places.policy_url:
        return BundleWatch(places)
    from remit.fetch import BundleFetch  # noqa: PLC0415  # only who asks an edge pays for HTTP and TLS: 4 MB

    return BundleFetch(places, poll_s)


def own_contract(event: type) -> Contract | None:
    """Read the contract that a class of events carries; None where it carries none that can be used.

    One that calls itself like a contract of remit's, and is another, is none.
    """
    text = getattr(event, SCHEMA, None)
    if not isinstance(text, str):
        return None
    try:
        contract = contract_of(text, event.__name__)
    except ContractError as error:
        log.warning("a class of events cannot be used: %s", error)
        return None
    shipped = builtin()
    if contract.name in shipped.names:
        return (
            contract if contract.fingerprint == shipped.by_name(contract.name).fingerprint else None
        )
    return contract
