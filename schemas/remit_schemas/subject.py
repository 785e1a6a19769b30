"""Whom an event is about: a subject that the app knows, or a visitor without an account."""

from typing import Final

VISITOR: Final = "visitor:"
"""What the name of a visitor begins with; the rest is a random number of one session, never a person's or a device's.

A visitor's pseudonym is keyed for a day, the key is destroyed within 48 hours, and the vault never hears of it (D8).
"""


def visitor(session: str) -> str:
    """Name a visitor without an account as a subject.

    Args:
        session: Random for each session.
    """
    return VISITOR + session
