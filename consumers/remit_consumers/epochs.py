"""The register of epochs: every key that was ever issued, and what became of it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    TypeAdapter,
    ValidationError,
)

from remit_schemas.durable import replace_file
from remit_schemas.errors import KeysOutOfReach, KeysUnconfirmed
from remit_schemas.header import KEY_ID_BYTES
from remit_schemas.tenancy import NOBODY, Tenancy

REGISTER: Final = "epochs.json"
EPOCH_HOURS_MAX: Final = 12  # a bundle is good for at most this long (DESIGN D2)

State = Literal["seals", "opens", "lost", "destroyed"]
"""What a key does: seal and open; open what was sealed; nothing, though it should, since its file is missing; neither."""


class Epoch(BaseModel):
    """One epoch: a key pair that seals until `not_after` and opens until `destroy_at`.

    Attributes:
        name: Its beginning as text.
        key_id: Names the key in the header of a pack, 8 random bytes.
        public_key: X25519, 32 raw bytes.
        created_at: Aware UTC.
        not_after: Producers seal nothing under it from then on.
        destroy_at: The private key goes then: the oldest pack under it has reached the raw limit.
        destroyed_at: When it went; None while it opens.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, ser_json_bytes="base64", val_json_bytes="base64"
    )

    name: str
    key_id: bytes = Field(min_length=KEY_ID_BYTES, max_length=KEY_ID_BYTES)
    public_key: bytes
    created_at: AwareDatetime
    not_after: AwareDatetime
    destroy_at: AwareDatetime
    destroyed_at: AwareDatetime | None = None

    @property
    def rotate_at(self) -> datetime:
        """When the next epoch is due: half of the time is left then, so that a bundle is never short-lived."""
        return self.created_at + (self.not_after - self.created_at) / 2

    @property
    def opens(self) -> bool:
        """Whether its private key is still there."""
        return self.destroyed_at is None


class Register(BaseModel):
    """What the key store has done so far.

    Attributes:
        epochs: Oldest first. A key that is not in it was never issued here.
        stopped: The kill switch: categories that may not be collected now.
        tenancy: The tenants and campaigns.
        awaits: Whether it was begun beside data of an older one, which is lost, and nobody has confirmed yet that tenants,
            campaigns and stops are said again: nothing is taken until then.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: tuple[Epoch, ...] = ()
    stopped: frozenset[str] = frozenset()
    tenancy: Tenancy = NOBODY
    awaits: bool = False

    @property
    def current(self) -> Epoch | None:
        """The epoch under which producers seal now; the newest that is not destroyed."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.opens), None)

    def find(self, key_id: bytes) -> Epoch | None:
        """Find an epoch by its key."""
        return next((epoch for epoch in reversed(self.epochs) if epoch.key_id == key_id), None)

    def with_epoch(self, epoch: Epoch) -> Self:
        """Add the newest epoch."""
        return self.model_copy(update={"epochs": (*self.epochs, epoch)})

    def with_destroyed(self, key_ids: frozenset[bytes], at: datetime) -> Self:
        """Mark epochs as destroyed."""
        marked = (
            epoch.model_copy(update={"destroyed_at": at}) if epoch.key_id in key_ids else epoch
            for epoch in self.epochs
        )
        return self.model_copy(update={"epochs": tuple(marked)})

    def with_stopped(self, stopped: frozenset[str]) -> Self:
        """Set which categories are stopped."""
        return self.model_copy(update={"stopped": stopped})

    def with_tenancy(self, tenancy: Tenancy) -> Self:
        """Set the tenants and campaigns."""
        return self.model_copy(update={"tenancy": tenancy})

    def with_awaits(self, *, awaits: bool) -> Self:
        """Set whether it awaits that somebody confirms it."""
        return self.model_copy(update={"awaits": awaits})


def read_register(folder: Path) -> Register:
    """Read the register of a key store; an empty one when there is none yet.

    Raises:
        KeysOutOfReach: It cannot be read, or is not a register.
    """
    try:
        return Register.model_validate_json((folder / REGISTER).read_bytes())
    except FileNotFoundError:
        return Register()
    except OSError as error:
        message = f"the register of keys cannot be read: {error.strerror}"
        raise KeysOutOfReach(message) from None
    except ValidationError:
        raise KeysOutOfReach("the register of keys is damaged") from None


def check_confirmed(register: Register) -> None:
    """See that a register was not begun anew without a word on what the lost one said.

    Raises:
        KeysUnconfirmed: It was.
    """
    if register.awaits:
        message = (
            "REMIT_KEYS was begun anew beside older data: nothing is taken until tenants, campaigns and stops are said again "
            "(`remit tenants`, `remit campaigns`, `remit keys stop`) and `remit keys confirm` says that they are"
        )
        raise KeysUnconfirmed(message)


def write_register(folder: Path, register: Register) -> None:
    """Write the register, whole and synced; what an older remit does not know stands in it only while it matters."""
    unsaid = None if register.awaits else {"awaits"}
    replace_file(folder / REGISTER, register.model_dump_json(indent=1, exclude=unsaid).encode())


def key_name(key_id: bytes) -> str:
    """The name of the file in which the private key of an epoch lies."""
    return f"epoch-{key_id.hex()}.key"


def epoch_length(raw_limit: timedelta) -> timedelta:
    """Say how long an epoch seals: 12 hours, or half the raw limit where that is shorter."""
    return min(timedelta(hours=EPOCH_HOURS_MAX), raw_limit / 2)


@dataclass(frozen=True, slots=True)
class EpochStatus:
    """One line of ``remit keys status``."""

    epoch: str
    key_id: str
    state: State
    created_at: datetime
    not_after: datetime
    destroy_at: datetime
    destroyed_at: datetime | None


@dataclass(frozen=True, slots=True)
class VisitorKeyStatus:
    """The key of one day's visitors, and when it goes."""

    day: date
    destroy_at: datetime


@dataclass(frozen=True, slots=True)
class KeysStatus:
    """What ``remit keys status`` prints; nothing in it is secret.

    Attributes:
        epochs: Oldest first.
        overdue: Keys of epochs and visitors that should be gone and are not.
        stopped: Categories that are stopped.
        verify_key: What REMIT_TRUST takes, base64.
        exposed: Whether others than the owner may enter the folder.
        visitors: The keys of visitors' days that are there, the oldest first.
    """

    epochs: tuple[EpochStatus, ...]
    overdue: int
    stopped: tuple[str, ...]
    verify_key: str
    exposed: bool
    visitors: tuple[VisitorKeyStatus, ...] = ()

    def to_dict(self) -> dict[str, JsonValue]:
        """Give the facts as JSON, times as text."""
        facts: dict[str, JsonValue] = _STATUS.dump_python(self, mode="json")
        return facts


_STATUS: Final = TypeAdapter(KeysStatus)


def status_of(
    epoch: Epoch, current: Epoch | None, now: datetime, *, is_lost: bool = False
) -> EpochStatus:
    """Say what an epoch's key does at `now`; `is_lost`: its file is missing before its time."""
    seals = epoch == current and now < epoch.not_after
    state: State = "destroyed" if not epoch.opens else "seals" if seals else "opens"
    return EpochStatus(
        epoch=epoch.name,
        key_id=epoch.key_id.hex(),
        state="lost" if is_lost else state,
        created_at=epoch.created_at,
        not_after=epoch.not_after,
        destroy_at=epoch.destroy_at,
        destroyed_at=epoch.destroyed_at,
    )
