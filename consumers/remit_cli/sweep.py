"""`remit sweep`: what is due by a day, and doing it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.settings import Settings
from remit_schemas.errors import LakeError, SettingsError

Planning = Annotated[bool, typer.Option("--plan", help="Say what is due; nothing is changed.")]
Applying = Annotated[bool, typer.Option("--apply", help="Do what is due now.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="Plan for this UTC day instead of now."),
]


def sweep(
    *,
    planning: Planning = False,
    applying: Applying = False,
    on: On = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what goes by a day, and by which sentence of the policy; or do what is due now.

    Example: remit sweep --plan --on 2027-03-01
    """
    if planning == applying:
        message = "say what to do: --plan, or --apply"
        raise SettingsError(message)
    if applying and on is not None:
        message = "--on is for plans: what is due on another day is not due now"
        raise SettingsError(message)
    settings = settings_of(data)
    if applying:
        _apply(settings, as_json=as_json)
    else:
        _plan(settings, on.replace(tzinfo=UTC) if on else datetime.now(UTC), as_json=as_json)


def _plan(settings: Settings, now: datetime, *, as_json: bool) -> None:
    """Print what is due at a moment."""
    from remit_consumers.deployment import plans_on_record  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.retention.planning import plan  # noqa: PLC0415 - as above

    with shown("sweeping") as progress:
        items = plan(settings.lake, plans_on_record(settings).plan, now, progress)
    if as_json:
        print_json({"on": now.isoformat(), "items": [item.to_dict() for item in items]})
        return
    table = Table(
        *("table", "what", "rows", "subjects", "clause", "at end", "held by"),
        title=f"Due on {now:%Y-%m-%d %H:%M} UTC",
        caption=None if items else "nothing",
    )
    for item in items:
        what = ", ".join(item.fields) or "row"
        words = (item.clause, item.at_end, item.held_by)
        table.add_row(item.table, what, f"{item.rows:,}", item.subjects, *words)
    Console().print(table)


def _apply(settings: Settings, *, as_json: bool) -> None:
    """Sweep, rebuild the views that held what went, and say what was done.

    Raises:
        LakeError: Another process maintains the lake, or it cannot be written.
    """
    from remit_cli.swept import facts_of, lines_of  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.deployment import plans_on_record  # noqa: PLC0415 - as above
    from remit_consumers.lake.commit import Lake  # noqa: PLC0415 - as above
    from remit_consumers.lake.vacuum import Vacuum  # noqa: PLC0415 - as above
    from remit_consumers.retention.sweep import Sweep  # noqa: PLC0415 - as above
    from remit_consumers.views.renewing import renew  # noqa: PLC0415 - as above

    now = datetime.now(UTC)
    with shown("sweeping") as progress:
        plans = plans_on_record(settings)
        done = Sweep(settings.lake, plans.plan, Vacuum(), progress=progress).apply(now)
        if done is None:
            message = "another process maintains the lake at this moment; a consumer that runs sweeps by itself"
            raise LakeError(message)
        views = renew(settings, plans.policy(plans.newest), lambda: now, progress)
        Lake(settings.lake).materialise()
    if as_json:
        print_json(facts_of(done) | {"views": views})
    else:
        for line in lines_of(done, views):
            Console().print(line)
    if done.uncut:
        raise LakeError("; ".join(done.uncut))


@contextmanager
def shown(doing: str) -> "Iterator[_Told]":
    """Show what is being worked on, on a terminal.

    Args:
        doing: What is done with each table, such as `sweeping`.
    """
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        yield _Told(progress, doing)


class _Told:
    """Takes the names of tables as they come."""

    def __init__(self, progress: Progress, doing: str) -> None:
        self._progress, self._doing = progress, doing
        self._task = progress.add_task(doing)

    def __call__(self, name: str) -> None:
        self._progress.update(self._task, description=f"{self._doing} {name}")
