"""What is asked of events one by one: what their fields hold, what their subject has answered, what a browser signals."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

from remit.answers import Answer, Answers, Who
from remit.holding import Holding, Offer
from remit.meter import Meter
from remit.result import HELD, REFUSED, Refused
from remit.route import ConsentTerms, Encode
from remit_schemas.category import SIGNALS
from remit_schemas.subject import VISITOR


class Gate:
    """Decides about offers, and has those wait whose subject has not answered. Any thread may call.

    Attributes:
        lock: Guards answers and held events; who forks takes it first.
        withholding: Subjects of whom anything is withheld, for `emit` to look at.
    """

    def __init__(self, drop: Callable[[Offer], object]) -> None:
        """Start with no answers.

        Args:
            drop: Counts a held event that will never go.
        """
        self.lock = threading.RLock()
        self._drop = drop
        self._now = time.monotonic
        self._answers = Answers()
        self._holding = Holding()
        self.withholding = self._answers.withholding

    @property
    def held(self) -> int:
        """How many events wait."""
        return self._holding.count

    def ask(self, offer: Offer) -> Encode | Refused:
        """Say how an event may be written, or why it may not go.

        Raises:
            EncodeError: It does not fit its contract.
        """
        route = offer.route
        refused = REFUSED[route.refusal] if route.refusal else route.forbids(offer.event)
        if refused is None and route.entitled is not None:
            refused = route.entitled.refusal(offer.event, offer.tenant)
        if refused is not None:
            return refused
        meter = route.meter
        if meter and not offer.is_late and not _is_sampled(offer, meter):
            return REFUSED["sampled_out"]
        gone: list[Offer] | None = []
        waits = False
        with self.lock:
            answer = self._answers.of(offer.who)
            withheld = answer.withheld | _signalled(offer, route.consent)
            reason = _why_not(offer, withheld)
            if reason is None and _must_wait(offer, answer):
                waits, gone = True, self._hold(offer)
        if waits:
            return self._held_for(gone)
        if reason is None and meter and not meter.takes():
            reason = "over_quota"
        return route.encode_without(withheld) if reason is None else REFUSED[reason]

    def first_signals(self, offer: Offer) -> list[tuple[str, str]]:
        """Give what of an offer's signals is a refusal that nobody recorded yet: purpose and signal; and remember it."""
        terms = offer.route.consent
        found: list[tuple[str, str]] = []
        subject = offer.who[0]
        if subject is None:
            return found
        with self.lock:
            answer = self._answers.of(offer.who)
            if answer.version is None and subject.startswith(VISITOR):
                return found  # a session that never agreed has nothing to take back, and nobody it could be proved of
            for signal in offer.signals:
                purposes = terms.signals.get(signal, frozenset())
                if purposes and (signal, terms.policy_version) not in answer.signalled:
                    found += [(purpose, signal) for purpose in sorted(purposes)]
                    answer = replace(
                        answer,
                        withheld=answer.withheld | purposes,
                        signalled=answer.signalled | {(signal, terms.policy_version)},
                    )
            if found:
                self._answers.note(offer.who, answer)
        return found

    def note(self, who: Who, purpose: str, *, is_withheld: bool) -> None:
        """Remember that a purpose was given, or that it was refused or withdrawn."""
        with self.lock:
            answer = self._answers.of(who)
            withheld = answer.withheld | {purpose} if is_withheld else answer.withheld - {purpose}
            self._answers.note(who, replace(answer, withheld=withheld))

    def answered(self, who: Who, version: str) -> list[Offer]:
        """Remember that a subject has answered to a policy version, and give what waited for that."""
        with self.lock:
            self._answers.note(who, replace(self._answers.of(who), version=version))
            return [replace(offer, is_late=True) for offer in self._holding.take(who)]

    def drop_old(self) -> None:
        """Drop what has waited too long."""
        with self.lock:
            old = self._holding.take_old(self._now())
        for offer in old:
            self._drop(offer)

    def shut(self) -> None:
        """Drop everything that waits, and hold nothing from now on."""
        with self.lock:
            rest = self._holding.shut()
        for offer in rest:
            self._drop(offer)

    def forget(self) -> None:
        """Be a forked child's: what waits belongs to the parent; what was answered holds here too."""
        self.lock = threading.RLock()
        self._holding = Holding()

    def _hold(self, offer: Offer) -> list[Offer] | None:
        size = len(offer.route.encode(offer.event)) + len(offer.subject or "")
        return self._holding.add(offer, size, self._now())

    def _held_for(self, gone: list[Offer] | None) -> Refused:
        """Drop what had to go for a held event; never under the lock, since dropping takes the packer's.

        Who emits inside an emit (a signal handler, a finalizer) holds that one and wants ours.
        """
        for other in gone or ():
            self._drop(other)
        return REFUSED["held"] if gone is None else HELD


def _is_sampled(offer: Offer, meter: Meter) -> bool:
    return meter.samples(offer.subject, offer.route.consent.sample_key)


def _signalled(offer: Offer, terms: ConsentTerms) -> frozenset[str]:
    """The purposes that are withheld for this event alone; a signal that is none withholds all there are."""
    if terms.is_stale:
        return terms.optional
    withheld: frozenset[str] = frozenset()
    for signal in offer.signals:
        withheld |= terms.signals.get(signal, frozenset() if signal in SIGNALS else terms.optional)
    return withheld


def _why_not(offer: Offer, withheld: frozenset[str]) -> str | None:
    """Why nothing of an event may go: all that it is for is withheld, or nobody is there who could agree."""
    route = offer.route
    if not route.is_optional:
        return None
    if route.consent.is_stale:
        return "bundle_expired"
    is_refused = route.optional <= withheld or offer.who[0] is None
    if not is_refused:
        return None
    return "held" if offer.is_late else "no_consent"


def _must_wait(offer: Offer, answer: Answer) -> bool:
    route = offer.route
    return route.waits and answer.version != route.consent.policy_version
