"""Sealed: packs on the embedded log and in quarantine, opened as far as their keys live, for events of the erased.

The log cannot be rewritten: of what lies there only a count leaves, its events are refused when a consumer opens them,
and by the raw limit the keys of their epochs are destroyed. Quarantine can. A pack there that holds an event of somebody
erased loses its sealed bytes whole, those of others with it: they could not be read when they came, the raw limit ends
them within days, and to seal the rest anew would need a producer. Its row and its count stay.

Source: policy 2021-11-01, clause S079a; DESIGN.md, D2, D3.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime

import pyarrow as pa

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.ledger import Erasure
from remit_consumers.erasure.reach import maintaining, reason_of
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.lake.redraw import Change
from remit_consumers.lake.removed import Removal, RemovedCount
from remit_consumers.lake.rewrite import Rewriting, live_files, rewrite_files
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.steps.open import Datums, peek

QUARANTINE = "quarantine"

Holds = Callable[[bytes], bool]
"""Whether a sealed pack holds an event of somebody who is erased."""


def late_events(deployment: Deployment, now: datetime) -> int:
    """Count the events of suppressed subjects that lie sealed in the spool or in quarantine.

    Raises:
        KeysOutOfReach: The suppression list or the keys cannot be read.
    """
    suppression = Suppression.open(deployment.settings.keys)
    late = 0
    for data in _sealed(deployment):
        if opened := peek(data, deployment.keys):
            header, datums = opened
            events = _subjects(datums)
            held = suppression.holds(header.tenant, list(events), now)
            late += sum(n for n, is_held in zip(events.values(), held, strict=True) if is_held)
    return late


def empty_quarantine(deployment: Deployment, erasure: Erasure) -> None:
    """Take the sealed bytes of quarantined packs that hold an event of the erased, the old files at once.

    What does not open holds nobody for anybody: its key is destroyed, or was never here.

    Raises:
        LakeError: The lake cannot be written.
        KeysOutOfReach: The keys cannot be read.
    """
    root = deployment.lake.root
    if not is_table(root, QUARANTINE):
        return
    holds, reason = _holding(deployment, erasure), reason_of(erasure)
    with maintaining(root):
        rewrite_files(
            root, QUARANTINE, Rewriting(live_files, lambda rows: _emptied(rows, holds, reason))
        )
        Vacuum().take(root / QUARANTINE, 0.0)


def _holding(deployment: Deployment, erasure: Erasure) -> Holds:
    """Make what looks into packs. Subjects are told by their index: an erasure that is done again knows no plain id."""
    suppression = Suppression.open(deployment.settings.keys)
    wanted = {bytes.fromhex(one.suppression) for one in erasure.named}

    def holds(data: bytes) -> bool:
        opened = peek(data, deployment.keys)
        if opened is None:
            return False
        header, datums = opened
        return any(suppression.index_of(header.tenant, one) in wanted for one in _subjects(datums))

    return holds


def _emptied(rows: pa.Table, holds: Holds, reason: str) -> Change | None:
    """Rows of the quarantine without the bytes that hold somebody erased; None: all stay."""
    sealed: list[bytes | None] = rows.column("sealed").to_pylist()
    left = [None if data is not None and holds(data) else data for data in sealed]
    gone = left.count(None) - sealed.count(None)
    if not gone:
        return None
    place = rows.schema.get_field_index("sealed")
    after = rows.set_column(place, rows.schema.field(place), pa.array(left, pa.binary()))
    return Change(after, [RemovedCount(Removal.ERASED, reason, narrowed=gone)])


def _sealed(deployment: Deployment) -> Iterator[bytes]:
    """What lies sealed: packs of the spool, those that are being written, and quarantined ones."""
    for file in sorted(deployment.settings.spool.glob("slot-*/*")):
        with suppress(FileNotFoundError, IsADirectoryError):  # a running consumer took it away
            yield file.read_bytes()
    root = deployment.lake.root
    if is_table(root, QUARANTINE):
        rows = open_table(root, QUARANTINE).delta.to_pyarrow_table(columns=["sealed"])
        yield from rows.column(0).drop_null().to_pylist()


def _subjects(datums: Datums) -> Counter[str]:
    """How many events each subject has in a pack."""
    found: Counter[str] = Counter()
    at, data = 0, bytes(datums.subjects)
    for length in datums.subject_lengths.tolist():
        if length:
            found[data[at : at + length].decode("utf-8", "replace")] += 1
        at += length
    return found
