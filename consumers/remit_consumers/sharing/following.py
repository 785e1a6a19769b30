"""A share that goes on: what is new in the lake goes out, turn by turn, at least once."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import undisturbed
from remit_consumers.sharing.disclosures import MADE, record
from remit_consumers.sharing.in_force import InForce
from remit_consumers.sharing.making import Making
from remit_consumers.sharing.news import Cursor, news, stands_still
from remit_consumers.sharing.parcel import Parcel
from remit_consumers.sharing.rows import Chosen, leaving
from remit_consumers.sharing.terms import Asked
from remit_consumers.sharing.under_way import UnderWay, settle
from remit_schemas.errors import SettingsError
from remit_schemas.recipients import COUNTED

CURSORS = "shares"
"""The folder, below the data folder, of how far each recipient has come."""

Part = tuple[Chosen, pa.Table]
"""What was chosen, and what of it goes out."""


class Door(Protocol):
    """Where things go out: first made ready, and let go once that is on record."""

    def begin(self, making: Making) -> Path | None:
        """Begin anew; give the folder that will be hidden until it is let out, None where there is none."""

    def ready(self, making: Making, parts: Sequence[Part]) -> str:
        """Make parts ready, seen by nobody; give the SHA-256 of what will go out."""

    def let_go(self) -> None:
        """Let out what is ready."""


@dataclass(slots=True)
class Folders:
    """A door to a folder, in which each turn leaves a folder of its own."""

    root: Path
    _parcel: Parcel = field(init=False)

    def begin(self, making: Making) -> Path:
        """See `Door`."""
        place = self.root / f"{making.now:%Y%m%dT%H%M%S%fZ}-{making.disclosure[:8]}"
        self._parcel = Parcel(place)
        return self._parcel.hidden

    def ready(self, making: Making, parts: Sequence[Part]) -> str:
        """See `Door`."""
        self._parcel.begin()
        for chosen, rows in parts:
            making.put(self._parcel, chosen, rows)
        return self._parcel.close(making.terms_text())

    def let_go(self) -> None:
        """See `Door`."""
        self._parcel.show()


@dataclass(slots=True)
class Follower:
    """One recipient that follows.

    Attributes:
        deployment: Everything that it stands on; a newer version of the policy takes the old one's place.
        asked: For whom, and of what.
        door: Where it goes out.
    """

    deployment: Deployment
    asked: Asked
    door: Door
    _in_force: InForce = field(init=False)

    def __post_init__(self) -> None:
        """Look out for newer versions of the policy."""
        self._in_force = InForce(self.deployment)

    def turn(self, now: datetime) -> int:
        """Let out what is new.

        Returns:
            How many rows went out.

        Raises:
            ShareRefused: Nothing may leave any more; that is on record.
            PolicyError: A newer version of the policy cannot be read: nothing went out.
            SettingsError: The recipient gets figures, which are told by the day and not as they come.
            LakeError: The lake cannot be read, or the record not be written: nothing went out.
            LogError: Not all of it went out; it comes again.
        """
        self.deployment = self._in_force.at(now.date())
        making = Making.begun(self.deployment, self.asked, now)
        if making.terms.role in COUNTED:
            message = (
                f"{self.asked.recipient} gets figures, and those of a few minutes are of too few"
            )
            raise SettingsError(message)
        cursor = Cursor.read(self._cursor())
        found = news(self._lake, cursor, frozenset(making.terms.fields))
        if not found.versions:
            return 0
        with undisturbed(self.deployment, now):
            return self._turned(making, cursor)

    def _turned(self, making: Making, cursor: Cursor) -> int:
        """Let out what is new while nobody is erased."""
        lake = self._lake
        found = news(lake, cursor, frozenset(making.terms.fields))
        making = replace(making, files=found.files)
        parts = [(one, self._out(one, making)) for one in making.chosen()]
        if not stands_still(lake, found):
            return 0  # a rewrite came between: the next turn sees all of it
        rows: int = sum(shown.num_rows for _, shown in parts)
        if rows:
            self._let_out(making, [part for part in parts if part[1].num_rows])
        cursor.moved(found.versions)
        return rows

    def _out(self, one: Chosen, making: Making) -> pa.Table:
        return leaving(one, self.asked, making.terms, self.deployment)

    def _let_out(self, making: Making, parts: Sequence[Part]) -> None:
        """Make it ready, put it on record, let it go."""
        data = self.deployment.settings.data
        note = UnderWay.begun(data, making.disclosure, self.door.begin(making))
        try:
            sha256 = self.door.ready(making, parts)
            chosen = [one for one, _ in parts]
            known = [making.part(one, MADE, sha256=sha256) for one in chosen]
            record(self._lake, known, making.whose(chosen))
            self.door.let_go()
            note.over()
        finally:
            settle(data, self._lake, making.now)

    @property
    def _lake(self) -> Path:
        return self.deployment.settings.lake

    def _cursor(self) -> Path:
        """Where it is remembered how far this recipient, and this tenant's data, have come."""
        tenant = self.asked.tenant.encode().hex()
        name = f"{self.asked.recipient}.{tenant}.json" if tenant else f"{self.asked.recipient}.json"
        return self.deployment.settings.data / CURSORS / name
