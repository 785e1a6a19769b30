"""What commands do to have their events stored: keys before, and the wait after."""

import time
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from remit.leftovers import adopt_dead
from remit_consumers.deployment import open_keys
from remit_consumers.metrics import Metrics
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_schemas.errors import LakeError
from remit_schemas.policy import find_policy

LOOK_S = 0.1
"""How often a command that waits for another consumer looks whether its packs are stored."""


def make_ready(settings: Settings) -> None:
    """See that there are keys and a bundle, so that a producer can seal."""
    open_keys(settings, find_policy(settings.policy)).ensure(datetime.now(UTC))


def wait_until_stored(settings: Settings, console: Console) -> None:
    """Return when everything on the log is stored: by the consumer that runs, or by one in this process.

    Raises:
        LakeError: Something cannot be stored; it is still on the log.
    """
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("storing: 0 packs")
        packs = 0

        def moved(read: int) -> None:
            nonlocal packs
            packs += read
            progress.update(task, description=f"storing: {packs:,} packs")

        while (
            service := Service.claim(settings, Metrics(), adopt=lambda: adopt_dead(settings.spool))
        ) is None:
            progress.update(task, description="storing: by the consumer that runs")
            if not _lies_in(settings):
                return
            time.sleep(LOOK_S)
        try:
            problem = service.drain(moved)
        finally:
            service.stop()
    if problem:
        message = f"not everything is stored, and it is still on the log: {problem}"
        raise LakeError(message)


def _lies_in(settings: Settings) -> bool:
    """Whether packs lie in the spool that no consumer has stored yet."""
    return any(settings.spool.glob("slot-*/*.pack")) or any(settings.spool.glob("slot-*/open-*"))
