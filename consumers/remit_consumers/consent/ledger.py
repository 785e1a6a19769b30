"""The ledger in memory: loaded from the lake when a partition is claimed, dropped when one is lost.

It is asked for whole batches. What a flush gathered is learned before the flush is decided; if its commit fails,
everything is dropped and loaded again, so what was learned too early is forgotten with the rest.
"""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from remit_consumers.batch import Batch
from remit_consumers.consent.answers import FOREVER, Answers
from remit_consumers.consent.record import GIVEN, records
from remit_consumers.lake.commit import Lake
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.final import plain
from remit_consumers.reducers.scope import Rows, Scope, distinct
from remit_consumers.rows import COLLECTED_AT
from remit_schemas.plan import Plan

LEDGER_DOMAIN = "ledger"
"""The pseudonym domain of the ledger: nothing else in the lake bears its names, and they never change."""

Bits = npt.NDArray[np.int64]


class Ledger:
    """The answers of all subjects, by tenant and purpose."""

    def __init__(self, lake: Lake, names: Pseudonyms) -> None:
        self._lake = lake
        self._names = names
        self._answers: dict[tuple[str, str], Answers] = {}
        self._version = -1

    def load(self) -> None:
        """Learn what the lake has and this ledger has not; call it after a partition was claimed.

        Raises:
            LakeError: The ledger cannot be read: nothing may be decided without it.
        """
        found = self._lake.consents(self._version)
        if found is None:
            return
        if found.is_whole:
            self.forget()
        self._version = found.version
        self.take(found.rows)

    def forget(self) -> None:
        """Drop everything; the lake has it."""
        self._answers.clear()
        self._version = -1

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
        columns = ["tenant", "purpose", "subject", "status", "agreed_version"]
        effects = (
            rows.column("effect_at").cast(pa.timestamp("ms", "UTC"), safe=False).cast(pa.int64())
        )
        values = (rows.column(name).to_pylist() for name in columns)
        for tenant, purpose, name, status, version, effect_ms in zip(
            *values, effects.to_pylist(), strict=True
        ):
            agreed = version if status == GIVEN else None
            if status == GIVEN and version is None:
                continue  # an agreement to no version is none
            answers = self._answers.get((tenant, purpose))
            if answers is None:
                answers = self._answers[tenant, purpose] = Answers()
            answers.take(name, effect_ms, agreed)

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
        bits: Bits = (since[places] <= at[:, None]) @ (1 << np.arange(len(purposes)))
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
            answers = [self._answers.get((scope.tenant, purpose)) for purpose in purposes]
            if not any(each is not None and each.gives(version) for each in answers):
                continue
            names = self._names.names(scope, subjects)
            for number, each in enumerate(answers):
                if each is not None:
                    since[start:end, number] = each.since(version, names)
        return since
