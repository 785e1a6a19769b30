"""The ledger in memory: loaded from the lake when a partition is claimed, dropped when one is lost.

It is asked for whole batches. What a flush gathered is learned before the flush is decided; if its commit fails,
everything is dropped and loaded again, so what was learned too early is forgotten with the rest.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from itertools import compress

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.consent.answers import FOREVER, NEVER, Answers
from remit_consumers.consent.record import GIVEN, records
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.tables import CONSENTS
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.final import plain
from remit_consumers.reducers.scope import DAY_MS, Rows, Scope, distinct
from remit_consumers.rows import COLLECTED_AT
from remit_consumers.visitors import EPOCH
from remit_schemas.plan import Plan
from remit_schemas.subject import VISITOR

LEDGER_DOMAIN = "ledger"
"""The pseudonym domain of the ledger: nothing else in the lake bears its names, and they never change."""

ROWS_AT_ONCE = 1 << 14
"""Records that are Python objects at one time: some 5 MB."""

Bits = npt.NDArray[np.int64]


class Ledger:
    """The answers of all subjects, by tenant and purpose.

    Attributes:
        version: The version of the lake's table up to which everything is known; -1 before there is one.
    """

    def __init__(self, lake: Lake, names: Pseudonyms) -> None:
        self._lake = lake
        self._names = names
        self._answers: dict[tuple[str, str], Answers] = {}
        self._days: dict[date, set[str]] = {}
        self.version = -1

    def load(self) -> None:
        """Learn what the lake has and this ledger has not; call it after a partition was claimed.

        Raises:
            LakeError: The ledger cannot be read: nothing may be decided without it.
        """
        found = self._lake.consents(self.version)
        if found is None:
            return
        if found.is_whole:
            self.forget()
        self.take(found.rows)
        self.version = found.version

    def forget(self) -> None:
        """Drop everything; the lake has it."""
        self._answers.clear()
        self._days.clear()
        self.version = -1

    def forget_gone(self) -> None:
        """Forget the visitors of days whose keys are gone: nobody can be tied to what they said."""
        self._names.forget_gone()
        for day in self._days.keys() - set(self._live_days()):
            gone = self._days.pop(day)
            for answers in self._answers.values():
                answers.forget(gone)

    def records(self, came: Batch, reduced: Batch, plan: Plan, now: datetime) -> pa.Table:
        """Give the records of a batch of consent changes; arguments as in `record.records`."""
        names = plain(
            self._names.of(
                came.subject, Rows(came.tenant, came.table.column(COLLECTED_AT).combine_chunks())
            )
        )
        return records(came, reduced, names, plan, now)

    def take(self, rows: pa.Table) -> None:
        """Learn records (columns: `tables.CONSENTS`); learning one twice changes nothing."""
        for tenant, purpose, name, day, version, effect_ms in _said(rows, self._live_days()):
            if day is not None:
                self._days.setdefault(day, set()).add(name)
            answers = self._answers.get((tenant, purpose))
            if answers is None:
                answers = self._answers[tenant, purpose] = Answers()
            answers.take(name, effect_ms, version)

    def _live_days(self) -> list[date]:
        """The days under whose keys visitors may be known now."""
        return self._names.visitors.days() if self._names.visitors else []

    def _known_from_ms(self) -> int:
        """From when on nothing that a visitor denied is forgotten, in milliseconds since 1970.

        What was said under a key that is gone was said before the oldest day that lives began.
        """
        oldest = min(self._live_days(), default=None)
        return FOREVER if oldest is None else (oldest - EPOCH).days * DAY_MS

    def of(self, tenant: str, subject: str) -> pa.Table:
        """Give the records of one subject, the oldest first (columns: `tables.CONSENTS`); the lake is asked, not memory.

        Raises:
            LakeError: The ledger cannot be read.
            KeysOutOfReach: Vault or keys cannot be read.
        """
        found = self._lake.consents(-1)
        rows = CONSENTS.empty_table() if found is None else found.rows
        names = self._names.known(tenant, subject)
        mine = pc.and_(
            pc.equal(rows.column("tenant"), tenant),
            pc.is_in(rows.column("subject"), pa.array(names, pa.string())),
        )
        return rows.filter(mine).sort_by([("effect_at", "ascending"), ("index", "ascending")])

    def stands(self, rows: pa.Table, version: str) -> dict[str, datetime | None]:
        """Say since when the one subject of some records grants each purpose that it spoke of; None: it does not.

        Args:
            rows: What `of` gave.
            version: The policy version that governs.
        """
        answers: dict[str, Answers] = {}
        for _, purpose, name, _, agreed, effect_ms in _said(rows, self._live_days()):
            answers.setdefault(purpose, Answers()).take(name, effect_ms, agreed)
        names = sorted(set(rows.column("subject").to_pylist()))
        is_visitor = rows.column("visitor_day").null_count < rows.num_rows
        from_ms = self._known_from_ms() if is_visitor else NEVER
        since = {
            purpose: each.since_of_one(version, names, from_ms) for purpose, each in answers.items()
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
        answers = self._answers.get((tenant, purpose))
        if answers is None:
            return []
        if subject.startswith(VISITOR):
            names = self._names_of_visitors(tenant, [subject])[0]
        else:
            names = tuple(filter(None, self._names.names(Scope(tenant), [subject])))
        return sorted(time for name in names for time in answers.given(name))

    def granted(self, batch: Batch, purposes: Sequence[str], version: str) -> Bits | None:
        """Say for each event which purposes its subject granted: bit n for the n-th purpose.

        Args:
            batch: Subjects are plain.
            purposes: The optional purposes of its plan.
            version: The policy version that governs.

        Returns:
            None where nobody granted anything.
        """
        asked = (answers for (_, purpose), answers in self._answers.items() if purpose in purposes)
        if not any(answers.gives(version) for answers in asked):
            return None
        collected = batch.table.column(COLLECTED_AT)
        found = distinct(batch.subject, Rows(batch.tenant, collected.combine_chunks()), 0)
        since = self._since(found.groups, purposes, version)
        at = collected.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()).to_numpy()
        places = found.indices.fill_null(len(since) - 1).to_numpy()
        bits: Bits = np.zeros(len(at), np.int64)
        for number in range(len(purposes)):
            bits |= (since[places, number] <= at).astype(np.int64) << number
        return bits

    def _since(
        self, groups: Sequence[tuple[Scope, list[str]]], purposes: Sequence[str], version: str
    ) -> Bits:
        """Since when each distinct subject grants each purpose; the last row is of those without a subject."""
        rows = sum(len(subjects) for _, subjects in groups) + 1
        since = np.full((rows, len(purposes)), FOREVER, np.int64)
        end = 0
        for scope, subjects in groups:
            start, end = end, end + len(subjects)
            asked = [self._answers.get((scope.tenant, purpose)) for purpose in purposes]
            giving = {n: each for n, each in enumerate(asked) if each and each.gives(version)}
            if not giving:
                continue
            from_ms = self._known_from_ms()
            is_visitor = np.array([subject.startswith(VISITOR) for subject in subjects])
            accounts = self._names.names(scope, list(compress(subjects, ~is_visitor)))
            visitors = self._names_of_visitors(scope.tenant, list(compress(subjects, is_visitor)))
            for number, answers in giving.items():
                mine = since[start:end, number]
                mine[~is_visitor] = answers.since(version, accounts)
                mine[is_visitor] = [
                    answers.since_of_one(version, names, from_ms) for names in visitors
                ]
        return since

    def _names_of_visitors(self, tenant: str, subjects: list[str]) -> list[tuple[str, ...]]:
        """The names of each distinct visitor: one for each day that lives and on which any was recorded."""
        if not subjects or self._names.visitors is None:
            return [()] * len(subjects)
        days = [day for day in self._names.visitors.days() if day in self._days]
        named = [self._names.visitors.names(tenant, day, subjects) for day in days]
        return [tuple(filter(None, names)) for names in zip(*named, strict=True)] or [()] * len(
            subjects
        )


_Said = tuple[str, str, str, date | None, str | None, int]
"""Tenant, purpose, name, a visitor's day, the version agreed to (None: a denial), and when in ms since 1970."""


def _said(rows: pa.Table, live: Sequence[date]) -> Iterator[_Said]:
    """Read records. What a visitor said under a key that is gone ties to nobody; an agreement to no version is none."""
    day, version, status = (
        rows.column(name) for name in ("visitor_day", "agreed_version", "status")
    )
    is_given = pc.fill_null(pc.equal(status, GIVEN), fill_value=False)
    is_tied = pc.or_(day.is_null(), pc.is_in(day, pa.array(live, pa.date32())))
    rows = rows.append_column("agreed", pc.if_else(is_given, version, pa.scalar(None, pa.string())))
    rows = rows.filter(pc.and_(is_tied, pc.or_(pc.invert(is_given), version.is_valid())))
    names = ("tenant", "purpose", "subject", "visitor_day", "agreed")
    for some in rows.to_batches(max_chunksize=ROWS_AT_ONCE):
        moments = some.column("effect_at").cast(pa.timestamp("ms", "UTC"), safe=False)
        values = (some.column(name).to_pylist() for name in names)
        yield from zip(*values, moments.cast(pa.int64()).to_pylist(), strict=True)
