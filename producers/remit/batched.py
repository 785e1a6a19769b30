"""A client for doors that take batches: events of one batch go together, and an answer waits until they are safe."""

from collections.abc import Callable, Sequence
from typing import Final

from remit.arrivals import Arrivals
from remit.bunch import Bunch
from remit.client import Client
from remit.holding import Offer
from remit.open_pack import Note
from remit.recorded import Places
from remit.result import ACCEPTED, REFUSED, Accepted, Refused
from remit.route import NOWHERE, Route
from remit_schemas.errors import EncodeError, SpoolError
from remit_schemas.events import ConsentChange

GIVEN: Final = "given"
Answers = Accepted | list[Accepted | Refused]
"""`Accepted` for all, or an answer for each."""


class BatchClient(Client):
    """A client, and what a door needs beside it. One that never forks."""

    def emit_all(self, bunch: Bunch, note: Note | None = None) -> Answers:
        """Take events of one contract and one subject under one lock: those that may go, all or none; never raises.

        Args:
            bunch: The events.
            note: Told where they will stand in which pack, before they stand there; see `Packer.put_all`.

        Returns:
            `Accepted` when all were taken; else an answer for each. Refusals are counted.
        """
        answers: list[Accepted | Refused]
        route, packer = self._routes.get(bunch.kind), self._packer
        if route is None or packer is None:
            answers = [REFUSED["not_ready"]] * len(bunch.events)
            return answers
        is_plain = route.is_plain or bunch.tenant in route.plain_tenants
        is_plain = is_plain and not bunch.signals and bunch.subject not in self._withholding
        datums = bunch.encode() if is_plain and bunch.encode else None
        answers = []
        if datums is None:
            datums = self._written(route, bunch, answers)
            if not datums:
                return answers
        answer = packer.put_all(route, datums, (bunch.subject, bunch.tenant), note)
        if answer and len(datums) == len(bunch.events):
            return ACCEPTED
        if not answers:
            return [answer] * len(datums)
        return answers if answer else [one and answer for one in answers]

    def choose(self, changes: Sequence[ConsentChange], bunch: Bunch, note: Note | None) -> Answers:
        """Record what a subject says to purposes, and go by it from now on; see `Client.consent`.

        Args:
            changes: One for each purpose, and for the whole policy version in force.
            bunch: The same, to be emitted.
            note: As in `emit_all`.

        Returns:
            `Recorded` when all were taken, with the name of each record; else as `emit_all`.
        """
        who = bunch.subject, bunch.tenant or None
        for change in changes:
            if change.purpose and change.status != GIVEN:
                self._asking.gate.note(who, change.purpose, is_withheld=True)
        places = Places(note)
        answers = self.emit_all(bunch, places.note)
        if isinstance(answers, Accepted):
            for change in changes:
                if change.purpose and change.status == GIVEN:
                    self._asking.gate.note(who, change.purpose, is_withheld=False)
            if any(
                change.purpose for change in changes
            ):  # who was only shown a notice answered nothing
                self._asking.go_on(who, changes[0].agreed_version or "")
            return places.recorded(len(changes))
        return answers

    def refuse(self, kind: type | None, reason: str, *, tenant: str | None = None) -> Refused:
        """Count an event that a door refused before it became one.

        Args:
            kind: The event class of its contract; None if no contract has that name.
            reason: One of `remit_schemas.pack.REASONS`.
            tenant: Whose it would have been.
        """
        route = NOWHERE if kind is None else self._routes.get(kind, NOWHERE)
        return self.count(route, tenant, reason)

    def arrivals(self) -> Arrivals:
        """Begin a journal of batches beside this client's packs.

        Raises:
            SpoolError: The client is closed, or the journal cannot be written.
        """
        core = self._core
        try:
            if core is not None:
                return Arrivals(core.slot.folder, core.packer.producer)
        except OSError as error:
            raise SpoolError(f"no journal can be written: {error.strerror}") from None
        raise SpoolError("the client is closed")

    def sync(self, done: Callable[[bool], None], arrivals: Arrivals | None = None) -> None:
        """Have everything emitted so far survive a power loss, without closing a pack.

        Args:
            done: Called from another thread, with whether it is so.
            arrivals: The journal that is to say so, too.
        """
        core = self._core
        if core is None:
            done(False)  # noqa: FBT003  # whoever waits has this as its only argument
        else:
            core.sync(done, arrivals)

    def _written(
        self, route: Route, bunch: Bunch, answers: list[Accepted | Refused]
    ) -> list[bytes]:
        """Write events one by one, and say of each whether it may go."""
        if bunch.fill:
            bunch.fill()
        datums: list[bytes] = []
        for event in bunch.events:
            offer = Offer(route, event, bunch.subject, bunch.tenant or None, bunch.signals)
            written = self._write(offer)
            if isinstance(written, Refused):
                answers.append(written)
            else:
                datums.append(written)
                answers.append(ACCEPTED)
        return datums

    def _write(self, offer: Offer) -> bytes | Refused:
        """Ask whether an event may go, and write it; a refusal is counted."""
        try:
            return self._asking.datum_of(offer)
        except (EncodeError, TypeError, ValueError, AttributeError):
            reason = "does_not_fit"
        except Exception:  # noqa: BLE001  # the promise of `emit`: no fault of ours reaches the app
            reason = "other"
        return self.count(offer.route, offer.tenant, reason)
