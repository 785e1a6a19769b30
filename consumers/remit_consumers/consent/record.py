"""Records of the ledger: what of a consent change is kept, and under which names."""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.batch import Batch
from remit_consumers.lake.columns import CONSENTS
from remit_consumers.reducers.closed import OTHER
from remit_consumers.reducers.final import plain
from remit_consumers.rows import COLLECTED_AT, kept_until
from remit_schemas.category import ACCEPTED, CONCLUDED, NOTIFIED, STATED
from remit_schemas.minors import AGE_BANDS, MinorGround
from remit_schemas.plan import Plan
from remit_schemas.subject import VISITOR

UNREADABLE = "unreadable"
"""The age band of whom one was stated that is none: whoever it is counts as a child, not as an adult."""

_SAID = ("purpose", "status", "agreed_version", "method", "channel", "actor")
"""What is kept of a change as the plan reduces it: words of closed lists, never what a producer happened to write."""

Names = Callable[[pa.Array], pa.Array]
"""The ledger's names of a column of subjects; null where one has none."""


def records(came: Batch, reduced: Batch, names: Names, plan: Plan, now: datetime) -> pa.Table:
    """Give the records of a batch of consent changes; one without a subject, or that says nothing known, is none.

    A change takes effect when it was said, and never later than it was collected: a sender's clock that is years
    ahead must not hold against what the subject says next.

    Args:
        came: The batch before minimize.
        reduced: The same batch after it, row by row.
        names: Gives the ledger's names.
        plan: The plan of the contract.
        now: Aware UTC.
    """
    if reduced.outcome is None or not {"purpose", "status"} <= set(reduced.table.column_names):
        return CONSENTS.empty_table()
    collected = came.table.column(COLLECTED_AT)
    columns = {
        **{name: _column(reduced, name) for name in _SAID},
        **_about_the_subject(came, names),
        "tenant": came.tenant,
        "subject": names(came.subject),
        "effect_at": _earlier(came.table.column("occurred_at"), collected),
        "recorded_at": _all(now, came.events),
        "policy_version": _all(plan.policy_version, came.events),
        "pack": came.pack,
        "index": came.index,
        "keep_until": kept_until(collected, reduced.outcome.keep_for),
        "visitor_day": _visitor_days(came.subject, collected, now),
        "lane": _lanes(came.pack),
    }
    table = pa.table([columns[field.name].cast(field.type) for field in CONSENTS], schema=CONSENTS)
    return table.filter(pc.and_(_says_something(table), table.column("subject").is_valid()))


def _says_something(table: pa.Table) -> pa.ChunkedArray:
    """Whether a record is about a purpose that is known, a policy version, or the subject."""
    purpose, status, version = (
        pc.fill_null(table.column(name), OTHER) for name in ("purpose", "status", "agreed_version")
    )
    of_policy = pc.is_in(status, pa.array([NOTIFIED, CONCLUDED, ACCEPTED]))
    of_subject = pc.and_(pc.equal(status, STATED), table.column("age_band").is_valid())
    known = pc.and_(of_policy, pc.not_equal(version, OTHER))
    return pc.or_(pc.or_(pc.not_equal(purpose, OTHER), known), of_subject)


def _about_the_subject(came: Batch, names: Names) -> dict[str, pa.Array]:
    """What the ledger alone keeps, taken from the event as it came and held against lists of its own."""
    band, ground, place = (
        plain(came.table.column(name).combine_chunks())
        for name in ("age_band", "minor_basis", "jurisdiction")
    )
    nothing = pa.scalar(None, pa.string())
    known = pc.is_in(band, pa.array([*AGE_BANDS]))
    is_place = pc.match_substring_regex(pc.fill_null(place, ""), "^[A-Z]{2}$")
    counts = pc.is_in(ground, pa.array([each.value for each in MinorGround]))
    guardian = names(came.table.column("guardian").combine_chunks())
    unguarded = pc.and_(
        pc.equal(ground, MinorGround.GUARDIAN_CONSENT.value), pc.invert(guardian.is_valid())
    )
    return {
        "age_band": pc.if_else(pc.or_(known, band.is_null()), band, UNREADABLE),
        "jurisdiction": pc.if_else(is_place, place, nothing),
        "minor_basis": pc.if_else(pc.and_(counts, pc.invert(unguarded)), ground, nothing),
        "guardian": guardian,
    }


def _column(batch: Batch, name: str) -> pa.Array:
    """A reduced column; null where the policy does not store it."""
    if name not in batch.table.column_names:
        return pa.nulls(batch.events, pa.string())
    return plain(batch.table.column(name).combine_chunks())


def _all(value: object, rows: int) -> pa.Array:
    """A column that says the same in every row."""
    return pa.repeat(pa.scalar(value), rows)


def _lanes(packs: pa.Array) -> pa.Array:
    """The lane of each pack: the second part of its name."""
    names = packs.dictionary.to_pylist()
    lanes = pa.array([int(name.split("-")[1]) for name in names], pa.int32())
    return lanes.take(packs.indices)


def _visitor_days(subjects: pa.Array, collected: pa.ChunkedArray, now: datetime) -> pa.ChunkedArray:
    """The day of the key that a visitor is known under; null for everybody else."""
    days = collected.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.date32(), safe=False)
    past = pc.if_else(pc.less(days, pa.scalar(now.date())), days, pa.scalar(now.date()))
    return pc.if_else(pc.starts_with(subjects, VISITOR), past, pa.scalar(None, pa.date32()))


def _earlier(one: pa.ChunkedArray, other: pa.ChunkedArray) -> pa.ChunkedArray:
    """The earlier of two times, row by row."""
    moments = (times.cast(pa.timestamp("ms", "UTC")).cast(pa.int64()) for times in (one, other))
    return pc.min_element_wise(*moments).cast(pa.timestamp("ms", "UTC"))
