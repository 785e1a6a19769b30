"""Events of one transaction, grouped and sealed to packs under one producer id."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from remit.account import Account, Accounts
from remit.bridge.inlet import Admitted, Turned
from remit.lanes import Lanes
from remit.rewrite import body_of
from remit.route import Route, Terms
from remit.subjects import Subjects

ACCOUNTS_MAX: Final = 65_536  # some 30 MB: a thousand tenants in twelve lanes and five contracts


@dataclass(slots=True)
class Group:
    """Events that go into one pack."""

    account: Account
    datums: list[bytes] = field(default_factory=list)
    subjects: list[bytes] = field(default_factory=list)
    bytes: int = 0


class Sealer:
    """Makes the packs of one producer id: sequences without gaps, counts that only grow. One thread only.

    A transaction that is not committed takes its packs with it, and so the id: whoever aborts makes a new sealer.
    """

    def __init__(self, terms: Terms, producer: bytes, events_max: int, bytes_max: int) -> None:
        """Begin at sequence 1 in every lane.

        Args:
            terms: The bundle in force.
            producer: 16 bytes.
            events_max: In a pack.
            bytes_max: Of datums and subjects in a pack.
        """
        self._terms = terms
        self._lanes = Lanes(terms, producer)
        self._events_max = events_max
        self._bytes_max = bytes_max
        self._accounts = Accounts()
        self._open: dict[tuple[int, bytes, str], Group] = {}
        self._full: list[Group] = []
        self._subjects = Subjects(terms.lanes, terms.lane_key)
        self._turn = 0

    @property
    def is_overgrown(self) -> bool:
        """Whether it counts for more (lane, contract, tenant) than its memory is meant for: tenants are what senders say."""
        return len(self._accounts) > ACCOUNTS_MAX

    def put(self, event: Admitted) -> None:
        """Take an event."""
        subject, lane = self._subjects[event.subject] if event.subject else (b"", self._turn)
        if event.route.is_answer:
            self._part(event.route, lane)
        key = (lane, event.route.fingerprint, event.tenant)
        group = self._open.get(key) or self._begin(key, event.route)
        size = len(event.datum) + len(subject)
        if group.datums and (
            group.bytes + size > self._bytes_max or len(group.datums) >= self._events_max
        ):
            self._full.append(group)
            group = self._begin(key, event.route)
        group.datums.append(event.datum)
        group.subjects.append(subject)
        group.bytes += size

    def refuse(self, turned: Turned) -> None:
        """Count a message that may not go in."""
        key = (0, turned.route.fingerprint, turned.tenant)
        self._account(key, turned.route).refuse(turned.reason)

    def lose(self, route: Route, messages: int) -> None:
        """Count messages that the topic's retention took before they were read."""
        account = self._account((0, route.fingerprint, ""), route)
        account.offered += messages
        account.let_go += messages
        account.is_told = False

    def packs(self) -> Iterator[tuple[int, bytes]]:
        """Seal everything taken since the last call: lane and bytes of each pack, in the order of their sequences."""
        groups = [*self._full, *self._open.values()]
        self._full, self._open = [], {}
        self._turn = (self._turn + 1) % self._terms.lanes
        for group in groups:
            yield self._seal(group)
        for account in self._accounts.untold():
            yield self._seal(Group(account))

    def _seal(self, group: Group) -> tuple[int, bytes]:
        account = group.account
        header, keys = self._lanes.next_header(account)
        self._lanes.of(account.lane).sequence += 1
        data = body_of(header, keys, account.counts(), group.datums, group.subjects)
        account.offered += len(group.datums)
        account.is_told = True
        return account.lane, data

    def _part(self, route: Route, lane: int) -> None:
        """End the groups of a lane where others than answers are open; see `Packer`."""
        mine = [key for key in self._open if key[0] == lane]
        if any(fingerprint != route.fingerprint for _, fingerprint, _ in mine):
            self._full += [self._open.pop(key) for key in mine]

    def _begin(self, key: tuple[int, bytes, str], route: Route) -> Group:
        group = self._open[key] = Group(self._account(key, route))
        return group

    def _account(self, key: tuple[int, bytes, str], route: Route) -> Account:
        lane, fingerprint, tenant = key
        return self._accounts.of(lane, fingerprint, route.necessity, tenant)
