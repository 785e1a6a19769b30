"""`remit sources`: write keys, with which browsers and servers may send to the edge."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit.edge import sources
from remit_cli.options import Data, Json, print_json, settings_of

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
    data: Data = None,
) -> None:
    """Make a write key and print it once; only its SHA-256 is kept.

    Example: remit sources add shop --origin https://shop.example
    """
    folder = settings_of(data).data
    made = sources.add(folder, name, kind=kind, origins=origin or (), rate=rate)
    if tenant is not None:
        sources.bind(folder, name, tenant)  # before anybody knows the key
    typer.echo(made)


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
            }
            for key in keys
        ]
        print_json({"sources": shown})
        return
    table = Table("source", "kind", "origins", "events/s", "since", "tenant", title="Sources")
    for key in keys:
        facts = f"{key.rate:g}", key.added_on, key.tenant or ""
        table.add_row(key.name, key.kind, "\n".join(key.origins), *facts)
    Console().print(table)


@app.command()
def revoke(name: Name, *, data: Data = None) -> None:
    """Take a write key away; a running edge refuses it within a second.

    Example: remit sources revoke shop
    """
    sources.revoke(settings_of(data).data, name)
    Console().print("revoked; a running edge refuses its key within a second")
