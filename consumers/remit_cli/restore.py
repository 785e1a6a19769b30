"""`remit restore`: put a backup back, and apply the erasures that it does not know of."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.backup import open_vault
from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.backup.manifest import read_manifest
from remit_consumers.backup.restoring import restore_lake, restore_vault
from remit_consumers.deployment import Deployment, open_store
from remit_consumers.erasure.erase import apply
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy


def restore(
    backup: Annotated[
        Path | None,
        typer.Argument(
            help="The folder of one backup, of the lake or of the vault.", show_default=False
        ),
    ] = None,
    *,
    apply_erasures: Annotated[
        bool,
        typer.Option(
            "--apply-erasures",
            help="Carry out on the lake every erasure that it does not know of; until then nothing reads it.",
        ),
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Put a backup of the vault or the lake back where none is, and apply the erasures that were done since it was made.

    Example: remit restore /backups/lake/lake-20260305T020000Z --apply-erasures
    """
    if backup is None and not apply_erasures:
        message = "name the folder of a backup, or --apply-erasures for a lake that was put back by other means"
        raise SettingsError(message)
    settings, now = settings_of(data, local=True), datetime.now(UTC)
    facts: dict[str, object] = {}
    if backup is not None:
        facts |= _put_back(settings, backup, now)
    if apply_erasures:
        facts["applied"] = len(apply(Deployment.open(settings, restored=True), now))
    if as_json:
        print_json(facts)
        return
    for name, fact in facts.items():
        Console().print(f"{name.replace('_', ' ')}: {fact}", highlight=False)
    if not apply_erasures and facts.get("restored") == "lake":
        Console().print("next: `remit restore --apply-erasures`; until then nothing reads the lake")


def _put_back(settings: Settings, backup: Path, now: datetime) -> dict[str, object]:
    """Put one backup back; gives what is told of it."""
    manifest = read_manifest(backup)
    facts: dict[str, object] = {
        "restored": manifest.kind,
        "made_at": manifest.made_at.isoformat(),
    }
    if manifest.kind == "lake":
        has_keys = settings.keys.is_dir()  # else none are begun: whoever restores brings them yet
        signer = open_store(settings, find_policy(settings.policy)) if has_keys else None
        restore_lake(settings, backup, now, signer)
        if signer and signer.distrust(manifest.made_at):
            facts["keys"] = (
                "begun later than the backup: `remit keys confirm` once tenants, campaigns and stops are said again"
            )
        return {**facts, "files": len(manifest.files)}
    erased = restore_vault(settings, open_vault(settings), backup, now)
    return {**facts, "secrets": manifest.secrets - erased, "erased_left_out": erased}
