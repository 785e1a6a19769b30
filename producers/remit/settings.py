"""What an app may set about its own client. What may be collected is the policy's to say, never a setting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self, TypeVar

from remit_schemas.errors import SettingsError
from remit_schemas.kafka_options import kafka_options
from remit_schemas.log_address import Embedded, KafkaLog, parse_log
from remit_schemas.pack import EVENT_BYTES_MAX

DATA_DEFAULT: Final = "remit-data"  # as every command's --data
PACK_BYTES_MIN: Final = 4096  # a page: header and a few events
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Settings:
    """How a client packs and how much it keeps.

    Attributes:
        pack_events_max: A pack closes at so many events; more saves no bytes on the wire (bench).
        pack_bytes_max: And at so many bytes sealed; an unrewritten pack must fit Kafka's message of 1,000,000.
        pack_age_s: And so many seconds after its first event, so that latency stays far under 2 s.
        spool_bytes_max: What the spool of one process may hold; over it optional events go first.
        close_timeout_s: How long the end of the process may wait for the last packs.
        bundle_poll_s: How often the bundle's file is looked at; the kill switch takes as long.
        kafka: Goes to librdkafka as it is, over what the transport sets.
    """

    pack_events_max: int = 4096
    pack_bytes_max: int = 960 << 10
    pack_age_s: float = 0.25
    spool_bytes_max: int = 256 << 20
    close_timeout_s: float = 2.0
    bundle_poll_s: float = 1.0
    kafka: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            SettingsError: A number is out of range.
        """
        _within("pack_events_max", self.pack_events_max, 1, 1 << 20)
        _within("pack_bytes_max", self.pack_bytes_max, PACK_BYTES_MIN, 2 * EVENT_BYTES_MAX)
        _within("pack_age_s", self.pack_age_s, 0.001, 60)
        _within("spool_bytes_max", self.spool_bytes_max, self.pack_bytes_max, 1 << 50)
        _within("close_timeout_s", self.close_timeout_s, 0, 3600)
        _within("bundle_poll_s", self.bundle_poll_s, 0.01, 3600)

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; ``REMIT_KAFKA_SECURITY_PROTOCOL`` becomes librdkafka's ``security.protocol``.

        Args:
            environ: `os.environ`, or a part of it.

        Raises:
            SettingsError: A number cannot be read or is out of range, or Kafka's options do not fit together.
        """
        plain = cls()
        return cls(
            pack_events_max=_number(environ, "REMIT_PACK_EVENTS_MAX", int, plain.pack_events_max),
            pack_bytes_max=_number(environ, "REMIT_PACK_BYTES_MAX", int, plain.pack_bytes_max),
            pack_age_s=_number(environ, "REMIT_PACK_AGE_S", float, plain.pack_age_s),
            spool_bytes_max=_number(environ, "REMIT_SPOOL_BYTES_MAX", int, plain.spool_bytes_max),
            close_timeout_s=_number(environ, "REMIT_CLOSE_TIMEOUT_S", float, plain.close_timeout_s),
            bundle_poll_s=_number(environ, "REMIT_BUNDLE_POLL_S", float, plain.bundle_poll_s),
            kafka=kafka_options(environ),
        )


@dataclass(frozen=True, slots=True)
class Places:
    """Where a client finds and leaves things.

    Attributes:
        data: The data folder; the spool lies in it.
        keys: The folder of the bundle.
        trust: REMIT_TRUST as it was set; None pins at first use.
        policy: REMIT_POLICY or the argument, a file or a name; None takes the bundle's own.
        log: Where packs go.
        policy_url: Where the bundle is fetched; None reads it from `keys`.
    """

    data: Path
    keys: Path
    trust: str | None
    policy: str | None
    log: Embedded | KafkaLog
    policy_url: str | None = None

    @classmethod
    def from_env(
        cls,
        environ: Mapping[str, str],
        *,
        policy: str | None = None,
        log: str | None = None,
        data: str | Path | None = None,
    ) -> Self:
        """Read the places; an argument wins over its variable.

        Raises:
            SettingsError: The log is neither empty nor ``kafka://host:port/PREFIX``.
        """
        folder = Path(data or environ.get("REMIT_DATA") or DATA_DEFAULT).absolute()
        named = policy or environ.get("REMIT_POLICY") or None
        is_url = named is not None and named.lower().startswith(("http://", "https://"))
        return cls(
            data=folder,
            keys=Path(environ.get("REMIT_KEYS") or f"{folder}-keys").absolute(),
            trust=environ.get("REMIT_TRUST") or None,
            policy=None if is_url else named,
            log=parse_log(environ.get("REMIT_LOG") if log is None else log),
            policy_url=named if is_url else None,
        )


def _number(
    environ: Mapping[str, str], name: str, kind: Callable[[str], _Number], default: _Number
) -> _Number:
    text = environ.get(name)
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        message = f"{name} must be a number"
        raise SettingsError(message) from None


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        message = f"{name} must lie between {least:g} and {most:g}"
        raise SettingsError(message)
