"""Withdrawals: who takes back what may have been stored, under every name that rows of theirs may bear.

The ledger knows its subjects by names that nothing else bears, so the two are tied together here, in memory, while the
subject is still known as the app names it.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.consent.ledger import Ledger
from remit_consumers.consent.standing import WITHOUT_GROUND
from remit_consumers.lake.columns import EVERY_PURPOSE, WITHDRAWN
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.closed import OTHER
from remit_consumers.reducers.final import plain
from remit_consumers.rows import COLLECTED_AT, kept_until
from remit_schemas.category import DENYING, STATED
from remit_schemas.minors import MinorTerms

Epochs = Callable[[datetime], Sequence[str]]
"""Gives the periods under whose pseudonyms rows may stand at a time."""

_DAY = timedelta(days=1)

EVIDENCE_KEPT = timedelta(days=183)
"""How long the evidence of an erasure is kept, a pseudonym and three times: as long as anything of the subject may lie in
a backup from before it."""


def no_rotation(_now: datetime) -> Sequence[str]:
    """The one period where pseudonyms never change."""
    return ("",)


class Withdrawals:
    """Finds in consent changes what is taken back; asked before the ledger learns of them."""

    def __init__(self, ledger: Ledger, names: Pseudonyms, epochs: Epochs = no_rotation) -> None:
        """Tie the ledger's names to those that rows bear.

        Args:
            ledger: Who consented to what so far.
            names: The pseudonyms that the lake stores.
            epochs: The periods under whose pseudonyms rows may stand.
        """
        self._ledger = ledger
        self._names = names
        self._epochs = epochs

    def of(self, came: Batch, reduced: Batch, now: datetime) -> pa.Table:
        """Give what a batch of consent changes takes back (columns: `tables.WITHDRAWN`).

        Who never agreed has nothing stored for the purpose, and stands in no row. An agreement after the denial spares
        what was collected from the next day on: rows know their day, and no finer time of collection.

        Args:
            came: The batch before minimize: its subjects are as the app names them.
            reduced: The same batch after it, row by row.
            now: Aware UTC.

        Raises:
            KeysOutOfReach: Vault or keys cannot be read.
        """
        if reduced.outcome is None or not {"purpose", "status"} <= set(reduced.table.column_names):
            return WITHDRAWN.empty_table()
        rows: list[dict[str, object]] = []
        for tenant, subject, purpose, first_ms, last_ms in _denials(came, reduced):
            agreed = self._ledger.agreements(tenant, purpose, subject)
            if not agreed or agreed[0] > last_ms:
                continue
            again = [time for time in agreed if time > last_ms]
            denied = {
                "purpose": purpose,
                "effect_at": _moment(first_ms if agreed[0] <= first_ms else last_ms),
                "spared_from": _moment(again[0]).date() + _DAY if again else None,
            }
            rows += self._named(tenant, subject, denied, now)
        table = pa.Table.from_pylist(rows, WITHDRAWN)
        until = kept_until(table.column("recorded_at"), reduced.outcome.keep_for)
        return table.set_column(
            WITHDRAWN.get_field_index("keep_until"), WITHDRAWN.field("keep_until"), until
        )

    def of_minors(
        self, stated: Sequence[tuple[str, str]], terms: MinorTerms | None, now: datetime
    ) -> pa.Table:
        """Give what has the rows of those erased who are found to be minors without a ground; ask it once the ledger knows.

        Args:
            stated: Of whom an age was stated: tenant and subject, as the app names them.
            terms: Of the policy in force.
            now: Aware UTC: the clock of the erasure begins.

        Raises:
            KeysOutOfReach: Vault or keys cannot be read.

        Source: policy 2021-11-01, clause S118.
        """
        orders = [
            self.erasing(tenant, subject, now, EVIDENCE_KEPT)
            for tenant, subject in dict.fromkeys(stated)
            if self._ledger.minor_code(tenant, subject, terms) == WITHOUT_GROUND
        ]
        return pa.concat_tables([WITHDRAWN.empty_table(), *orders])

    def erasing(
        self, tenant: str, subject: str, found_at: datetime, keep_for: timedelta
    ) -> pa.Table:
        """Give what has every row of a subject erased (columns: `tables.WITHDRAWN`).

        Args:
            tenant: Whose customer.
            subject: As the app names it.
            found_at: When it was found that nothing of it may be stored, aware UTC: its clock begins.
            keep_for: How long the evidence is kept, which names a pseudonym and times.

        Raises:
            KeysOutOfReach: Vault or keys cannot be read.

        Source: policy 2021-11-01, clause S118.
        """
        every: dict[str, object] = {
            "purpose": EVERY_PURPOSE,
            "effect_at": found_at,
            "keep_until": found_at + keep_for,
        }
        return pa.Table.from_pylist(self._named(tenant, subject, every, found_at), WITHDRAWN)

    def _named(
        self, tenant: str, subject: str, same: dict[str, object], now: datetime
    ) -> list[dict[str, object]]:
        """A row for each name under which rows of a subject may stand."""
        names = self._names.ever(tenant, subject, self._epochs(now))
        return [
            same | {"tenant": tenant, "subject": name, "recorded_at": now, "applied_at": None}
            for name in names
        ]


def ages_stated(came: Batch) -> list[tuple[str, str]]:
    """Of whom a batch of consent changes states an age: tenant and subject, as the app names them."""
    is_stated = pc.equal(plain(came.table.column("status").combine_chunks()), STATED)
    mine = pc.and_(pc.fill_null(is_stated, fill_value=False), came.subject.is_valid())
    both = (_text(column).filter(mine).to_pylist() for column in (came.tenant, came.subject))
    return [(tenant or "", subject) for tenant, subject in zip(*both, strict=True)]


def _denials(came: Batch, reduced: Batch) -> Iterator[tuple[str, str, str, int, int]]:
    """Each subject that denies a purpose: tenant, subject, purpose, and when it first and last did, in ms since 1970.

    A denial takes effect when it was said, and never later than it was collected.
    """
    status, purpose = (
        plain(reduced.table.column(name).combine_chunks()) for name in ("status", "purpose")
    )
    said, collected = (
        came.table.column(name).cast(pa.timestamp("ms", "UTC")).cast(pa.int64())
        for name in ("occurred_at", COLLECTED_AT)
    )
    table = pa.table(
        {
            "tenant": _text(came.tenant),
            "subject": _text(came.subject),
            "purpose": _text(purpose),
            "effect_ms": pc.min_element_wise(said, collected),
        }
    )
    is_denial = pc.is_in(_text(status), pa.array([*DENYING, OTHER, None], pa.string()))
    is_known = pc.not_equal(pc.fill_null(table.column("purpose"), OTHER), OTHER)
    mask = pc.and_(pc.and_(is_denial, is_known), table.column("subject").is_valid())
    keys = ["tenant", "subject", "purpose"]
    found = (
        table.filter(mask).group_by(keys).aggregate([("effect_ms", "min"), ("effect_ms", "max")])
    )
    names = (*keys, "effect_ms_min", "effect_ms_max")
    yield from zip(*(found.column(name).to_pylist() for name in names), strict=True)


def _text(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """A column of text, not dictionary-encoded."""
    return column.cast(pa.string())


def _moment(ms: int) -> datetime:
    """Milliseconds since 1970 as a time."""
    return datetime.fromtimestamp(ms / 1_000, UTC)
