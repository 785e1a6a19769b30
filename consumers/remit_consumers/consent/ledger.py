"""The ledger in memory: loaded from the lake when a partition is claimed, dropped when one is lost.

It is asked for whole batches. What a flush gathered is learned before the flush is decided; if its commit fails,
everything is dropped and loaded again, so what was learned too early is forgotten with the rest.
"""

import time
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack, suppress
from datetime import UTC, date, datetime
from itertools import compress
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.consent.answers import FOREVER, NEVER, Answers
from remit_consumers.consent.first import learn_firsts
from remit_consumers.consent.found import Found, Known, People
from remit_consumers.consent.places import NOWHERE
from remit_consumers.consent.record import records
from remit_consumers.consent.said import Said, said
from remit_consumers.consent.snapshot import Snapshot, read, write
from remit_consumers.lake.columns import CONSENTS
from remit_consumers.lake.commit import Lake
from remit_consumers.memory import give_back
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.final import plain
from remit_consumers.reducers.scope import DAY_MS, Rows, Scope, distinct
from remit_consumers.rows import COLLECTED_AT
from remit_consumers.visitors import EPOCH
from remit_schemas.category import ACCEPTED, CONCLUDED, GIVING, NOTIFIED, REQUESTED, STATED
from remit_schemas.minors import MinorTerms
from remit_schemas.plan import Plan
from remit_schemas.subject import VISITOR

LEDGER_DOMAIN = "ledger"
"""The pseudonym domain of the ledger: nothing else in the lake bears its names, and they never change."""

COMMITS_BETWEEN = 200
"""Commits of the ledger between two snapshots: reading as many takes a quarter of a second."""

PAUSE = 50
"""How many times as long as a snapshot took to write none is written: of ten million subjects that is seconds, 2 % of the time."""

REMEMBERED_MAX = 1_000_000
"""Subjects of a tenant whose place is remembered by what the app calls them, some 150 MB; else each is named anew."""

LEARNED_AT_ONCE = 1 << 18
"""Records that are learned together: some 100 MB while they are."""

NEUTRAL = frozenset({REQUESTED, NOTIFIED})
"""Statuses that are on record and change nothing: somebody was asked, or told."""


