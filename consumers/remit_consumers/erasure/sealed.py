"""Sealed: packs on the embedded log and in quarantine, opened as far as their keys live, for events of the erased.

Nothing of them is shown to anybody: only their count leaves. The events are refused when a consumer opens them, and by
the raw limit the keys of their epochs are destroyed.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Datums, Opened, open_packs


def late_events(deployment: Deployment, now: datetime) -> int:
    """Count the events of suppressed subjects that lie sealed in the spool or in quarantine.

    Raises:
        KeysOutOfReach: The suppression list cannot be read.
    """
    suppression = Suppression.open(deployment.settings.keys)
    late = 0
    for data in _sealed(deployment):
        pack = Sealed(0, 0, data, 0.0)
        for opened in open_packs([pack], deployment.keys, deployment.contracts):
            if isinstance(opened, Opened):
                events = _subjects(opened.datums)
                held = suppression.holds(opened.header.tenant, list(events), now)
                late += sum(n for n, is_held in zip(events.values(), held, strict=True) if is_held)
    return late


def _sealed(deployment: Deployment) -> Iterator[bytes]:
    """What lies sealed: packs of the spool, those that are being written, and quarantined ones."""
    for file in sorted(deployment.settings.spool.glob("slot-*/*")):
        with suppress(FileNotFoundError, IsADirectoryError):  # a running consumer took it away
            yield file.read_bytes()
    root = deployment.lake.root
    if is_table(root, "quarantine"):
        rows = open_table(root, "quarantine").delta.to_pyarrow_table(columns=["sealed"])
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
