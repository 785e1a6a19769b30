"""What an operator may set: places and sizes. What may be collected is never a setting."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from remit_schemas.errors import SettingsError
from remit_schemas.kafka_options import kafka_options

POSTGRES = ("postgresql://", "postgres://")
"""How the address of a vault in PostgreSQL begins."""

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+:/")
"""How an address begins, its second slash perhaps taken for a double one. As a folder's name it would pass unnoticed."""


@dataclass(frozen=True, slots=True)
class Anchoring:
    """Who outside is shown how the receipts' chains stand.

    Attributes:
        witness: A file that anchors are added to, or a folder for one: on another disk, append-only, or in a git
            repository (`REMIT_WITNESS`); None: nobody.
        authority: The address of an authority of time-stamps, RFC 3161 (`REMIT_TSA`); empty: none.
    """

    witness: Path | None = None
    authority: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read them from an environment."""
        witness = environ.get("REMIT_WITNESS")
        return cls(Path(witness).absolute() if witness else None, environ.get("REMIT_TSA", ""))


@dataclass(frozen=True, slots=True)
class Settings:
    """Where things lie and how much is gathered before it is stored.

    Attributes:
        data: The data folder: spool, lake, locks (`REMIT_DATA`, `--data`; ./remit-data).
        keys: Keys of the epochs and the signed bundle; never under the data folder (`REMIT_KEYS`; `<data>-keys`).
        vault: Secrets of the subjects: a folder, never under the data folder, or the address of a PostgreSQL database
            (`REMIT_VAULT`; `<data>-vault`).
        log: `kafka://host:port/PREFIX`, or empty for the embedded log (`REMIT_LOG`).
        policy: A policy file, `name` or `name/version`; None for the one that is shipped (`REMIT_POLICY`).
        custody: Who can unwrap the keys: `awskms://KEY`, or empty for files alone (`REMIT_CUSTODY`).
        places: An MMDB file in which places of addresses are looked up; None for registry data (`REMIT_PLACES`).
        flush_events: A flush is due at this many events: batches of 50,000 cost least per event (bench).
        flush_bytes: A flush is due at this many bytes of datums, 16 MiB: bounds memory whatever the events' size.
        flush_after_s: A flush is due half a second after its first event: stored well within 2 s, for two commits a second.
        kafka: Goes to librdkafka as it is; `REMIT_KAFKA_SECURITY_PROTOCOL` becomes `security.protocol`.
        anchoring: Who is shown how the chains stand.
        lake_at: `s3://BUCKET/PREFIX`, or empty for the data folder (`REMIT_LAKE`).
    """

    data: Path
    keys: Path
    vault: Path | str
    log: str = ""
    policy: str | None = None
    custody: str = ""
    places: Path | None = None
    flush_events: int = 50_000
    flush_bytes: int = 16 << 20
    flush_after_s: float = 0.5
    kafka: Mapping[str, str] = field(default_factory=dict)
    anchoring: Anchoring = Anchoring()
    lake_at: str = ""

    @classmethod
    def from_env(cls, environ: Mapping[str, str], *, data: str | Path | None = None) -> Self:
        """Read the settings from an environment; `data`, where given, wins over `REMIT_DATA`.

        Raises:
            SettingsError: A size is not a positive number, the data folder is the address of something else, or Kafka's
                options do not fit together.
        """
        place = str(data or environ.get("REMIT_DATA") or "remit-data")
        if _ADDRESS.match(place):
            message = f"REMIT_DATA or --data must be a local folder, not {place.partition(':')[0]}: a lake on an object store is named by REMIT_LAKE"
            raise SettingsError(message)
        folder = Path(place).absolute()
        places = environ.get("REMIT_PLACES")
        settings = cls(
            data=folder,
            keys=Path(environ.get("REMIT_KEYS") or f"{folder}-keys").absolute(),
            vault=_vault(environ.get("REMIT_VAULT") or f"{folder}-vault"),
            log=environ.get("REMIT_LOG", ""),
            policy=environ.get("REMIT_POLICY") or None,
            custody=environ.get("REMIT_CUSTODY", ""),
            places=Path(places).absolute() if places else None,
            anchoring=Anchoring.from_env(environ),
            kafka=kafka_options(environ),
            lake_at=environ.get("REMIT_LAKE", ""),
        )
        return replace(
            settings,
            flush_events=int(_positive(environ, "REMIT_FLUSH_EVENTS", settings.flush_events)),
            flush_after_s=_positive(environ, "REMIT_FLUSH_AFTER_S", settings.flush_after_s),
        )

    @property
    def lake(self) -> Path:
        """Where the lake lies: below the data folder, or on an object store.

        Raises:
            SettingsError: `lake_at` is no address of one.
        """
        if not self.lake_at:
            return self.data / "lake"
        from remit_consumers.store.place import at_address  # noqa: PLC0415 - Arrow only where it is used

        return at_address(self.lake_at)

    @property
    def spool(self) -> Path:
        """The embedded log's folder."""
        return self.data / "spool"

    @property
    def ledger(self) -> Path:
        """Where what is known of consents lies folded, so that a start need not read all that was ever said."""
        return self.data / "ledger" / "snapshot.npz"

    @property
    def floors(self) -> Path:
        """Where what is seen in open windows lies, sealed."""
        return self.data / "floors"

    @property
    def views(self) -> Path:
        """Where the views of the purposes lie."""
        return self.data / "views"

    @property
    def locks(self) -> Path:
        """Where running consumers hold their locks."""
        return self.data / "locks"


def _vault(place: str) -> Path | str:
    """A folder, or the address of a database as it is."""
    return place if place.startswith(POSTGRES) else Path(place).absolute()


def _positive(environ: Mapping[str, str], name: str, default: float) -> float:
    """Read a positive number, or the default where it is not set."""
    text = environ.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < math.inf:  # NaN is neither
        message = f"{name} must be a positive number"
        raise SettingsError(message)
    return value