class Ledger:
    """What is on record of all subjects, by tenant.

    Attributes:
        version: The version of the lake's table up to which everything is known; -1 before there is one.
        is_torn: Whether reading it broke off, so that nothing of it is known: nothing may be decided before `load`.
    """

    def __init__(self, lake: Lake, names: Pseudonyms, snapshot: Path | None = None) -> None:
        """Begin with nothing; `load` learns it.

        Args:
            lake: Has the table.
            names: The ledger's pseudonyms.
            snapshot: File of what was known before; None reads everything at each start.
        """
        self._lake = lake
        self._names = names
        self._snapshot = snapshot
        self._saved = -1
        self._rest_until = 0.0
        self._known: dict[str, Known] = {}
        self._days: dict[date, set[str]] = {}
        self._found: dict[str, dict[str, int]] = {}
        self.version = -1
        self.is_torn = False

    def load(self) -> None:
        """Learn what the lake has and this ledger has not; call it after a partition was claimed.

        Raises:
            LakeError: The ledger cannot be read: nothing may be decided without it.
        """
        if self.version < 0:
            self._restore()
        found = self._lake.consents(self.version)
        if found is None:
            return
        with ExitStack() as failing:
            if found.is_whole:
                self.forget()
                failing.callback(self._tear)  # half a ledger may lack a denial
            for part in found.parts:
                self.take(part)
            failing.pop_all()
        if found.is_whole:
            for known in self._known.values():
                known.index.settle()
            give_back()  # 100 MB of a million subjects' reading
        self.version, self.is_torn = found.version, False

    def _tear(self) -> None:
        """Drop what was read, and remember that there is more."""
        self.forget()
        self.is_torn = True

    def catch_up(self) -> None:
        """Learn what others have recorded since, such as a replay: mostly a look at the names of the log. Errors as `load`."""
        if self._lake.consents_version() != self.version:
            self.load()

    def save(self) -> None:
        """Write a snapshot where enough was learned since the last one; what fails costs time at the next start only.

        What an erasure took from the table is taken from it first, and a snapshot that one overtook is taken away.
        """
        begun = time.monotonic()
        if self._snapshot is None or self.version < self._saved + COMMITS_BETWEEN:
            return
        if begun < self._rest_until:
            return
        table = self._lake.consents_id()
        if table is not None:
            self.load()
            with suppress(OSError):
                write(self._snapshot, Snapshot(table, self.version, self._known, self._days))
                if (found := self._lake.consents(self.version)) is not None and found.is_whole:
                    self._snapshot.unlink(missing_ok=True)
            self._saved = self.version
            ended = time.monotonic()
            self._rest_until = ended + PAUSE * (ended - begun)

    def _restore(self) -> None:
        """Begin with what was known before, if that can be used."""
        table = self._lake.consents_id()
        if self._snapshot is None or table is None:
            return
        found = read(self._snapshot, table)
        if found is None or found.version > self._lake.consents_version():
            return
        self._known, self._days = dict(found.known), dict(found.days)
        self.version = self._saved = found.version

    def forget(self) -> None:
        """Drop everything; the lake has it."""
        self._known.clear()
        self._days.clear()
        self._found.clear()
        self.version = -1

    def forget_names(self) -> None:
        """Forget what subjects are called, and learn anew what the lake has left of them: an erasure took some."""
        self._found.clear()
        self._names.forget_all()
        self.load()

    def forget_gone(self) -> None:
        """Forget the visitors of days whose keys are gone: nobody can be tied to what they said."""
        self._names.forget_gone()
        for day in self._days.keys() - set(self._live_days()):
            gone = self._days.pop(day)
            for known in self._known.values():
                places = known.index.forget(gone)
                for answers in (*known.answers.values(), *known.by_guardians.values()):
                    answers.forget(places)
                known.acceptances.forget(places)
                known.ages.forget(places)

    def records(self, came: Batch, reduced: Batch, plan: Plan, now: datetime) -> pa.Table:
        """Give the records of a batch of consent changes; arguments as in `record.records`."""
        rows = Rows(came.tenant, came.table.column(COLLECTED_AT).combine_chunks())
        return records(
            came, reduced, lambda subjects: plain(self._names.of(subjects, rows)), plan, now
        )

    def take(self, rows: pa.Table) -> None:
        """Learn records (columns: `tables.CONSENTS`); learning one twice changes nothing."""
        for start in range(0, rows.num_rows, LEARNED_AT_ONCE):
            left = learn_firsts(rows.slice(start, LEARNED_AT_ONCE), self._known_of)
            for one in said(left, self._live_days()):
                if one.day is not None:
                    self._days.setdefault(one.day, set()).add(one.name)
                learn(self._known_of(one.tenant), one)

    def _known_of(self, tenant: str) -> Known:
        """What is known of a tenant's subjects, from now on."""
        if tenant not in self._known:
            self._known[tenant] = Known()
        return self._known[tenant]

    def find(self, batch: Batch) -> Found:
        """Find the subjects of a batch; they are plain."""
        collected = batch.table.column(COLLECTED_AT)
        found = distinct(batch.subject, Rows(batch.tenant, collected.combine_chunks()), 0)
        at = collected.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()
        has_visitors = bool(pc.any(pc.starts_with(batch.subject, VISITOR)).as_py())
        of = self._people if has_visitors else self._accounts
        groups = [
            of(self._known.get(scope.tenant), scope, subjects) for scope, subjects in found.groups
        ]
        nobody = sum(len(subjects) for _, subjects in found.groups)
        places = found.indices.cast(pa.int64()).fill_null(nobody).to_numpy()
        return Found(groups, places, at)

    def found(self, tenant: str, names: Sequence[str | None], now: datetime) -> Found:
        """Find distinct subjects in the vault by the ledger's own names, as they stand now; None is nobody on record."""
        known = self._known.get(tenant) or Known()
        places = np.array(known.index.known(names), np.int64).reshape(-1, 1)
        people = People(known, places, np.full(len(names), NEVER))
        at = np.full(len(names), round(now.timestamp() * 1000), np.int64)
        return Found([people], np.arange(len(names)), at)

    def of(self, tenant: str, subject: str) -> pa.Table:
        """Give the records of one subject, the oldest first (columns: `tables.CONSENTS`); the lake is asked, not memory.

        Raises:
            LakeError: The ledger cannot be read.
            KeysOutOfReach: Vault or keys cannot be read.
        """
        rows = self._of_tenant(tenant)
        names = self._names.known(tenant, subject)
        mine = pc.is_in(rows.column("subject"), pa.array(names, pa.string()))
        return rows.filter(mine).sort_by([("effect_at", "ascending"), ("index", "ascending")])

    def record(self, tenant: str, name: str) -> pa.Table:
        """Give the one record of a name, ``<pack>:<index>``, or none (columns: `tables.CONSENTS`); whose it is stays open.

        Raises:
            LakeError: The ledger cannot be read.
        """
        rows = self._of_tenant(tenant)
        pack, _, index = name.rpartition(":")
        numbers = rows.column("index").cast(pa.string())
        return rows.filter(pc.and_(pc.equal(rows.column("pack"), pack), pc.equal(numbers, index)))

    def _of_tenant(self, tenant: str) -> pa.Table:
        """The records of a tenant's subjects; the lake is asked, not memory."""
        found = self._lake.consents(-1)
        parts = [] if found is None else found.parts
        mine = (part.filter(pc.equal(part.column("tenant"), tenant)) for part in parts)
        return pa.concat_tables([CONSENTS.empty_table(), *mine])

    def stands(self, rows: pa.Table, versions: AbstractSet[str]) -> dict[str, datetime | None]:
        """Say since when the one subject of some records grants each purpose that it spoke of; None: it does not.

        Args:
            rows: What `of` gave.
            versions: The policy versions an agreement to which counts.
        """
        known = Known()
        for one in said(rows, self._live_days()):
            learn(known, one)
        names = sorted(set(rows.column("subject").to_pylist()))
        is_visitor = rows.column("visitor_day").null_count < rows.num_rows
        limit = np.array([self._known_from_ms() if is_visitor else NEVER])
        places = np.array([known.index.known(names) or [NOWHERE]])
        since = {
            purpose: int(answers.since(versions, places, limit)[0])
            for purpose, answers in known.answers.items()
        }
        return {
            purpose: None if ms == FOREVER else datetime.fromtimestamp(ms / 1000, UTC)
            for purpose, ms in sorted(since.items())
        }

    def agreements(self, tenant: str, purpose: str, subject: str) -> list[int]:
        """Say when a subject agreed to a purpose since it last denied it, to whatever version, the earliest first.

        Args:
            tenant: Whose customer.
            purpose: The purpose.
            subject: As the app names it.

        Returns:
            Milliseconds since 1970; empty where nothing of it can have been stored for the purpose.
        """
        known = self._known.get(tenant)
        if known is None or purpose not in known.answers:
            return []
        places = [place for place in self._places(known, tenant, subject) if place != NOWHERE]
        return sorted(time for place in places for time in known.answers[purpose].agreed(place))

    def minor_code(self, tenant: str, subject: str, terms: MinorTerms | None) -> int:
        """Say of one subject, as the app names it, what `Ages.code` says."""
        known = self._known.get(tenant)
        return known.ages.code(self._places(known, tenant, subject), terms) if known else 0

    def _places(self, known: Known, tenant: str, subject: str) -> list[int]:
        """Where one subject stands, under each of its names."""
        if subject.startswith(VISITOR):
            named = self._names_of_visitors(tenant, [subject])
            return known.index.known(name for (name,) in named)
        return self._places_of(Scope(tenant), known, [subject])

    def _live_days(self) -> list[date]:
        """The days under whose keys visitors may be known now."""
        return self._names.visitors.days() if self._names.visitors else []

    def _known_from_ms(self) -> int:
        """From when on nothing that a visitor denied is forgotten, in milliseconds since 1970.

        What was said under a key that is gone was said before the oldest day that lives began.
        """
        oldest = min(self._live_days(), default=None)
        return FOREVER if oldest is None else (oldest - EPOCH).days * DAY_MS

    def _accounts(self, known: Known | None, scope: Scope, subjects: list[str]) -> People:
        """Find distinct subjects in the vault; where nothing is on record of a tenant's, nobody is asked."""
        places = [NOWHERE] * len(subjects)
        if known is not None:
            places = self._places_of(scope, known, subjects)
        column = np.array(places, np.int64)[:, None]
        return People(known or Known(), column, np.full(len(subjects), NEVER))

    def _people(self, known: Known | None, scope: Scope, subjects: list[str]) -> People:
        """Find distinct subjects among whom are visitors."""
        is_visitor = np.array([subject.startswith(VISITOR) for subject in subjects], bool)
        accounts = self._accounts(known, scope, list(compress(subjects, ~is_visitor)))
        named = self._names_of_visitors(scope.tenant, list(compress(subjects, is_visitor)))
        places = np.full((len(subjects), max(1, len(named))), NOWHERE)
        places[~is_visitor, 0] = accounts.places[:, 0]
        for day, names in enumerate(named):
            places[is_visitor, day] = accounts.known.index.known(names)
        return People(accounts.known, places, np.where(is_visitor, self._known_from_ms(), NEVER))

    def _places_of(self, scope: Scope, known: Known, subjects: list[str]) -> list[int]:
        """Where subjects in the vault stand; those who are on record are remembered by what the app calls them."""
        found = self._found.setdefault(scope.tenant, {})
        get = found.get
        places = [get(subject, NOWHERE) for subject in subjects]
        if NOWHERE not in places:
            return places
        missing = [n for n, place in enumerate(places) if place == NOWHERE]
        names = self._names.names(scope, [subjects[n] for n in missing])
        if len(found) + len(missing) > REMEMBERED_MAX:
            found.clear()
        for n, place in zip(missing, known.index.known(names), strict=True):
            places[n] = place
            if place != NOWHERE:
                found[subjects[n]] = place
        return places

    def _names_of_visitors(self, tenant: str, subjects: list[str]) -> list[list[str | None]]:
        """The names of distinct visitors, for each day that lives and on which any was recorded."""
        if self._names.visitors is None or not subjects:
            return []
        days = [day for day in self._names.visitors.days() if day in self._days]
        return [self._names.visitors.names(tenant, day, subjects) for day in days]


def learn(known: Known, one: Said) -> None:
    """Learn one record of a tenant's subject."""
    place = known.index.of(one.name)
    if one.status == STATED:
        known.ages.take(place, one.effect_ms, one.age)
    elif one.status == CONCLUDED and one.version:
        known.acceptances.conclude(place, one.effect_ms, one.version)
    elif one.status == ACCEPTED and one.version:
        known.acceptances.accept(place, one.effect_ms, one.version)
    elif one.purpose is not None and one.status not in NEUTRAL:
        _learn_answer(known, place, one, one.purpose)


def _learn_answer(known: Known, place: int, one: Said, purpose: str) -> None:
    """Learn what was said to a purpose; who agrees to one under a version agrees to that version, too."""
    is_given = one.status in GIVING
    if is_given and one.version is None:
        return  # an agreement to no version is none
    version = one.version if is_given else None
    known.answers.setdefault(purpose, Answers()).take(place, one.effect_ms, version)
    if one.is_guardian or not is_given:
        known.by_guardians.setdefault(purpose, Answers()).take(place, one.effect_ms, version)
    if version:
        known.acceptances.accept(place, one.effect_ms, version)
