"""What `remit verify` finds of imported service logs, and how much of what others labelled its detectors find."""

from collections.abc import Iterator
from typing import Final

from bench.quality.asked import Peers
from bench.quality.labelled import Labelled, short
from bench.quality.row import REMIT, Row, known
from bench.quality.scores import percent
from bench.residue_logs import rows
from bench.residue_recall import recalls

TABLE: Final = "residue of imported logs"


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Import every service log and search the lake; then hold the detectors against labelled texts."""
    del peers  # none searches what it has stored
    folders = {path.parent for path in labelled.files("service_logs/*.log*")}
    for folder in folders:
        for row in rows(folder):
            share = percent(sum(row.found.values()), row.stored)
            yield Row(
                table=TABLE,
                measure="found in what was stored",
                data=short(folder / row.file),
                count=row.stored,
                scores=known({REMIT: share}),
                goal=0,
            )
        for kind, (found, stand) in recalls(folder.parent).items():
            yield Row(
                table=TABLE,
                measure=f"recall of the detectors, {kind}",
                data="all labelled texts",
                count=stand,
                better="more",
                scores=known({REMIT: percent(found, stand)}),
            )
