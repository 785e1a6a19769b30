"""`remit holds`: legal holds, which keep rows although their time is over."""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError

app = typer.Typer(
    help='Legal holds: rows that stay although their time is over.\n\nExample: remit holds add --ground "case 17" --clause S108b',
    no_args_is_help=True,
)

Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], show_default=False)]
Names = Annotated[list[str] | None, typer.Option(help="May stand several times; else all.")]


@app.command()
def add(  # noqa: PLR0913 - options of a command, named by who types them
    *,
    ground: Annotated[
        str, typer.Option("--ground", help="Why, in words, and never somebody's name.")
    ],
    clause: Annotated[
        str, typer.Option("--clause", help="The sentence or the article that it rests on.")
    ],
    owner: Annotated[
        str | None,
        typer.Option("--owner", help="Who answers for it; else who runs this.", show_default=False),
    ] = None,
    contract: Names = None,
    category: Names = None,
    tenant: Names = None,
    subjects: Annotated[
        bool,
        typer.Option("--subjects", help="Only of subjects on standard input, one a line."),
    ] = False,
    from_day: Day = None,
    to_day: Day = None,
    until: Annotated[
        datetime | None,
        typer.Option("--until", formats=["%Y-%m-%d"], help="Ends by itself on this UTC day."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Place a hold: rows that it lies on neither go, nor lose a field, nor become coarser.

    Example: remit holds add --ground "case 17" --clause S108b --contract payment --until 2028-01-01
    """
    from remit_consumers.lake.holds import Hold, Reach, place  # noqa: PLC0415 - Arrow only where it is used

    settings = settings_of(data)
    reach = Reach(
        contracts=tuple(contract or ()),
        categories=tuple(category or ()),
        tenants=tuple(tenant or ()),
        subjects=_pseudonyms(settings, tenant or [""]) if subjects else (),
        from_day=from_day.date() if from_day else None,
        to_day=to_day.date() if to_day else None,
    )
    hold = Hold(
        *("", ground, clause, owner or os.environ.get("USER", "unknown"), reach),
        placed_at=datetime.now(UTC),
        ends_at=until.replace(tzinfo=UTC) if until else None,
    )
    _told(place(settings.lake, hold).to_dict(), as_json=as_json)


@app.command(name="list")
def listed(*, data: Data = None, as_json: Json = False) -> None:
    """Show every hold, those that ended too.

    Example: remit holds list
    """
    from remit_consumers.lake.holds import holds  # noqa: PLC0415 - Arrow only where it is used

    now = datetime.now(UTC)
    found = [(one, one.is_active(now)) for one in holds(settings_of(data).lake)]
    if as_json:
        print_json({"holds": [one.to_dict() | {"active": active} for one, active in found]})
        return
    table = Table(
        *("hold", "active", "ground", "clause", "owner", "contracts", "ends"),
        title="Legal holds",
        caption=None if found else "none",
    )
    for one, active in found:
        ends = one.lifted_at or one.ends_at
        table.add_row(
            *(one.hold, "yes" if active else "no", one.ground, one.clause, one.owner),
            *(", ".join(one.reach.contracts) or "all", f"{ends:%Y-%m-%d}" if ends else ""),
        )
    Console().print(table)


@app.command()
def end(
    hold: Annotated[str, typer.Argument(help="Its id.")],
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """End a hold: what it kept beyond its time goes at the next sweep.

    Example: remit holds end 3f2a90c4d1e7
    """
    from remit_consumers.lake.holds import lift  # noqa: PLC0415 - Arrow only where it is used

    lifted = lift(settings_of(data).lake, hold, datetime.now(UTC))
    _told(lifted.to_dict(), as_json=as_json)


def _told(facts: dict[str, object], *, as_json: bool) -> None:
    """Say what stands now."""
    if as_json:
        print_json(facts)
    else:
        words = "ended" if facts["lifted_at"] else "holds from now on"
        Console().print(f"{facts['hold']}: {words}")


def _pseudonyms(settings: Settings, tenants: list[str]) -> tuple[str, ...]:
    """Every name under which rows of the subjects on standard input may stand.

    Raises:
        SettingsError: There are none: nobody's rows have these names.
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow only where it is used

    deployment = Deployment.open(settings)
    names, epochs = deployment.names(), deployment.plans().epochs(datetime.now(UTC))
    subjects = [line.strip() for line in sys.stdin if line.strip()]
    found = [
        name for tenant in tenants for one in subjects for name in names.ever(tenant, one, epochs)
    ]
    if not found:
        message = "no rows are stored of these subjects"
        raise SettingsError(message)
    return tuple(sorted(found))
