"""`remit backup`: the lake and the vault, each apart, each with an end; and what of erased subjects is still in one."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.prove import hidden
from remit_cli.tables import whole
from remit_consumers.backup.making import make_lake, make_vault
from remit_consumers.backup.manifest import Manifest, read_manifest
from remit_consumers.backup.shelf import BeyondUse, Listed, beyond_use, listed
from remit_consumers.backup.shelf import prune as prune_shelf
from remit_consumers.backup_keys import VAULT_LIVES
from remit_consumers.deployment import open_store
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_consumers.vault.witness import Witness
from remit_schemas.policy import find_policy

app = typer.Typer(
    help="Backups of the lake and, apart from it, of the vault; each has an end.\n\nExample: remit backup make /backups/lake",
    no_args_is_help=True,
)

Shelf = Annotated[Path, typer.Argument(help="The folder of backups; each is a folder in it.")]


def open_vault(settings: Settings, witness: Witness | None = None) -> Vault:
    """Open the vault alone; without a witness also beside a lake whose vault is gone: it is about to be restored."""
    keys = open_store(settings, find_policy(settings.policy))
    return Vault.open(settings.vault, keys.index_key, witness)


@app.command()
def make(shelf: Shelf, *, data: Data = None, as_json: Json = False) -> None:
    """Back the lake up while consumers go on: tables and certificates, never keys, vault, spool or the ledger of erasures.

    Example: remit backup make /backups/lake
    """
    _told(make_lake(settings_of(data, local=True), shelf, _now()), as_json=as_json)


@app.command()
def vault(shelf: Shelf, *, data: Data = None, as_json: Json = False) -> None:
    """Back the vault up, sealed under a key in REMIT_KEYS that is destroyed after 14 days: then no copy opens any more.

    Example: remit backup vault /elsewhere/vault
    """
    settings = settings_of(data, local=True)
    vault_ = open_vault(settings, Witness(settings.keys))
    _told(make_vault(settings, vault_, shelf, _now()), as_json=as_json)


@app.command("list")
def list_backups(
    shelf: Annotated[
        Path | None, typer.Argument(help="The folder of backups.", show_default=False)
    ] = None,
    *,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """List the backups in a folder, and how many erased subjects are beyond use: their secret is in a living backup of the vault.

    Example: remit backup list /backups/lake
    """
    found = listed(shelf) if shelf else []
    beyond = beyond_use(settings_of(data, local=True).keys, _now())
    if as_json:
        backups = [{"name": one.name, **_facts(one.manifest)} for one in found]
        print_json({"backups": backups, "beyond_use": _beyond(beyond)})
        return
    if shelf:
        _show(found)
    Console().print(_sentence(beyond), highlight=False)


@app.command()
def prune(shelf: Shelf, *, data: Data = None, as_json: Json = False) -> None:
    """Delete the backups whose time is over, and destroy their keys.

    Example: remit backup prune /elsewhere/vault
    """
    gone = prune_shelf(shelf, settings_of(data, local=True).keys, _now())
    if as_json:
        print_json({"deleted": gone})
    else:
        Console().print(f"{len(gone)} deleted{': ' if gone else ''}{', '.join(gone)}")


def _now() -> datetime:
    """Now, to the second: backups are named by it."""
    return datetime.now(UTC).replace(microsecond=0)


def _told(folder: Path, *, as_json: bool) -> None:
    """Print what was made."""
    manifest = read_manifest(folder)
    if as_json:
        print_json({"backup": str(folder), **_facts(manifest)})
        return
    what = f"{len(manifest.files)} files, {decimal(manifest.size)}"
    Console().print(f"{folder} made: {what}; may be restored until {manifest.keep_until:%Y-%m-%d}")


def _facts(manifest: Manifest) -> dict[str, object]:
    """What `--json` prints of a backup; its list of files stays in the manifest."""
    facts = manifest.model_dump(mode="json", exclude={"files", "format"})
    return {**facts, "files": len(manifest.files), "bytes": manifest.size}


def _beyond(beyond: BeyondUse) -> Mapping[str, object]:
    """What `--json` prints of those who are beyond use."""
    return {
        "subjects": hidden(beyond.subjects) if beyond.subjects else 0,
        "since": beyond.since.isoformat() if beyond.since else None,
        "until": beyond.until.isoformat() if beyond.until else None,
        "vault_backups": [made_at.isoformat() for made_at in beyond.backups],
    }


def _sentence(beyond: BeyondUse) -> str:
    """Who is beyond use, for people."""
    kept = f"{len(beyond.backups)} living backups of the vault (each for {VAULT_LIVES.days} days)"
    if not beyond.subjects or beyond.until is None:
        return f"{kept}; no erased subject is in one"
    return f"{kept}; beyond use until {beyond.until:%Y-%m-%d}: {hidden(beyond.subjects)} erased subjects at most"


def _show(found: list[Listed]) -> None:
    """Print the backups in a folder as a table."""
    table = Table(*whole("backup", "of", "made at", "until", "size"), title="Backups")
    table.caption = None if found else "none: `remit backup make` makes one of the lake"
    for one in found:
        what = one.manifest
        times = (f"{moment:%Y-%m-%d %H:%M} UTC" for moment in (what.made_at, what.keep_until))
        table.add_row(one.name, what.kind, *times, decimal(what.size))
    Console().print(table)
