"""`remit notices`: what recipients and sources are told of erasures, corrections and restrictions, and what they answered."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit.edge import sources as write_keys
from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.tables import cell, whole
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError

app = typer.Typer(
    help="Notices to recipients and sources: who was told of an erasure, a correction or a restriction, and who has answered.\n\nExample: remit notices list",
    no_args_is_help=True,
)


@app.command("list")
def list_(*, data: Data = None, as_json: Json = False) -> None:
    """List the notices: to whom, since when, how often sent, what came back. They name nobody.

    Example: remit notices list --json
    """
    from remit_consumers.erasure.notices import notices  # noqa: PLC0415 - Arrow only where it is used

    now = datetime.now(UTC)
    found = [one.told(now) for one in notices(settings_of(data).lake)]
    if as_json:
        print_json({"notices": found})
        return
    names = ("notice", "to", "kind", "state", "due_at", "tries", "taken_at", "exception")
    table = Table(*whole(*names), title="Notices", caption=None if found else "none")
    for one in found:
        table.add_row(*(cell(one[name]) for name in names))
    Console().print(table)


@app.command()
def send(*, data: Data = None, as_json: Json = False) -> None:
    """Send what is due at once, as a running consumer does every minute: by POST, to a topic, else into the outbox.

    Example: remit notices send
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - as above
    from remit_consumers.erasure.sending import send as send_due  # noqa: PLC0415

    sent = send_due(Deployment.open(settings_of(data)), datetime.now(UTC))
    if as_json:
        print_json({"sent": sent})
    else:
        for to, outcomes in sorted(sent.items()):
            many = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
            Console().print(f"{to}: {many}", highlight=False)
        if not sent:
            Console().print("nothing is due", highlight=False)


@app.command()
def acknowledge(
    notice: Annotated[str, typer.Argument(help="The notice, as `remit notices list` names it.")],
    *,
    exception: Annotated[
        str | None,
        typer.Option(
            "--exception",
            help="Why the party keeps what it has: legal_obligation or independent_authorisation.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Note that a party has done what it was told, or why it need not; its names of the subject go.

    Example: remit notices acknowledge 0123456789abcdef0123456789abcdef
    """
    from remit_consumers.erasure.notices import acknowledge as note  # noqa: PLC0415 - as above
    from remit_consumers.erasure.sending import withdraw_file  # noqa: PLC0415

    settings, now = settings_of(data), datetime.now(UTC)
    done = note(settings.lake, notice, now, exception)
    withdraw_file(settings.data, done)
    if as_json:
        print_json({"notice": done.told(now)})
    else:
        Console().print(f"acknowledged: {done.notice}", highlight=False)


Source = Annotated[
    str, typer.Argument(help="What the source is called: small letters, digits, - _.")
]


@app.command()
def inform(
    source: Source,
    *,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="Where notices go: https://…, http:// on this machine, or kafka: for a topic of its own; else the outbox.",
            show_default=False,
        ),
    ] = "",
    tenant: Annotated[
        list[str] | None,
        typer.Option("--tenant", help="Whose data it may send; again for more, else all."),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Have a source told of erasures, corrections and restrictions from now on; prints the key that it matches names with.

    Example: remit notices inform shop --to https://shop.example/remit-notices
    """
    from remit_consumers.erasure.informed import inform as have_told  # noqa: PLC0415 - Arrow only where it is used

    settings = settings_of(data)
    one = have_told(settings.keys, source, _tenants(settings, source, tenant or []), to)
    if as_json:
        told = {"source": one.name, "tenants": [*one.tenants], "to": one.address}
        print_json(told | {"key": one.key.hex()})
    else:
        typer.echo(one.key.hex())


@app.command()
def sources(*, data: Data = None, as_json: Json = False) -> None:
    """List the sources that are told, never their keys, and the servers with a write key that are not.

    Example: remit notices sources --json
    """
    from remit_consumers.erasure.informed import informed  # noqa: PLC0415 - as above

    settings = settings_of(data)
    found = informed(settings.keys)
    untold = untold_of(settings, {one.name for one in found})
    if as_json:
        told = [{"source": one.name, "tenants": [*one.tenants], "to": one.address} for one in found]
        print_json({"sources": told, "not_told": untold})
        return
    table = Table("source", "tenants", "to", title="Sources that are told")
    for one in found:
        table.add_row(one.name, ", ".join(one.tenants) or "all", one.address or "outbox")
    Console().print(table)
    if untold:
        Console().print(f"not told: {', '.join(untold)}", highlight=False)


@app.command()
def leave_out(source: Source, *, data: Data = None) -> None:
    """Tell a source nothing of what happens from now on, and forget its key; what is due to it stays.

    Example: remit notices leave-out shop
    """
    from remit_consumers.erasure.informed import leave_out as drop  # noqa: PLC0415 - as above

    drop(settings_of(data).keys, source)
    Console().print("left out; what it was not told yet lies in the outbox when it is due")


def untold_of(settings: Settings, told: set[str]) -> list[str]:
    """The servers that have a write key and are told nothing."""
    keys = write_keys.read(settings.data)
    return sorted(one.name for one in keys if one.kind == "server" and one.name not in told)


def _tenants(settings: Settings, source: str, asked: list[str]) -> list[str]:
    """The tenants of a source: those of its write key, where that is one's.

    Raises:
        SettingsError: Its write key is another tenant's.
    """
    bound = {
        one.tenant for one in write_keys.read(settings.data) if one.name == source and one.tenant
    }
    if bound and not set(asked) <= bound:
        raise SettingsError("the write key of this source is another tenant's")
    return sorted(bound) or asked
