"""The client: what an app embeds. It never raises into the app after its start, and counts what it does not take."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from remit.arrivals import Arrivals
from remit.bunch import Bunch
from remit.core import Core
from remit.lifetime import remember
from remit.open_pack import Note
from remit.packer import Packer
from remit.result import ACCEPTED, REFUSED, Accepted, Refused
from remit.route import NOWHERE, Route, Routes
from remit.settings import Places, Settings
from remit_schemas.errors import EncodeError, RemitError, SettingsError, SpoolError
from remit_schemas.pack import Counts

START_AGAIN_S: Final = 1.0  # a child that could not start tries again after so long


class Client:
    """Takes events, seals them into the spool and has them shipped.

    Safe for threads and forks: a forked child makes its own keys, slot and thread at its first emit.
    """

    def __init__(  # noqa: PLR0913  # the public surface; all but the first by name
        self,
        source: str,
        *,
        policy: str | None = None,
        log: str | None = None,
        data: str | Path | None = None,
        settings: Settings | None = None,
        hold: bool = False,
    ) -> None:
        """Start the client.

        Args:
            source: Names the app, for its operators.
            policy: A policy file, ``name`` or ``name/version``; None reads REMIT_POLICY, else takes the bundle's.
            log: ``kafka://host:port/PREFIX``; None reads REMIT_LOG; empty is the embedded log.
            data: The data folder; None reads REMIT_DATA, else ``./remit-data``.
            settings: Sizes and times; None reads REMIT_PACK_AGE_S and the like.
            hold: Refuse every event, until somebody has agreed to something.

        Raises:
            SettingsError: A setting is out of range, or `source` is empty.
            BundleError: There is no bundle, or it is not to be believed.
            PolicyError: The policy cannot be used.
            SpoolError: There is no free slot, or the spool folder cannot be used.
        """
        if not source:
            raise SettingsError("a client names its source")
        self.source = source
        self._settings = settings or Settings.from_env(os.environ)
        self._places = Places.from_env(os.environ, policy=policy, log=log, data=data)
        self._hold = hold
        self._routes: Routes = {}
        self._core: Core | None = None
        self._packer: Packer | None = (
            None  # stays after close: it refuses what comes late, and counts it
        )
        self._is_closed = False
        self._missed: dict[type, int] = {}
        self._start_at = 0.0
        self._starting = threading.RLock()
        self._start()
        remember(self)

    def emit(
        self, event: object, *, subject: str | None = None, tenant: str | None = None
    ) -> Accepted | Refused:
        """Take one event; never raises, and never waits for a network.

        Args:
            event: A `PageView`, `ServiceLog` or `OperationalLog`.
            subject: Whom it is about, as the app knows them; it leaves this process sealed.
            tenant: Whose customer that is.

        Returns:
            `Accepted`: it survives the death of this process. `Refused`: why it was not taken, already counted.
        """
        route = self._routes.get(type(event))
        if route is None:
            return self._emit_unrouted(event, subject, tenant)
        reason = route.refusal
        try:
            if reason is None and route.guards:
                reason = route.forbids(event)
            if reason is None:
                return self._packer.put(  # type: ignore[union-attr]  # where a route is, there is a packer
                    route, route.encode(event), subject, tenant
                )
        except (EncodeError, TypeError, ValueError, AttributeError):
            reason = "does_not_fit"
        except Exception:  # noqa: BLE001  # the promise: no fault of ours reaches the app
            reason = "other"
        return self._refuse(route, tenant, reason)

    def emit_all(
        self, bunch: Bunch, note: Note | None = None
    ) -> Accepted | list[Accepted | Refused]:
        """Take events of one contract and one subject under one lock: those that may go, all or none.

        Args:
            bunch: The events.
            note: Told where they will stand in which pack, before they stand there; see `Packer.put_all`.

        Returns:
            `Accepted` when all were taken; else an answer for each. Refusals are counted.
        """
        route, packer = self._routes.get(bunch.kind), self._packer
        if route is None or packer is None:
            if bunch.fill:
                bunch.fill()
            return [self.emit(e, subject=bunch.subject, tenant=bunch.tenant) for e in bunch.events]
        datums = bunch.encode() if bunch.encode and route.is_plain else None
        answers: list[Accepted | Refused] = []
        if datums is None:
            datums = self._encoded(route, bunch, answers)
            if not datums:
                return answers
        answer = packer.put_all(route, datums, (bunch.subject, bunch.tenant), note)
        if answer and len(datums) == len(bunch.events):
            return ACCEPTED
        if not answers:
            return [answer] * len(datums)
        return answers if answer else [one and answer for one in answers]

    def _encoded(
        self, route: Route, bunch: Bunch, answers: list[Accepted | Refused]
    ) -> list[bytes]:
        """Write events one by one, and say of each whether it may go."""
        if bunch.fill:
            bunch.fill()
        datums: list[bytes] = []
        for event in bunch.events:
            datum, reason = route.datum_of(event)
            if reason is None:
                datums.append(datum)
                answers.append(ACCEPTED)
            else:
                answers.append(self._refuse(route, bunch.tenant, reason))
        return datums

    def arrivals(self) -> Arrivals:
        """Begin a journal of batches beside this client's packs; for a door that answers for batches, and never forks.

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

    def refuse(self, kind: type | None, reason: str, *, tenant: str | None = None) -> Refused:
        """Count an event that a door refused before it became one.

        Args:
            kind: The event class of its contract; None if no contract has that name.
            reason: One of `remit_schemas.pack.REASONS`.
            tenant: Whose it would have been.
        """
        route = NOWHERE if kind is None else self._routes.get(kind, NOWHERE)
        return self._refuse(route, tenant, reason)

    def flush(self, timeout_s: float, *, durable: bool = False) -> bool:
        """Wait until everything emitted so far is on the log.

        Args:
            timeout_s: How long to wait.
            durable: On the disk too, synced: it survives power loss.

        Returns:
            Whether it is so; with Kafka, whether the brokers have acknowledged it.
        """
        core = self._core
        return True if core is None else core.flush(timeout_s, durable=durable)

    def close(self, timeout_s: float = 2.0) -> bool:
        """Flush, stop and give the slot up; every later emit is refused.

        Returns:
            Whether everything was on the log in time; what was not stays in the spool for the next process.
        """
        with self._starting:
            core, self._core = self._core, None
            self._is_closed = True
            self._routes = {}
        return True if core is None else core.close(timeout_s)

    def totals(self) -> Counts:
        """Give what this process has offered, lost and refused so far."""
        return Counts() if self._packer is None else self._packer.totals()

    def _emit_unrouted(
        self, event: object, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """Emit where there is no route for exactly this class: after a fork, a close, or of a class of its own."""
        if self._is_closed:
            return REFUSED["closed"]
        if self._core is None and not self._start_again():
            self._missed[type(event)] = self._missed.get(type(event), 0) + 1
            return REFUSED["not_ready"]
        for base in type(event).__mro__:
            route = self._routes.get(base)
            if route is not None:
                self._routes = {**self._routes, type(event): route}
                return self.emit(event, subject=subject, tenant=tenant)
        return self._refuse(NOWHERE, None, "unknown_contract")

    def _refuse(self, route: Route, tenant: str | None, reason: str) -> Refused:
        packer = self._packer
        return REFUSED[reason] if packer is None else packer.refuse(route, tenant, reason)

    def _start(self) -> None:
        from remit.startup import start  # noqa: PLC0415  # half of what `import remit` would cost

        core = start(self._places, self._settings, self._take_routes, hold=self._hold)
        self._packer = core.packer
        self._core = core
        self._routes = core.routes

    def _start_again(self) -> bool:
        with self._starting:
            now = time.monotonic()
            if self._core is None and now >= self._start_at and not self._is_closed:
                self._start_at = now + START_AGAIN_S
                try:
                    self._start()
                except (RemitError, OSError, RuntimeError):
                    return False
                self._count_missed()
            return self._core is not None

    def _count_missed(self) -> None:
        missed, self._missed = self._missed, {}
        for event, n in missed.items():
            for _ in range(n):
                self._refuse(self._routes.get(event, NOWHERE), None, "not_ready")

    def _take_routes(self, routes: Routes) -> None:
        self._routes = routes

    def guards(self) -> tuple[AbstractContextManager[object], ...]:
        """See `lifetime.Resident`."""
        core = self._core
        return (self._starting,) if core is None else (self._starting, *core.guards())

    def forget(self) -> None:
        """See `lifetime.Resident`."""
        self._starting = threading.RLock()
        core, self._core, self._packer = self._core, None, None
        self._routes = {}
        self._missed = {}
        self._start_at = 0.0
        if core is not None:
            core.abandon()

    def end(self) -> None:
        """See `lifetime.Resident`."""
        self.close(self._settings.close_timeout_s)
