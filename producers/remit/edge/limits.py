"""How much a sender may ask of the edge. None of it says what may be collected: that is the policy's."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from remit_schemas.errors import SettingsError

BATCH_EVENTS_MAX: Final = 4096  # as many as a pack has
AHEAD_MS: Final = (
    60_000  # an event may lie so far ahead of the edge's clock: what clocks that are set differ by
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a sender may ask of the edge.

    Attributes:
        body_bytes_max: Of a body, as sent and unpacked; a beacon of a browser has 64 KiB at most.
        batch_events_max: Events of one batch; all of one contract must fit into one pack.
        requests_max: Requests that are being answered at once; more are refused with 503.
        request_timeout_s: A request must have come whole by then, or its connection is closed.
        address_rate: Requests/s of one address with a browser's key, or none that is known; two seconds of them at once.
            A visitor's tracker sends one every few seconds: this is the door for some 1,000 visitors behind one address.
    """

    body_bytes_max: int = 256 << 10
    batch_events_max: int = 500
    requests_max: int = 1000
    request_timeout_s: float = 10.0
    address_rate: float = 200.0

    def __post_init__(self) -> None:
        """Refuse what cannot work.

        Raises:
            SettingsError: A number is out of range.
        """
        ranges = {
            "REMIT_EDGE_BODY_BYTES_MAX": (self.body_bytes_max, 1024, 768 << 10),
            "REMIT_EDGE_BATCH_EVENTS_MAX": (self.batch_events_max, 1, BATCH_EVENTS_MAX),
            "REMIT_EDGE_REQUESTS_MAX": (self.requests_max, 1, 1 << 16),
            "REMIT_EDGE_REQUEST_TIMEOUT_S": (self.request_timeout_s, 0.1, 600),
            "REMIT_EDGE_ADDRESS_RATE": (self.address_rate, 1, 1e6),
        }
        for name, (value, least, most) in ranges.items():
            if not least <= value <= most:
                raise SettingsError(f"{name} must lie between {least:g} and {most:g}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the limits.

        Raises:
            SettingsError: A number cannot be read or is out of range.
        """
        plain = cls()

        def number(name: str, default: float) -> float:
            try:
                found = float(environ.get(name) or default)
            except ValueError:
                found = math.nan
            if not math.isfinite(found):
                raise SettingsError(f"{name} must be a number")
            return found

        return cls(
            int(number("REMIT_EDGE_BODY_BYTES_MAX", plain.body_bytes_max)),
            int(number("REMIT_EDGE_BATCH_EVENTS_MAX", plain.batch_events_max)),
            int(number("REMIT_EDGE_REQUESTS_MAX", plain.requests_max)),
            number("REMIT_EDGE_REQUEST_TIMEOUT_S", plain.request_timeout_s),
            number("REMIT_EDGE_ADDRESS_RATE", plain.address_rate),
        )
