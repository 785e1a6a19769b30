"""How a consumer is doing, in one word and one line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Health:
    """How a consumer is doing.

    Attributes:
        ready: Whether it reads and stores.
        detail: Why not, or what it does, in one line without any value.
    """

    ready: bool
    detail: str
