"""What commands do to have their events stored: keys before, and the wait after."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from remit.leftovers import adopt_dead
from remit_consumers.deployment import open_keys
from remit_consumers.lake.commit import Lake
from remit_consumers.metrics import Metrics
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_schemas.errors import LakeError
from remit_schemas.log_address import KafkaLog, parse_log
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
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("storing: 0 packs")
        packs = 0

        def moved(read: int) -> None:
            nonlocal packs
            packs += read
            progress.update(task, description=f"storing: {packs:,} packs")

        is_stored = _goal(settings)
        while (service := _claim(settings)) is None:
            progress.update(task, description="storing: by the consumer that runs")
            if is_stored():
                return
            time.sleep(LOOK_S)
        try:
            problem = service.drain(moved, is_stored if settings.log else None)
        finally:
            service.stop()
    if problem:
        message = f"not everything is stored, and it is still on the log: {problem}"
        raise LakeError(message)


def _claim(settings: Settings) -> Service | None:
    """Become the consumer, unless one runs."""
    return Service.claim(settings, Metrics(), lambda: adopt_dead(settings.spool), alone=True)


def _goal(settings: Settings) -> Callable[[], bool]:
    """How to tell that what lies on the log now is stored.

    Raises:
        LogError: The broker does not say what lies there.
    """
    log = parse_log(settings.log)
    if not isinstance(log, KafkaLog):
        return lambda: not _lies_in(settings)
    from remit_consumers.source.topic import contents  # noqa: PLC0415 - librdkafka only where it is used

    log_id, ends = contents(log, settings.kafka)
    lake = Lake(settings.lake)
    return lambda: all((lake.position(log_id, number) or 0) >= end for number, end in ends.items())


def _lies_in(settings: Settings) -> bool:
    """Whether packs lie in the spool that no consumer has stored yet."""
    return any(settings.spool.glob("slot-*/*.pack")) or any(settings.spool.glob("slot-*/open-*"))
