"""What goes into the lake in one commit, and what is told of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from remit_consumers.lake.positions import Marks
from remit_consumers.lake.receipt import PackOutcome, Receipt
from remit_consumers.lake.tagsets import Tagset


@dataclass(frozen=True, slots=True)
class TableCommit:
    """What a flush adds to one table, in one Delta commit.

    Attributes:
        table: ``events/<contract>``, ``quarantine`` or ``consents``.
        rows: The rows; None if there are only counts to tell.
        receipt: What the commit says of them.
        schema: The columns with their metadata; None takes them from `rows`, and where there are none either a new
            table has only the columns of every row.
    """

    table: str
    rows: pa.Table | None
    receipt: Receipt
    schema: pa.Schema | None = None


@dataclass(frozen=True, slots=True)
class Flush:
    """Everything gathered from the log since the last commit. Every partition in it must be claimed.

    Attributes:
        log_id: The source's `log_id`.
        positions: For each partition, the first offset of the flush and the first behind it.
        parts: One for each contract with events, and for `quarantine` one for each contract; a pack's events for one
            table stand in one part.
        marks: For each partition, the marks that this flush raised; those not named stay as they are.
        tagsets: What the rows' tagsets stand for; those already known cost nothing.
        withdrawn: Who withdraws what, under the names that rows bear (columns: `tables.WITHDRAWN`); None: nobody.
    """

    log_id: str
    positions: Mapping[int, tuple[int, int]]
    parts: Sequence[TableCommit]
    marks: Mapping[int, Marks]
    tagsets: Sequence[Tagset] = ()
    withdrawn: pa.Table | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """What a commit came to.

    Attributes:
        versions: For each part in order of commit, its table and the Delta version.
        receipts: For each part in order of commit, its receipt, to count metrics from.
    """

    versions: Sequence[tuple[str, int]]
    receipts: Sequence[Receipt]


@dataclass(frozen=True, slots=True)
class Claim:
    """Where a partition stands in the lake.

    Attributes:
        position: The next offset to read; None where nothing was stored yet.
        marks: The highest sequence stored for each (producer, lane).
        done: For each table, packs at and beyond `position` that stand there already, after a crash between two
            tables of a flush: they must not be committed to that table again.
        read: Those of them whose events are stored, as (producer, lane, sequence): no copy of them that lies
            elsewhere on the log may be stored either.
        recorded: Those of them whose consent changes stand in the ledger: they are not recorded again.
    """

    position: int | None
    marks: Marks = field(default_factory=dict)
    done: Mapping[str, Mapping[int, PackOutcome]] = field(default_factory=dict)
    read: frozenset[tuple[bytes, int, int]] = frozenset()
    recorded: frozenset[tuple[bytes, int, int]] = frozenset()
