"""The compactor of a running consumer: where small files pile up between two sweeps, they are merged before the next."""

import logging
from pathlib import Path
from typing import Final

from remit_consumers.chore import Chore
from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.compaction import SETTLED_S, compact, settled
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.lease import lease
from remit_consumers.lake.log import versions
from remit_consumers.lake.tables import open_table, tables_in
from remit_consumers.metrics import Metrics
from remit_schemas.errors import RemitError

EVERY_S: Final = 60.0
"""How often the logs are looked at: their names alone, a millisecond for each thousand."""

PILE: Final = 1_000
"""Small files of a table that are worth a merge before the hour is over: reading them takes some seconds."""

ENDING_S: Final = 30.0
"""How long the end of a consumer waits for a merge; one that is cut off leaves the table as it was."""

log = logging.getLogger("remit.compact")


class Compactor(Chore):
    """Merges for one consumer; of several consumers of a lake one does at a time, and never beside a sweep."""

    def __init__(
        self, root: Path, metrics: Metrics, pile: int = PILE, settled_s: float = SETTLED_S
    ) -> None:
        """Begin with what the next look finds.

        Args:
            root: The lake's folder.
            metrics: Counts the files.
            pile: Small files of a table that are worth a merge.
            settled_s: How old a file must be, in seconds.
        """
        super().__init__("remit-compact", every_s=EVERY_S, first_s=EVERY_S, ending_s=ENDING_S)
        self._root = root
        self._metrics = metrics
        self._pile = pile
        self._settled_s = settled_s
        self._looked_at: dict[str, int] = {}

    def _work(self) -> None:
        """Merge; what fails is told, counted and tried again."""
        try:
            with reaching(self._root):
                self._go()
        except RemitError as error:
            self._metrics.faults.labels("compact").inc()
            log.error("small files cannot be merged, trying again: %s", error)  # noqa: TRY400 - names folders, causes

    def _go(self) -> None:
        """Merge the tables in which enough was committed since they were looked at last, and enough of it has settled."""
        newest = {name: versions(self._root / name)[-1] for name in tables_in(self._root)}
        grown = [
            name
            for name, version in newest.items()
            if name != POSITIONS_TABLE and version - self._looked_at.get(name, 0) >= self._pile
        ]
        if not grown:
            return
        with lease(self._root) as is_held:
            for name in grown if is_held else ():
                if settled(open_table(self._root, name), self._settled_s) < self._pile:
                    continue  # the rest of them is old enough soon
                self._metrics.compacted.inc(compact(self._root, name, self._settled_s).replaced)
                self._looked_at[name] = newest[name]
