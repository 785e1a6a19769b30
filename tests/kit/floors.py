"""Floors to test with: a lake, sealed windows and a clock of their own."""

from datetime import UTC, datetime
from pathlib import Path

from remit_consumers.clock import Clock
from remit_consumers.floor.floors import Floors
from remit_consumers.floor.window import Sealer
from remit_consumers.lake.commit import Lake

MORNING = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)


def make_floors(folder: Path, now: Clock = lambda: MORNING, consumer: int = 0) -> Floors:
    """Make the floors of one consumer of a data folder."""
    keys = folder / "keys"
    keys.mkdir(parents=True, exist_ok=True)
    return Floors(Lake(folder / "lake"), Sealer(folder / "floors", keys, consumer), now)
