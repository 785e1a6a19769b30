"""The time, as whoever needs it is told it: tests tell another."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the time, aware UTC."""


def utc_now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)
