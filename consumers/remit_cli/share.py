"""`remit share` and `remit disclosures`: what leaves for a recipient of the policy, and the record of it."""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.stopping import asked_to_stop
from remit_cli.tables import cell, whole
from remit_consumers.deployment import Deployment
from remit_consumers.sharing.disclosures import history, told
from remit_consumers.sharing.following import Door, Folders, Follower
from remit_consumers.sharing.formats import Format
from remit_consumers.sharing.in_force import InForce
from remit_consumers.sharing.share import planned
from remit_consumers.sharing.share import share as hand_over
from remit_consumers.sharing.terms import Asked
from remit_schemas.errors import KeysOutOfReach, LakeError, LogError, PolicyError, SettingsError
from remit_schemas.log_address import KafkaLog, parse_log

FOLLOW_EVERY_S = 1.0
"""Seconds between two looks at the lake: rows are there within a second, and a look costs some milliseconds."""

app = typer.Typer(
    help="Who got what: the record of what left.\n\nExample: remit disclosures list",
    no_args_is_help=True,
)


@app.callback()
def _disclosures() -> None:
    """Who got what: the record of what left."""


def share(  # noqa: PLR0913 - options of a command, named by who types them
    recipient: Annotated[str, typer.Argument(help="A recipient of the policy.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Folder to make; else RECIPIENT-TIME here.", show_default=False),
    ] = None,
    from_day: Annotated[
        str, typer.Option("--from", help="First UTC day of collection.", metavar="YYYY-MM-DD")
    ] = "",
    to_day: Annotated[
        str, typer.Option("--to", help="Last UTC day of collection.", metavar="YYYY-MM-DD")
    ] = "",
    tenant: Annotated[
        str, typer.Option("--tenant", help="Whose data; a single shop needs none.")
    ] = "",
    order: Annotated[
        str, typer.Option("--order", help="Reference of the order or case file.")
    ] = "",
    approver: Annotated[str, typer.Option("--approver", help="Who approved it.")] = "",
    plan: Annotated[
        bool, typer.Option("--plan", help="Say what would leave; nothing does.")
    ] = False,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Go on: what is new goes out, to --out or its own topic."),
    ] = False,
    form: Annotated[
        Format, typer.Option("--format", help="Format of files of rows.")
    ] = Format.PARQUET,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Hand over what a recipient of the policy may get: its fields, of those who may, under names of its own.

    Everything is on record before the folder can be seen; whoever is not named in the policy gets nothing.

    Example: remit share usage-analysis-services --from 2026-03-01 --to 2026-03-07 --out report
    """
    now = datetime.now(UTC)
    asked = Asked(recipient, tenant, _day(from_day), _day(to_day), order, approver, form)
    deployment = InForce(Deployment.open(settings_of(data, local=True))).at(now.date())
    if follow:
        _follow(deployment, asked, out)
        return
    place = out or Path(f"{recipient}-{now:%Y%m%dT%H%M%SZ}")
    done = (
        planned(deployment, asked, now)
        if plan
        else hand_over(deployment, asked, place.absolute(), now)
    )
    _show({"recipient": recipient} | done.to_dict(), as_json=as_json)


@app.command("list")
def listed(*, data: Data = None, as_json: Json = False) -> None:
    """List what left and what was refused, the oldest first.

    Example: remit disclosures list --json
    """
    rows = [
        told(row)
        for row in history(settings_of(data, local=True).lake, datetime.now(UTC)).to_pylist()
    ]
    if as_json:
        print_json({"disclosures": rows})
        return
    Console().print(_table("Disclosures", rows))


def _follow(deployment: Deployment, asked: Asked, out: Path | None) -> None:
    """Let out what is new, turn by turn, until a signal asks for the end."""
    door = _door(deployment, asked, out)
    follower = Follower(deployment, asked, door)
    rows = 0
    with asked_to_stop() as stop:
        typer.echo(f"remit: sharing with {asked.recipient}; Ctrl-C stops", err=True)
        while not stop.is_set():
            try:
                rows += follower.turn(datetime.now(UTC))
            except (LakeError, LogError, KeysOutOfReach, PolicyError) as error:
                typer.echo(f"remit: {error}; trying again", err=True)
            stop.wait(FOLLOW_EVERY_S)
    typer.echo(f"remit: {rows} rows went out", err=True)


def _door(deployment: Deployment, asked: Asked, out: Path | None) -> Door:
    """Where it goes out: a folder that is named, else the recipient's topic."""
    log = parse_log(deployment.settings.log)
    if out is not None:
        return Folders(out.absolute())
    if not isinstance(log, KafkaLog):
        message = "on the embedded log a share that goes on needs --out FOLDER"
        raise SettingsError(message)
    if asked.form is not Format.PARQUET:
        raise SettingsError("--format is of files: name --out FOLDER; a topic has Avro messages")
    from remit_consumers.sharing.registered import registering  # noqa: PLC0415 - only with a broker
    from remit_consumers.sharing.stream import TopicDoor  # noqa: PLC0415 - as above

    ids = registering(os.environ.get("REMIT_REGISTRY"))
    return TopicDoor(log, asked.recipient, deployment.settings.kafka, ids)


def _show(facts: Mapping[str, object], *, as_json: bool) -> None:
    """Print what left, or would."""
    if as_json:
        print_json(facts)
        return
    place, parts = facts["out"], facts["parts"]
    title = f"Left: {place}" if place else "Would leave"
    Console().print(_table(title, parts if isinstance(parts, list) else []))


SHOWN = ("made_at", "recipient", "purpose", "contract", "rows", "subjects", "outcome", "reason")
"""What a terminal shows of a disclosure; --json gives all."""


def _table(title: str, rows: list[dict[str, object]]) -> Table:
    table = Table(*whole(*SHOWN, "held back"), title=title, caption=None if rows else "nothing")
    for row in rows:
        held = row["held_back"]
        words = (
            ", ".join(f"{name}: {count}" for name, count in held.items())
            if isinstance(held, dict)
            else ""
        )
        table.add_row(*(cell(row[name]) for name in SHOWN), words)
    return table


def _day(text: str) -> date | None:
    """Read a day."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        message = "a day is written YYYY-MM-DD"
        raise SettingsError(message) from None
