"""`remit quarantine`: what could not be read, why, and reading it after all."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.tables import whole

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would become of it.")]

TIMES = ("since", "readable_until")
"""What of a group of the list is a moment."""

app = typer.Typer(
    help="What could not be read, and why; reading it after all.", no_args_is_help=True
)


@app.command("list")
def list_quarantine(*, data: Data = None, as_json: Json = False) -> None:
    """List what could not be read: why, of which contract, how much, and until when. Never what it says: it is sealed.

    Example: remit quarantine list
    """
    from remit_consumers.lake.commit import Lake  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.lake.held import held_in  # noqa: PLC0415 - as above
    from remit_consumers.lake.reasons import MENDABLE  # noqa: PLC0415 - as above

    lake = Lake(settings_of(data).lake)
    groups = held_in(lake.root)
    if as_json:
        reasons = [
            asdict(one) | {name: _told(getattr(one, name)) for name in TIMES} for one in groups
        ]
        print_json({"quarantined": lake.quarantined(), "reasons": reasons})
        return
    names = ("reason", "contract", "packs", "events", "since", "readable until", "can be mended")
    table = Table(*whole(*names), title="Quarantine", caption=None if groups else "empty")
    for one in groups:
        counts = (
            f"{one.packs:,}",
            f"{one.events:,}",
            *(_told(getattr(one, name)) for name in TIMES),
        )
        mended = "yes" if one.reason in MENDABLE else "no"
        table.add_row(one.reason, one.contract or "unknown", *counts, mended)
    Console().print(table)


def _told(moment: datetime) -> str:
    """A moment in UTC, to the second."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


@app.command("replay")
def replay_quarantine(*, dry_run: DryRun = False, data: Data = None, as_json: Json = False) -> None:
    """Read what can be read by now, by the stricter of what held when it came and what holds now; the rest stays.

    Example: remit quarantine replay --dry-run
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.quarantine.replay import replay  # noqa: PLC0415 - as above

    deployment = Deployment.open(settings_of(data))
    with _shown() as bar:
        done = replay(deployment, datetime.now(UTC), bar, dry_run=dry_run)
        if not dry_run:
            deployment.lake.materialise()
    facts = asdict(done)
    if as_json:
        print_json(facts | {"dry_run": dry_run})
    else:
        _print(facts, is_dry=dry_run)


def _print(done: Mapping[str, Any], *, is_dry: bool) -> None:
    """Say what came of it, as `replay.Outcome` has it."""
    title = "What a replay would do" if is_dry else "Replayed"
    table = Table("what", "events", title=title)
    table.add_row(f"read, of {done['packs']:,} packs", f"{done['events']:,}")
    table.add_row("stored", f"{done['stored']:,}")
    table.add_row("malformed, one by one in quarantine", f"{done['malformed']:,}")
    for reason, events in sorted(done["refused"].items()):
        table.add_row(f"refused: {reason}", f"{events:,}")
    table.add_row("read from another copy", f"{done['resent']:,}")
    table.add_row("expired", f"{done['expired']:,}")
    for reason, events in sorted(done["left"].items()):
        table.add_row(f"left: {reason}", f"{events:,}")
    Console().print(table)


@contextmanager
def _shown() -> "Iterator[_Bar]":
    """Show how far it is, on a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("replaying packs"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield _Bar(progress)


class _Bar:
    """Takes how many packs are stored."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("replaying", total=None)

    def __call__(self, done: int, packs: int) -> None:
        self._progress.update(self._task, completed=done, total=packs)
