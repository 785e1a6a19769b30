"""`remit keys`: the epochs' keys, and the signed bundle that producers need."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.keys import KeyStore
from remit_schemas.errors import KeysUnconfirmed, SettingsError
from remit_schemas.policy import find_policy

app = typer.Typer(
    help="Keys of the epochs: status, rotate, export the bundle for producers.",
    no_args_is_help=True,
)

Category = Annotated[str, typer.Argument(help="A data category, such as user.device.ip_address.")]


def _store(data: Path | None, *, is_beginning: bool = False) -> KeyStore:
    """Open the key store of this call; begin another beside a lake only where that `is_beginning` one on purpose."""
    settings = settings_of(data)
    from remit_consumers.deployment import open_keys, open_store  # noqa: PLC0415 - Arrow and Delta only where they are used

    opened = open_store if is_beginning else open_keys
    return opened(settings, find_policy(settings.policy))


@app.command()
def status(*, data: Data = None, as_json: Json = False) -> None:
    """Show the epochs: which one seals now, which still open, which are destroyed.

    Example: remit keys status
    """
    keys = _store(data).status(datetime.now(UTC))
    if as_json:
        print_json(keys.to_dict())
        return
    table = Table("epoch", "state", "seals until", "destroyed at", title="Epochs")
    table.caption = None if keys.epochs else "no keys yet: `remit up`, `run` or `import` makes them"
    for epoch in keys.epochs:
        times = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (epoch.not_after, epoch.destroy_at))
        table.add_row(epoch.epoch, epoch.state, *times)
    Console().print(table)
    if keys.visitors:
        days = Table("visitors of", "destroyed at", title="Keys of visitors without an account")
        for day in keys.visitors:
            days.add_row(f"{day.day}", f"{day.destroy_at:%Y-%m-%d %H:%M} UTC")
        Console().print(days)
    Console().print(f"stopped: {', '.join(keys.stopped) or 'nothing'}")
    Console().print(f"producers trust {keys.verify_key}")


@app.command()
def rotate(*, data: Data = None) -> None:
    """Begin a new epoch now; what is due is destroyed. Where the keys of older data are lost, it awaits `keys confirm`.

    Example: remit keys rotate
    """
    from remit_consumers.reach import holds_data  # noqa: PLC0415 - Arrow and Delta only where they are used

    store = _store(data, is_beginning=True)
    bundle = store.rotate(datetime.now(UTC), is_beside_older=holds_data(settings_of(data)))
    Console().print(f"epoch {bundle.epoch} seals until {bundle.not_after:%Y-%m-%d %H:%M} UTC")
    try:
        store.check_confirmed()
    except KeysUnconfirmed as error:
        Console().print(str(error))


@app.command()
def confirm(*, data: Data = None) -> None:
    """Confirm, where keys were begun anew beside older data, that tenants, campaigns and stops are said again.

    Example: remit keys confirm
    """
    store = _store(data)
    register = store.confirm()
    stopped = ", ".join(store.status(datetime.now(UTC)).stopped) or "nothing"
    whom = (
        f"{len(register.tenants)} tenants"
        if register.tenants
        else "everybody: no tenant is registered"
    )
    Console().print(
        f"confirmed: open for {whom}; {len(register.campaigns)} campaigns; stopped: {stopped}"
    )


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where to write the bundle.")], *, data: Data = None
) -> None:
    """Write the signed bundle that producers on other machines need.

    Example: remit keys export bundle.json
    """
    store = _store(data)
    store.ensure(datetime.now(UTC))
    try:
        written = store.export_bundle(file)
    except OSError as error:
        message = f"{file} cannot be written: {error.strerror}"
        raise SettingsError(message) from None
    Console().print(f"{written} written")


@app.command()
def stop(category: Category, *, data: Data = None) -> None:
    """Stop a category everywhere (the kill switch): producers refuse events that carry it.

    Example: remit keys stop user.device.ip_address
    """
    _store(data).stop(category)
    Console().print(f"{category} is stopped; running producers learn it with the next bundle")


@app.command()
def start(category: Category, *, data: Data = None) -> None:
    """Allow a stopped category again, as far as the policy does.

    Example: remit keys start user.device.ip_address
    """
    _store(data).start(category)
    Console().print(f"{category} is no longer stopped")
