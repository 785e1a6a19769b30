"""Operational logs: who did what to what kind of thing, and how it ended."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import TypedDict, Unpack

from remit.result import Emits
from remit_schemas.events import OperationalLog


class About(TypedDict, total=False):
    """What an operation is about."""

    target_kind: str | None
    target: str | None
    ip: str | None


class Deed:
    """An operation that goes on.

    Attributes:
        outcome: How it ends, in one word; None lets the end of the block say it.
    """

    __slots__ = ("outcome",)

    def __init__(self) -> None:
        self.outcome: str | None = None


@contextmanager
def operation(
    client: Emits,
    name: str,
    *,
    subject: str | None = None,
    tenant: str | None = None,
    **about: Unpack[About],
) -> Generator[Deed, None, None]:
    """Record one operation when the block ends: ``done``, ``denied`` by a `PermissionError`, else ``failed``.

    What the block raises goes on. Set `outcome` of what it gives where the app knows better.

    Args:
        client: Takes the event; what it refuses is counted there, and the block never hears of it.
        name: What is done, as a dotted verb: ``order.refund``.
        subject: Who does it.
        tenant: Whose customer that is.
        about: `target_kind`, `target` and `ip`, as in `OperationalLog`.
    """
    deed = Deed()
    outcome = "failed"
    try:
        yield deed
        outcome = "done"
    except PermissionError:
        outcome = "denied"
        raise
    finally:
        event = OperationalLog(operation=name, outcome=deed.outcome or outcome, **about)
        client.emit(event, subject=subject, tenant=tenant)
