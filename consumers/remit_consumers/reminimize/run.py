"""Run: say what a newer version takes from the rows that are stored, or take it, in one commit for each table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from remit_consumers.lake.fault import reaching
from remit_consumers.lake.holds import Holds
from remit_consumers.lake.lease import lease
from remit_consumers.lake.redraw import read_whole
from remit_consumers.lake.rewrite import EVENTS, Rewriting, live_files, rewrite_files
from remit_consumers.lake.tables import open_table, row_tables
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.reminimize.decide import Reminimizer, summed
from remit_consumers.withdrawal.narrow import PlanOf
from remit_schemas.errors import LakeError

Progress = Callable[[str], None]
"""Called with the name of each table before it is worked on."""


@dataclass(frozen=True, slots=True)
class Newer:
    """A lake and the version that its rows are to be held against.

    Attributes:
        root: The lake's folder.
        plan_of: Gives the plan of a contract under a version on record.
        version: The newer version.
        now: Aware UTC.
        progress: Told of each table.
    """

    root: Path
    plan_of: PlanOf
    version: str
    now: datetime
    progress: Progress = lambda _: None

    def plan(self) -> dict[str, dict[str, Any]]:
        """Say what would go, by contract; nothing is changed.

        Raises:
            LakeError: The lake cannot be read, or a version is not on record.
        """
        found = {}
        with reaching(self.root):
            for contract, asked in self._each():
                table = open_table(self.root, f"{EVENTS}{contract}")
                changes = [asked.change(read_whole(table, path)) for path in live_files(table)]
                found[contract] = summed([count for one in changes if one for count in one.removed])
        return found

    def apply(self) -> dict[str, dict[str, Any]]:
        """Take it; doing it again changes nothing, and what was interrupted is done by the next time.

        Raises:
            LakeError: The lake cannot be read or written, a version is not on record, or another process maintains it.
        """
        with reaching(self.root), lease(self.root) as is_held:
            if not is_held:
                message = "another process maintains the lake at this moment; try again"
                raise LakeError(message)
            return {contract: self._applied(contract, asked) for contract, asked in self._each()}

    def _applied(self, contract: str, asked: Reminimizer) -> dict[str, Any]:
        """Rewrite one table, and take its old files away."""
        name = f"{EVENTS}{contract}"
        receipt = rewrite_files(self.root, name, Rewriting(live_files, asked.change))
        Vacuum().take(open_table(self.root, name).path, 0.0)
        return summed(receipt.removed if receipt else ())

    def _each(self) -> Iterator[tuple[str, Reminimizer]]:
        """The contracts that have a table."""
        tagsets = catalogue(self.root)
        holds = Holds.of(self.root, self.now)
        for name in row_tables(self.root) if self.root.is_dir() else ():
            if name.startswith(EVENTS):
                self.progress(name)
                contract = name.removeprefix(EVENTS)
                yield (
                    contract,
                    Reminimizer(contract, tagsets, self.plan_of, self.version, holds, self.now),
                )
