"""The open packs of every lane: where events become records, and when a pack closes."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import SimpleQueue
from typing import Final

from remit.account import Accounts
from remit.closed import Closed
from remit.lanes import Lanes
from remit.open_pack import Buffer, Note, OpenPack, nonces_of
from remit.result import ACCEPTED, REFUSED, Accepted, Refused
from remit.route import Packs, Route, Terms, is_tenant
from remit.settings import Settings
from remit.subjects import Subjects
from remit_schemas.pack import EVENT_BYTES_MAX, SUBJECT_BYTES_MAX, Counts, Header
from remit_schemas.spool import open_name

PLAIN_BYTES_MAX: Final = (
    64 << 20
)  # plain events kept for the rewrite; beyond it packs go out as they stand
BACKLOG: Final = 4  # packs waiting for the worker before an emitting thread lets it run
YIELD_S: Final = (
    0.0002  # long enough for the worker to take the interpreter's lock, once for each full pack
)


class Packer:
    """Open packs and their counts. Any thread may call.

    Attributes:
        out: Packs that closed, each lane's in the order of their sequences; the worker's mailbox.
        lock: Guards all of it.
        is_full: The spool is over its bound and nothing optional is left in it; set by the worker.
    """

    def __init__(
        self, take_buffer: Callable[[int], Buffer], settings: Settings, terms: Terms
    ) -> None:
        self.out: SimpleQueue[object] = SimpleQueue()
        self.lock = threading.RLock()
        self.is_full = False
        self._is_inside = False
        self._later: list[
            tuple[Route, str]
        ] = []  # counted at the next `tell`: the accounts are in use now
        self._take_buffer = take_buffer
        self._settings = settings
        self._nonces = nonces_of(settings.pack_events_max)
        self._lanes = Lanes(terms)
        self._accounts = Accounts()
        self._waiting_bytes = 0
        self._open_packs = 0
        self._is_shut = False
        self._terms = terms
        self._subjects = Subjects(terms.lanes, terms.lane_key)

    @property
    def producer(self) -> bytes:
        """The producer id."""
        return self._lanes.producer

    def put(
        self, route: Route, datum: bytes, subject: str | None, tenant: str | None
    ) -> Accepted | Refused:
        """Seal an event into the open pack of its lane.

        Raises:
            Exception: What the caller turns into a refusal; the event was not taken.
        """
        if subject:
            name, lane = self._subjects[subject]
        else:
            name = b""
            lane = route.turn
        packs = route.packs_of(tenant) if tenant else route.packs
        with self.lock:
            if self._is_inside:  # a signal handler or finalizer that emits inside an emit
                self._later.append((route, "reentered"))
                return REFUSED["reentered"]
            if route.is_answer:
                self._part(route, lane)
            pack = packs[lane]
            if pack is not None:
                self._is_inside = True
                try:
                    if pack.append(datum, name):
                        return ACCEPTED
                finally:
                    self._is_inside = False
        if self.out.qsize() > BACKLOG:
            time.sleep(YIELD_S)
        return self._put_anew(route, datum, name, lane, tenant or "")

    def put_all(
        self,
        route: Route,
        datums: Sequence[bytes],
        whose: tuple[str | None, str],
        note: Note | None,
    ) -> Accepted | Refused:
        """Seal events of one subject into one pack, all or none; accounted as if each had come alone.

        Args:
            route: Of their contract.
            datums: The events.
            whose: Subject and tenant.
            note: Told where they will stand, before they stand there.
        """
        subject, tenant = whose
        name, lane = self._subjects[subject] if subject else (b"", route.turn)
        with self.lock:
            if self._is_inside:
                self._later += [(route, "reentered")] * len(datums)
                return REFUSED["reentered"]
            self._is_inside = True
            try:
                if route.is_answer:
                    self._part(route, lane)
                reason = self._put_all(route, datums, (name, lane, tenant), note)
            except OSError:
                reason = "spool_full"
            except Exception:  # noqa: BLE001  # the promise of `emit`: no fault of ours reaches the app
                reason = "other"
            finally:
                self._is_inside = False
            if reason is not None:
                self._accounts.of(lane, route.fingerprint, route.necessity, tenant).refuse(
                    reason, len(datums)
                )
        if self.out.qsize() > BACKLOG:
            time.sleep(YIELD_S)
        return ACCEPTED if reason is None else REFUSED[reason]

    def open_now(self) -> tuple[list[OpenPack], int]:
        """Give the packs that are open, and how much waits in `out`: whatever was emitted is in one or the other."""
        with self.lock:
            return [p for _, packs in self._lanes.open_packs() for p in packs], self.out.qsize()

    def refuse(self, route: Route, tenant: str | None, reason: str, events: int = 1) -> Refused:
        """Count events that were refused before they had a lane: in the first lane."""
        with self.lock:
            if self._is_inside:
                self._later += [(route, reason)] * events
            else:
                known = tenant if tenant and is_tenant(tenant) else ""
                self._accounts.of(0, route.fingerprint, route.necessity, known).refuse(
                    reason, events
                )
        return REFUSED[reason]

    def close_all(self) -> None:
        """Close every open pack."""
        self._close_where(lambda _: True)

    def close_old(self, now: float) -> None:
        """Close the lanes whose oldest open pack has reached its age, by monotonic seconds."""
        oldest = now - self._settings.pack_age_s
        self._close_where(lambda pack: pack.opened_at <= oldest)

    @property
    def is_idle(self) -> bool:
        """Whether no pack is open."""
        return not self._open_packs

    @property
    def epoch(self) -> tuple[bytes, bytes]:
        """Key id and public key of the epoch in force."""
        return self._terms.key_id, self._terms.public_key

    @property
    def lane_count(self) -> int:
        """How many lanes there are."""
        return self._terms.lanes

    def shut(self) -> None:
        """Take no more events."""
        with self.lock:
            self._is_shut = True
            self.close_all()

    def change(self, terms: Terms) -> None:
        """Go over to what a new bundle says; what is open closes under the old one."""
        with self.lock:
            self.close_all()
            self._lanes.change(terms)
            self._terms = terms
            self._subjects = Subjects(terms.lanes, terms.lane_key)

    def tell(self) -> None:
        """Close an empty pack for every account whose counts no pack carries yet."""
        with self.lock:
            if self._is_inside or time.time() >= self._terms.not_after:
                return  # nothing can be sealed: the counts wait for the next epoch
            while self._later:
                route, reason = self._later.pop()
                self._accounts.of(0, route.fingerprint, route.necessity, "").refuse(reason)
            for account in self._accounts.untold():
                self._close_lane(account.lane)
                if not account.is_told:  # else a pack that just closed has told it
                    header, keys = self._lanes.next_header(account)
                    lane, put = self._lanes.of(account.lane), self.out.put
                    empty = Closed(header, keys, account.counts(), [], [], 0, account, None, 0)
                    # In one piece: see `_close_lane`.
                    lane.sequence += 1
                    account.is_told = True
                    put(empty)

    def let_go(self, header: Header, events: int) -> int:
        """Count events of one of this producer's packs that were dropped for a full spool.

        Returns:
            All that the source has let go.
        """
        with self.lock:
            account = self._accounts[header.lane, header.fingerprint, header.tenant]
            account.let_go += events
            account.is_told = account.is_told and not events
            return account.let_go

    def take_back(self, closed: Closed) -> bool:
        """Undo an empty pack that could not be written, so that its sequence leaves no gap; its counts wait.

        Returns:
            False when a later pack of the lane is there already.
        """
        with self.lock:
            lane = self._lanes.of(closed.account.lane)
            if lane.sequence != closed.header.sequence:
                return False
            lane.sequence -= 1
            closed.account.is_told = False
            return True

    def written(self, closed: Closed) -> None:
        """Learn that a pack is in the spool, and its plain events out of memory."""
        with self.lock:
            self._waiting_bytes -= closed.end

    def totals(self) -> Counts:
        """Add up what this producer has counted; events in open packs are in it."""
        with self.lock:
            counts = self._accounts.total()
            waiting = sum(p.count for _, packs in self._lanes.open_packs() for p in packs)
            return replace(counts, offered=counts.offered + waiting)

    def _put_anew(
        self, route: Route, datum: bytes, name: bytes, lane: int, tenant: str
    ) -> Accepted | Refused:
        """Put an event for which there is no open pack with room."""
        with self.lock:
            if self._is_inside:
                self._later.append((route, "reentered"))
                return REFUSED["reentered"]
            self._is_inside = True
            try:
                reason = self._open_for(route, datum, name, lane, tenant)
            except OSError:
                reason = "spool_full"
            finally:
                self._is_inside = False
            if reason is None:
                return ACCEPTED
            self._accounts.of(lane, route.fingerprint, route.necessity, tenant).refuse(reason)
            return REFUSED[reason]

    def _open_for(
        self, route: Route, datum: bytes, name: bytes, lane: int, tenant: str
    ) -> str | None:
        reason = self._why_not(datum, name)
        if reason:
            return reason
        packs = route.packs_of(tenant) if tenant else route.packs
        pack = packs[lane]
        if pack is None:
            is_in = self._open(route, packs, lane, tenant).append(datum, name)
            return None if is_in else "too_large"
        if not pack.append(datum, name):
            self._close_lane(lane)
            return self._open_for(route, datum, name, lane if name else route.turn, tenant)
        return None

    def _why_not(self, datum: bytes, name: bytes) -> str | None:
        if self._is_shut:
            return "closed"
        if time.time() >= self._terms.not_after:
            return "epoch_over"
        if self.is_full or self._waiting_bytes > self._settings.spool_bytes_max:
            return "spool_full"
        if len(datum) > EVENT_BYTES_MAX or len(name) > SUBJECT_BYTES_MAX:
            return "too_large"
        return None

    def _put_all(
        self,
        route: Route,
        datums: Sequence[bytes],
        to: tuple[bytes, int, str],
        note: Note | None,
    ) -> str | None:
        name, lane, tenant = to
        packs = route.packs_of(tenant) if tenant else route.packs
        pack = packs[lane]
        if pack is not None:
            if pack.append_all(datums, name, note):
                return None
            self._close_lane(lane)
        reason = self._why_not(max(datums, key=len), name)
        if reason is None:
            pack = self._open(route, packs, lane, tenant)
            if not pack.append_all(datums, name, note):
                reason = "too_large"
        return reason

    def _open(self, route: Route, packs: Packs, lane: int, tenant: str) -> OpenPack:
        account = self._accounts.of(lane, route.fingerprint, route.necessity, tenant)
        header, keys = self._lanes.next_header(account)
        buffer = self._take_buffer(self._settings.pack_bytes_max)
        pack = OpenPack(header, keys, buffer, account, self._nonces)
        of_lane, opened = self._lanes.of(lane), (pack, packs, route)
        path = buffer.path.with_name(open_name(self.producer, lane, header.sequence))
        keep = of_lane.open.append
        try:
            buffer.rename(path)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        # In one piece: see `_close_lane`.
        of_lane.sequence += 1
        self._open_packs += 1
        packs[lane] = pack
        keep(opened)
        if self._open_packs == 1:
            self.out.put(None)  # wakes the worker: from now on something grows old
        return pack

    def _part(self, route: Route, number: int) -> None:
        """Close a lane where other events than answers are open.

        What a subject does after an answer then lies in a later pack than the answer, and no flush of a consumer can
        decide it without knowing that.
        """
        if any(other is not route for _, _, other in self._lanes.of(number).open):
            self._close_lane(number)

    def _close_where(self, is_due: Callable[[OpenPack], bool]) -> None:
        with self.lock:
            if self._is_inside:
                return
            for number, packs in self._lanes.open_packs():
                if is_due(packs[0]):
                    self._close_lane(number)

    def _close_lane(self, number: int) -> None:
        """Close a lane's open packs together, so that sequences reach the log in order.

        What a signal's handler raises must not cut a pack off between here and the worker (Ctrl-C, Celery's soft time
        limit). CPython looks for signals behind a call and at a jump back, so what belongs together stands in one
        piece, made ready before, with one call at its end.
        """
        lane, put = self._lanes.of(number), self.out.put
        following = (number + 1) % self._terms.lanes
        while lane.open:
            pack, packs, route = lane.open[0]
            closed, account = self._closed(pack), pack.account
            left = lane.open[1:]
            # From here on nothing is called.
            packs[number] = None
            if route.turn == number:
                route.turn = following
            self._open_packs -= 1
            self._waiting_bytes += pack.end
            account.offered += pack.count
            account.is_told = True
            lane.open = left
            put(closed)

    def _closed(self, pack: OpenPack) -> Closed:
        keeps = self._waiting_bytes + pack.end <= PLAIN_BYTES_MAX
        return Closed(
            header=pack.header,
            keys=pack.keys,
            counts=pack.account.counts(),
            datums=pack.datums if keeps else None,
            subjects=pack.subjects if keeps else [],
            count=pack.count,
            account=pack.account,
            buffer=pack.buffer,
            end=pack.end,
        )
