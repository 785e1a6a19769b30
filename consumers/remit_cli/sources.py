"""`remit sources`: write keys, with which browsers and servers may send to the edge."""

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit.edge import sources
from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.deployment import contracts_of
from remit_consumers.settings import Settings
from remit_schemas.errors import RemitError, SettingsError

app = typer.Typer(
    help="Write keys of the edge: who may send, from where, how much.\n\nExample: remit sources add shop --origin https://shop.example",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="What the source is called, for people.")]


@app.command()
def add(  # noqa: PLR0913  # one for each thing that a key says, all but the first by name
    name: Name,
    *,
    origin: Annotated[
        list[str] | None,
        typer.Option(
            "--origin", help="A page that may send, as https://shop.example; again for more."
        ),
    ] = None,
    kind: Annotated[
        sources.Kind, typer.Option("--kind", help="What sends.")
    ] = sources.Kind.BROWSER,
    rate: Annotated[
        float, typer.Option("--rate", help="Events a second on average; twice as many at once.")
    ] = sources.RATE_DEFAULT,
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", help="Whose data everything is that comes with this key."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", help="When it ends: a day (its beginning), or a time, in UTC."),
    ] = None,
    contract: Annotated[
        list[str] | None,
        typer.Option("--contract", help="All that may be sent with it; again for more."),
    ] = None,
    data: Data = None,
) -> None:
    """Make a write key and print it once; only its SHA-256 is kept.

    Example: remit sources add shop --origin https://shop.example --until 2027-12-31
    """
    settings = settings_of(data)
    end = None if until is None else _time(until)
    _check_contracts(settings, contract or ())
    made = sources.add(settings.data, name, kind=kind, origins=origin or (), rate=rate)
    try:  # before anybody knows the key
        if tenant is not None:
            sources.bind(settings.data, name, tenant)
        if end is not None:
            sources.end(settings.data, name, end)
        if contract:
            sources.limit(settings.data, name, contract)
    except RemitError:
        sources.revoke(settings.data, name)
        raise
    typer.echo(made)


def _time(text: str) -> datetime:
    """Read a day or a time, which is of UTC where it says nothing else.

    Raises:
        SettingsError: It is none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError("--until is a day or a time, as 2027-12-31T18:00") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _check_contracts(settings: Settings, wanted: Collection[str]) -> None:
    """Refuse contracts that nobody knows: a key for a misspelt one could send nothing.

    Raises:
        RemitError: One is unknown, or the contracts cannot be read.
    """
    known = contracts_of(settings.policy).names if wanted else ()
    if lost := [name for name in wanted if name not in known]:
        raise SettingsError(
            f"{len(lost)} of --contract is no contract; there are {', '.join(sorted(known))}"
        )


@app.command(name="list")
def listed(*, data: Data = None, as_json: Json = False) -> None:
    """Show the sources; never their keys.

    Example: remit sources list
    """
    keys = sources.read(settings_of(data).data)
    if as_json:
        shown = [
            {
                "name": key.name,
                "kind": str(key.kind),
                "origins": [*key.origins],
                "rate": key.rate,
                "added_on": key.added_on,
                "tenant": key.tenant,
                "until": key.until,
                "contracts": [*key.contracts],
            }
            for key in keys
        ]
        print_json({"sources": shown})
        return
    names = ("source", "kind", "origins", "events/s", "since", "until", "tenant", "contracts")
    table = Table(*names, title="Sources")
    for key in keys:
        facts = f"{key.rate:g}", key.added_on, key.until or "", key.tenant or ""
        what = "\n".join(key.contracts)
        table.add_row(key.name, key.kind, "\n".join(key.origins), *facts, what)
    Console().print(table)


@app.command()
def revoke(name: Name, *, data: Data = None) -> None:
    """Take a write key away; a running edge refuses it within a second.

    Example: remit sources revoke shop
    """
    sources.revoke(settings_of(data).data, name)
    Console().print("revoked; a running edge refuses its key within a second")
