"""What a client does where something has to be asked of an event first, and with the answers that it is told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final, Protocol

from remit.answers import Who
from remit.gate import Gate
from remit.holding import Offer
from remit.result import HELD, Accepted, Emits, Recorded, Refused
from remit.route import NOWHERE, ConsentTerms, Route
from remit_schemas.category import CHANNELS, CONCLUDED, CONCLUDING, METHODS
from remit_schemas.codec import stamped
from remit_schemas.event import now_ms
from remit_schemas.events import ConsentChange

NOTHING_SAID: Final = Refused("does_not_fit")


@dataclass(frozen=True, slots=True)
class How:
    """How something is said.

    Attributes:
        method: One of `METHODS`.
        channel: One of `CHANNELS`; None where it is not known.
        guardian: Who said it for a minor, named like a subject; None where the subject did.
    """

    method: str
    channel: str | None = None
    guardian: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether it can be recorded."""
        return self.method in METHODS and (self.channel is None or self.channel in CHANNELS)


class Emitter(Emits, Protocol):
    """What is asked of the client."""

    def put(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """Take the datum of one event of which everything was asked."""
        ...

    def put_recorded(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """The same, and `Recorded` says where it stands."""
        ...

    def count(self, route: Route, tenant: str | None, reason: str) -> Refused:
        """Count one event that is refused."""
        ...

    def route_of(self, event: type) -> Route | None:
        """Give the way of a class of events, as it is now."""
        ...


class Asking:
    """Emits offers, and lets go on what waited for an answer.

    Attributes:
        gate: Decides.
    """

    def __init__(self, emitter: Emitter) -> None:
        self._emitter = emitter
        self.gate = Gate(self._drop)

    def emit(self, offer: Offer) -> Accepted | Refused:
        """Emit an event of which something has to be asked first.

        Raises:
            Exception: What the caller turns into a refusal; the event was not taken.
        """
        datum = self.datum_of(offer)
        if isinstance(datum, Refused):
            return datum
        return self._emitter.put(offer.route, datum, offer.subject, offer.tenant)

    def datum_of(self, offer: Offer) -> bytes | Refused:
        """Write an event as it may go, or say why it may not: counted, unless it waits.

        Raises:
            EncodeError: It does not fit its contract.
        """
        for purpose, signal in self.gate.first_signals(offer) if offer.signals else ():
            self._tell(offer.route.consent, offer.who, (purpose, "refused"), How(signal))
        answer = self.gate.ask(offer)
        if isinstance(answer, Refused):
            if answer is not HELD:
                # under a name that nobody registered nothing is kept, not even a count
                tenant = None if answer.reason == "unknown_tenant" else offer.tenant
                self._emitter.count(offer.route, tenant, answer.reason)
            return answer
        datum = answer(offer.event)
        return stamped(datum, now_ms()) if offer.is_late else datum

    def consent(
        self, terms: ConsentTerms, who: Who, said: list[tuple[str, str]], how: How
    ) -> Accepted | Refused:
        """Record what somebody says to purposes, and let go on what waited for that.

        Args:
            terms: Of the policy in force.
            who: Says so.
            said: Each purpose, and what is said to it.
            how: How it was said.
        """
        if not how.is_known:
            return self._nothing_fits(who)
        results = [self._say(terms, who, one, how) for one in said]
        if any(purpose in terms.optional for purpose, _ in said):
            self.go_on(who, terms.policy_version)
        refused = next((one for one in results if not one), None if results else NOTHING_SAID)
        return together(results) if refused is None else refused

    def state(self, terms: ConsentTerms, who: Who, status: str, how: How) -> Accepted | Refused:
        """Record what became of the whole policy version for somebody: told, concluded or accepted.

        Args:
            terms: Of the policy in force.
            who: Whom it is about.
            status: One of `NOTIFIED`, `CONCLUDED` and `ACCEPTED`.
            how: How it was said; a contract is concluded by one of `CONCLUDING`.
        """
        fits = how.method in CONCLUDING if status == CONCLUDED else how.is_known
        return self._tell(terms, who, (None, status), how) if fits else self._nothing_fits(who)

    def go_on(self, who: Who, version: str) -> None:
        """Emit what was held for somebody who has answered to a policy version, by the routes of now."""
        for offer in self.gate.answered(who, version):
            route = self._emitter.route_of(type(offer.event)) or offer.route
            try:
                self.emit(replace(offer, route=route))
            except Exception:  # noqa: BLE001  # one that cannot go holds no other up
                self._emitter.count(route, offer.tenant, "other")

    def _say(
        self, terms: ConsentTerms, who: Who, said: tuple[str, str], how: How
    ) -> Accepted | Refused:
        """Record what is said to one purpose; a consent that could not be recorded is none."""
        purpose, status = said
        if purpose not in terms.optional:
            return self._nothing_fits(who)
        if status != "given":
            self.gate.note(who, purpose, is_withheld=True)
        result = self._tell(terms, who, said, how)
        if status == "given" and result:
            self.gate.note(who, purpose, is_withheld=False)
        return result

    def _nothing_fits(self, who: Who) -> Refused:
        route = self._emitter.route_of(ConsentChange) or NOWHERE
        return self._emitter.count(route, who[1], "does_not_fit")

    def _tell(
        self, terms: ConsentTerms, who: Who, said: tuple[str | None, str], how: How
    ) -> Accepted | Refused:
        purpose, status = said
        change = ConsentChange(
            purpose=purpose,
            status=status,
            agreed_version=terms.policy_version,
            method=how.method,
            channel=how.channel,
            actor="guardian" if how.guardian else None,
            guardian=how.guardian,
        )
        route = self._emitter.route_of(ConsentChange)
        if route is None:  # after a fork or a close, which `emit` knows what to do about
            return self._emitter.emit(change, subject=who[0], tenant=who[1])
        datum = self.datum_of(Offer(route, change, *who))
        if isinstance(datum, Refused):
            return datum
        return self._emitter.put_recorded(route, datum, *who)

    def _drop(self, offer: Offer) -> None:
        self._emitter.count(offer.route, offer.tenant, "held")


def together(results: Iterable[Accepted | Refused]) -> Recorded:
    """Put the names of records together."""
    return Recorded(
        tuple(name for one in results if isinstance(one, Recorded) for name in one.records)
    )


def each(purposes: Iterable[str], status: str) -> list[tuple[str, str]]:
    """Pair purposes with what is said to them; a single one may come as it is."""
    return [(one, status) for one in ((purposes,) if isinstance(purposes, str) else purposes)]
