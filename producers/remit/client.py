"""The client: what an app embeds. It never raises into the app after its start, and counts what it does not take."""

import os
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from remit.asking import Asking, How, each
from remit.core import Core
from remit.holding import Offer
from remit.lifetime import remember
from remit.packer import Packer
from remit.result import REFUSED, Accepted, Refused
from remit.route import NOWHERE, ConsentTerms, Route, Routes
from remit.settings import Places, Settings
from remit_schemas.category import ACCEPTED, CONCLUDED, NOTIFIED
from remit_schemas.errors import EncodeError, SettingsError
from remit_schemas.events import ConsentChange
from remit_schemas.notice import Notice
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
            policy: A policy file, ``name`` or ``name/version``, or an edge's ``https://host/v1/policy``, whose signed
                bundle is fetched; None reads REMIT_POLICY, else takes the bundle's.
            log: ``kafka://host:port/PREFIX``; None reads REMIT_LOG; empty is the embedded log.
            data: The data folder; None reads REMIT_DATA, else ``./remit-data``.
            settings: Sizes and times; None reads REMIT_PACK_AGE_S and the like.
            hold: Have every event wait, in bounded memory, until its subject has answered.

        Raises:
            SettingsError: A setting is out of range, `source` is empty, or a bundle may not come from that address.
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
        self._asking = Asking(self)
        self._withholding = self._asking.gate.withholding
        remember(self)  # before it starts, so that a fork waits until it has
        with self._starting:
            self._start()

    def emit(
        self,
        event: object,
        *,
        subject: str | None = None,
        tenant: str | None = None,
        signals: Sequence[str] = (),
    ) -> Accepted | Refused:
        """Take one event; never raises, and never waits for a network.

        Args:
            event: A `PageView`, `ServiceLog` or `OperationalLog`.
            subject: Whom it is about, as the app knows them; it leaves this process sealed.
            tenant: Whose customer that is.
            signals: What the subject's browser says beside it: ``gpc`` (Global Privacy Control), ``dnt``.

        Returns:
            `Accepted`: it survives the death of this process. `Held`: it waits for its subject's answer.
            `Refused`: why it was not taken, already counted.
        """
        route = self._routes.get(type(event))
        if route is None:
            return self._emit_unrouted(event, subject, tenant, signals)
        try:
            is_plain = route.is_plain or tenant in route.plain_tenants
            if signals or not is_plain or subject in self._withholding:
                return self._asking.emit(Offer(route, event, subject, tenant, tuple(signals)))
            return self._packer.put(  # type: ignore[union-attr]  # where a route is, there is a packer
                route, route.encode(event), subject, tenant
            )
        except (EncodeError, TypeError, ValueError, AttributeError):
            reason = "does_not_fit"
        except Exception:  # noqa: BLE001  # the promise: no fault of ours reaches the app
            reason = "other"
        return self.count(route, tenant, reason)

    def consent(  # noqa: PLR0913  # the public surface; all but the first by name
        self,
        subject: str,
        *,
        given: Iterable[str] = (),
        refused: Iterable[str] = (),
        withdrawn: Iterable[str] = (),
        method: str = "api",
        channel: str | None = None,
        guardian: str | None = None,
        tenant: str | None = None,
    ) -> Accepted | Refused:
        """Record what a subject says to optional purposes, and go by it from now on; never raises.

        One `ConsentChange` is emitted for each purpose. It is an answer to the policy version in force: what was
        held for this subject goes on, without what is refused.

        Args:
            subject: Who says so.
            given: Purposes agreed to, such as ``analytics.reporting``.
            refused: Purposes refused.
            withdrawn: Purposes agreed to before, and no more.
            method: How it was said: ``banner``, ``settings``, ``api``, ``remembered``, ``gpc`` or ``dnt``.
            channel: By which way: ``website``, ``popup``, ``app``, ``email`` or ``support``.
            guardian: Who said it for the subject, a minor; named like a subject.
            tenant: Whose customer that is.

        Returns:
            `Recorded` when every change is, with the name of each record; else the first refusal: ``does_not_fit`` for a purpose that the
            policy does not leave to its subjects, and for a method that is none. What is refused or withdrawn is withheld here whatever it is.
        """
        terms = self._consent_terms()
        if isinstance(terms, Refused):
            return terms
        try:
            said = [*each(given, "given"), *each(refused, "refused")]
            said += each(withdrawn, "withdrawn")
            how = How(method, channel, guardian or None)
            return self._asking.consent(terms, (subject or None, tenant or None), said, how)
        except Exception:  # noqa: BLE001  # the promise: no fault of ours reaches the app
            return self.count(self._routes.get(ConsentChange, NOWHERE), None, "other")

    def accept(
        self,
        subject: str,
        *,
        method: str = "api",
        channel: str | None = None,
        tenant: str | None = None,
    ) -> Accepted | Refused:
        """Record that a subject agreed expressly to the policy version in force; never raises.

        Whoever accepted an older version stays under it where a newer one widens anything, until this is recorded.
        It consents to no purpose.
        """
        return self._state(ACCEPTED, subject, How(method, channel), tenant)

    def concluded(
        self, subject: str, *, method: str = "use", tenant: str | None = None
    ) -> Accepted | Refused:
        """Record that the contract about the product was concluded by using it; never raises, and is never a consent.

        Args:
            subject: Who uses it.
            method: ``click``, ``download``, ``install``, ``use`` or ``login``.
            tenant: Whose customer that is.
        """
        return self._state(CONCLUDED, subject, How(method), tenant)

    def notified(
        self, subject: str, *, channel: str, tenant: str | None = None
    ) -> Accepted | Refused:
        """Record that a subject was told of the policy version in force, by which channel; never raises."""
        return self._state(NOTIFIED, subject, How("api", channel), tenant)

    def agree(self, subject: str | None = None, *, tenant: str | None = None) -> None:
        """Go on with what is held for a subject: they have agreed to the policy version in force; never raises.

        It consents to no purpose: what is optional is still for the ledger to decide.

        Args:
            subject: Who has agreed; None releases what is about nobody.
            tenant: Whose customer that is.
        """
        terms = self._consent_terms()
        if isinstance(terms, Refused):
            return
        try:
            self._asking.go_on((subject or None, tenant or None), terms.policy_version)
        except Exception:  # noqa: BLE001  # the promise: no fault of ours reaches the app
            self.count(NOWHERE, None, "other")

    @property
    def signed_bundle(self) -> bytes:
        """The bundle that this client goes by, as it was published; empty while it does not run."""
        core = self._core
        return b"" if core is None else core.agreement.signed

    @property
    def notice(self) -> Notice | None:
        """What the policy in force widens, to be shown to people; None where it widens nothing, or nothing runs."""
        core = self._core
        return None if core is None else core.agreement.notice

    @property
    def held(self) -> int:
        """How many events wait for their subject's answer; they are in no count yet."""
        return self._asking.gate.held

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
        self._asking.gate.shut()
        return True if core is None else core.close(timeout_s)

    def totals(self) -> Counts:
        """Give what this process has offered, lost and refused so far."""
        return Counts() if self._packer is None else self._packer.totals()

    def _consent_terms(self) -> ConsentTerms | Refused:
        """Give what the policy leaves to subjects, starting the client where it has not started yet."""
        route = self._routes.get(ConsentChange)
        if route is None and not self._is_closed and self._start_again():
            route = self._routes.get(ConsentChange)
        if route is None:
            return REFUSED["closed" if self._is_closed else "not_ready"]
        return route.consent

    def _state(self, status: str, subject: str, how: How, tenant: str | None) -> Accepted | Refused:
        """Record what became of the policy version in force for a subject."""
        terms = self._consent_terms()
        if isinstance(terms, Refused):
            return terms
        try:
            return self._asking.state(terms, (subject or None, tenant or None), status, how)
        except Exception:  # noqa: BLE001  # the promise: no fault of ours reaches the app
            return self.count(self._routes.get(ConsentChange, NOWHERE), None, "other")

    def _emit_unrouted(
        self, event: object, subject: str | None, tenant: str | None, signals: Sequence[str]
    ) -> Accepted | Refused:
        """Emit where there is no route for exactly this class: after a fork, a close, or of a class of its own."""
        if self._is_closed:
            return REFUSED["closed"]
        if self._core is None and not self._start_again() and self._is_missed(type(event)):
            return REFUSED["not_ready"]
        try:
            with self._starting:
                core = self._core
                is_known = core is not None and core.agreement.learn(type(event))
        except Exception:  # noqa: BLE001  # the promise: no fault of ours, or of an app's class, reaches the app
            return self.count(NOWHERE, None, "other")
        if is_known and type(event) in self._routes:
            return self.emit(event, subject=subject, tenant=tenant, signals=signals)
        return self.count(NOWHERE, None, "unknown_contract")

    def _is_missed(self, event: type) -> bool:
        """Count an event that came while the client could not start; not where another thread has started it now."""
        with self._starting:
            if self._core is None:
                self._missed[event] = self._missed.get(event, 0) + 1
            return self._core is None

    def _start(self) -> None:
        from remit.startup import start  # noqa: PLC0415  # half of what `import remit` would cost

        core = start(
            self._places,
            self._settings,
            self._take_routes,
            self._asking.gate.drop_old,
            hold=self._hold,
        )
        self._packer = core.packer
        self._core = core
        core.agreement.hand_out()

    def _start_again(self) -> bool:
        remember(self)  # a child may end in another way; before the lock, as a fork takes the two
        with self._starting:
            now = time.monotonic()
            if self._core is None and now >= self._start_at and not self._is_closed:
                self._start_at = now + START_AGAIN_S
                try:
                    self._start()
                except Exception:  # noqa: BLE001  # the promise: no fault of ours reaches the app
                    return False
                self._count_missed()
            return self._core is not None

    def _count_missed(self) -> None:
        missed, self._missed = self._missed, {}
        for event, n in missed.items():
            for _ in range(n):
                self.count(self._routes.get(event, NOWHERE), None, "not_ready")

    def _take_routes(self, routes: Routes) -> None:
        if self._packer is not None and not self._is_closed:
            self._routes = routes

    def put(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """See `asking.Emitter`."""
        packer = self._packer
        return REFUSED["not_ready"] if packer is None else packer.put(route, datum, subject, tenant)

    def put_recorded(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """See `asking.Emitter`."""
        from remit.recorded import put_recorded  # noqa: PLC0415  # only where somebody says something

        packer = self._packer
        if packer is None:
            return REFUSED["not_ready"]
        return put_recorded(packer, route, datum, subject, tenant)

    def count(self, route: Route, tenant: str | None, reason: str) -> Refused:
        """See `asking.Emitter`."""
        packer = self._packer
        return REFUSED[reason] if packer is None else packer.refuse(route, tenant, reason)

    def route_of(self, event: type) -> Route | None:
        """See `asking.Emitter`."""
        return self._routes.get(event)

    def guards(self) -> tuple[AbstractContextManager[object], ...]:
        """See `lifetime.Resident`."""
        core = self._core
        inner = () if core is None else core.guards()
        return self._starting, *inner, self._asking.gate.lock

    def forget(self) -> None:
        """See `lifetime.Resident`."""
        self._starting = threading.RLock()
        self._asking.gate.forget()
        core, self._core, self._packer = self._core, None, None
        self._routes = {}
        self._missed = {}
        self._start_at = 0.0
        if core is not None:
            core.abandon()

    def end(self) -> None:
        """See `lifetime.Resident`."""
        self.close(self._settings.close_timeout_s)
