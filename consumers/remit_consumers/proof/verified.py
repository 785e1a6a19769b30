"""What the last `remit verify` of a data folder found: a file in it, so that a running consumer can tell of it.

It says when, and which checks held: no detail, no value. Whoever can write into the folder can write this, too: it is
there to be watched, and proves nothing; `remit verify` does.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from remit_consumers.proof.verify import Verification
from remit_schemas.durable import replace_file

FILE: Final = "verified.json"


class Verified(BaseModel):
    """The last verification.

    Attributes:
        at: When it ended, aware UTC.
        checks: Whether each held.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    at: AwareDatetime
    checks: Mapping[str, bool]


def note(data: Path, found: Verification, now: datetime) -> None:
    """Note what a verification of a data folder found; whoever may only read the folder leaves no note."""
    checks = {name: check.holds for name, check in found.checks.items()}
    with suppress(OSError):
        replace_file(data / FILE, Verified(at=now, checks=checks).model_dump_json().encode())


def last(data: Path) -> Verified | None:
    """Read what was noted; None where nothing was, or nothing that can be read."""
    try:
        return Verified.model_validate_json((data / FILE).read_bytes())
    except (OSError, ValidationError):
        return None
