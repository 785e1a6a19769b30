"""Records of the ledger as they are learned: what each says, for whom, and from when on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.closed import OTHER

ROWS_AT_ONCE = 1 << 14
"""Records that are Python objects at one time: some 10 MB."""


@dataclass(frozen=True, slots=True)
class Said:
    """A record.

    Attributes:
        tenant: Whose customer it is of.
        name: The ledger's name of the subject.
        day: The day of the key that a visitor is known under; None for everybody else.
        effect_ms: From when on it holds, in milliseconds since 1970.
        status: What was said.
        purpose: Of what; None where it is about a policy version, or the subject.
        version: The policy version; None where it is none that the policy knows.
        is_guardian: Whether a guardian said it who is on record.
        age: Age band, jurisdiction, ground.
    """

    tenant: str
    name: str
    day: date | None
    effect_ms: int
    status: str
    purpose: str | None
    version: str | None
    is_guardian: bool
    age: tuple[str | None, str | None, str | None]


_COLUMNS = (
    *("tenant", "subject", "visitor_day", "status", "purpose", "agreed_version"),
    *("actor", "guardian", "age_band", "jurisdiction", "minor_basis"),
)


def said(rows: pa.Table, live: Sequence[date]) -> Iterator[Said]:
    """Read records. What a visitor said under a key that is gone ties to nobody.

    Args:
        rows: Columns: `tables.CONSENTS`.
        live: The days under whose keys visitors may be known now.
    """
    day = rows.column("visitor_day")
    rows = rows.filter(pc.or_(day.is_null(), pc.is_in(day, pa.array(live, pa.date32()))))
    for some in rows.to_batches(max_chunksize=ROWS_AT_ONCE):
        moments = some.column("effect_at").cast(pa.timestamp("ms", "UTC"), safe=False)
        values = [some.column(name).to_pylist() for name in _COLUMNS]
        for one in zip(*values, moments.cast(pa.int64()).to_pylist(), strict=True):
            tenant, name, visitor_day, status, purpose, version, actor, guardian = one[:8]
            yield Said(
                tenant=tenant,
                name=name,
                day=visitor_day,
                effect_ms=one[-1],
                status=status or "unknown",
                purpose=purpose,
                version=None if version == OTHER else version,
                is_guardian=actor == "guardian" and guardian is not None,
                age=one[8:11],
            )
