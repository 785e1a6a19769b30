"""The manifest of a backup: what is in it, from when, and until when it may be used. It is written last."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError, field_validator

from remit_consumers.backup_keys import VAULT_LIVES
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError

MANIFEST: Final = "manifest.json"

Kind = Literal["lake", "vault"]
"""The lake of a data folder, or the secrets of its subjects. Never both in one: together they tie rows to people."""

KEEP: Final[Mapping[Kind, timedelta]] = MappingProxyType(
    {"lake": timedelta(days=90), "vault": VAULT_LIVES}
)
"""How long a backup may be restored. One of the lake ties to nobody without a secret, but its rows outlive their `keep_until`
in it: 90 days are enough to find a fault, and bound that. Source: policy 2021-11-01, clauses S087a, S107."""


class Position(BaseModel):
    """Where a partition of a log stood."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    log: str
    partition: int
    position: int


class Copied(BaseModel):
    """A file in a backup."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What a backup says of itself.

    Attributes:
        format: Of this file.
        kind: Of what.
        made_at: When it was begun, aware UTC.
        keep_until: Then it is refused, and `remit backup prune` deletes it.
        erasures: The erasure that was applied last before it was begun, as the ledger's hash: all later ones are to be
            applied when it is restored.
        files: Every file by its path below the backup.
        positions: Where the log stood, in a backup of a lake.
        secrets: How many secrets, in a backup of a vault.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    kind: Kind
    made_at: AwareDatetime
    keep_until: AwareDatetime
    erasures: str
    files: Mapping[str, Copied]
    positions: tuple[Position, ...] = ()
    secrets: int = 0

    @field_validator("files")
    @classmethod
    def _stay_below(cls, files: Mapping[str, Copied]) -> Mapping[str, Copied]:
        """A path that leads out of the backup would be written anywhere when it is restored."""
        if any(name.startswith("/") or ".." in name.split("/") for name in files):
            raise ValueError("a path leads out of the backup")
        return files

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.bytes for file in self.files.values())

    def write(self, folder: Path) -> None:
        """Write it into a backup's folder, durably: from then on it is one."""
        replace_file(folder / MANIFEST, (self.model_dump_json(indent=1) + "\n").encode())

    def refuse_lapsed(self, now: datetime) -> None:
        """Refuse a backup whose time is over.

        Raises:
            SettingsError: It is.
        """
        if now >= self.keep_until:
            message = f"this backup of the {self.kind} lapsed on {self.keep_until:%Y-%m-%d}: it may not be restored, and `remit backup prune` deletes it"
            raise SettingsError(message)


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        SettingsError: The folder holds no backup, or one that was never finished.
    """
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError:
        message = f"{folder} holds no backup: there is no {MANIFEST} in it that can be read"
        raise SettingsError(message) from None
    except ValidationError as error:
        message = f"{MANIFEST} in {folder} is damaged, or of another remit ({error.error_count()} mistakes)"
        raise SettingsError(message) from None
