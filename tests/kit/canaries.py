"""Canaries: what is planted in data, and what an error or a log must never repeat of it."""

import traceback

CANARY = "canary.zq7x@birds.example 203.0.113.77 4111111111111111"
BITS = ("canary", "zq7x", "birds", "203.0.113.77", "4111111111111111")
"""No piece is hexadecimal: ids and hashes in the files would hold four of its digits by chance."""


def said(error: BaseException) -> str:
    """Give everything that a log would show of an error: its text, its `repr`, and the errors it came from."""
    shown = [str(error), repr(error), *map(repr, error.args), *getattr(error, "__notes__", [])]
    shown += traceback.TracebackException.from_exception(error).format_exception_only()
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join([*shown, said(cause) if cause else ""])


def assert_silent(text: str) -> None:
    """See that no piece of the canary is in a text."""
    sung = [bit for bit in BITS if bit in text]
    assert not sung, "a message carries a value"
