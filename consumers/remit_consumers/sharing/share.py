"""A disclosure from the question to the folder: may it be, what of whom, on record, and only then seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.erase import undisturbed
from remit_consumers.sharing.disclosures import (
    MADE,
    Disclosure,
    record,
    told,
)
from remit_consumers.sharing.making import Making
from remit_consumers.sharing.parcel import Parcel
from remit_consumers.sharing.terms import Asked
from remit_consumers.sharing.under_way import UnderWay, settle
from remit_schemas.errors import ShareRefused


@dataclass(frozen=True, slots=True)
class Shared:
    """What left, or would leave.

    Attributes:
        disclosure: Its id; empty where it was only asked what would.
        parts: What of each contract, for each purpose.
        place: Where it lies; None where it was only asked.
        figures: Names of the figures.
    """

    disclosure: str
    parts: Sequence[Disclosure]
    place: Path | None = None
    figures: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """What `remit share --json` prints."""
        return {
            "disclosure": self.disclosure,
            "out": str(self.place) if self.place else None,
            "figures": list(self.figures),
            "parts": [told(one.plain()) for one in self.parts],
        }


def share(deployment: Deployment, asked: Asked, place: Path, now: datetime) -> Shared:
    """Hand over what a recipient may get now; nobody is erased between the reading of rows and the handing over.

    Args:
        deployment: Everything that it stands on.
        asked: For whom, and of what.
        place: The folder to make.
        now: When.

    Raises:
        ShareRefused: Nothing may leave; that is on record.
        SettingsError: The folder cannot be made.
        LakeError: Rows cannot be read, or the record not be written: nothing is handed over.
        KeysOutOfReach: The vault or the key of pseudonyms cannot be read.
    """
    settings = deployment.settings
    with undisturbed(deployment, now):
        made = Making.begun(deployment, asked, now)
        parcel = Parcel(place)
        UnderWay.begun(settings.data, made.disclosure, parcel.hidden)
        try:
            known = _handed_over(made, parcel)
        except ShareRefused as error:
            made.refuse(error.reason)
            raise
        finally:
            settle(settings.data, settings.lake, now)
    return Shared(made.disclosure, known, place, tuple(made.terms.measures))


def _handed_over(made: Making, parcel: Parcel) -> list[Disclosure]:
    """Fill the parcel, put it on record, let it be seen."""
    parcel.begin()
    parts, whose = made.filled(parcel)
    sha256 = parcel.close(made.terms_text())
    known = [made.part(one, MADE, sha256=sha256) for one in parts] or [
        made.part(None, MADE, sha256=sha256)
    ]
    record(made.deployment.settings.lake, known, whose)
    parcel.show()
    return known


def planned(deployment: Deployment, asked: Asked, now: datetime) -> Shared:
    """Say what would leave; nothing does, and nothing is recorded but a refusal. Errors as in `share`."""
    made = Making.begun(deployment, asked, now)
    parts = [made.part(one, "") for one in made.chosen()]
    return Shared("", parts, figures=tuple(made.terms.measures))
