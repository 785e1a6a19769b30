"""Options that many commands share, and how they print."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from remit_consumers.access.roles import Role
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Data folder; else REMIT_DATA, else ./remit-data.", show_default=False
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON for programs instead of tables for people.")
]
BoundTo = Annotated[
    str | None,
    typer.Option(
        "--tenant",
        help="Binds to this tenant: of others nothing is seen or done, nor of the whole.",
        show_default=False,
    ),
]
Policy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        envvar="REMIT_POLICY",
        help="A policy file, name or name/version.",
        show_default=False,
    ),
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Return only when everything is stored in the lake.")
]

As = Annotated[
    Role,
    typer.Option(
        "--role",
        help="What whoever opens the dashboard here is, or with the printed address: see docs/access.md.",
    ),
]
Officer = Annotated[bool, typer.Option("--officer", help="The same as --role privacy_officer.")]

Subject = Annotated[
    str, typer.Argument(metavar="-", help="A dash: the subject is read from standard input.")
]
Tenant = Annotated[str, typer.Option("--tenant", help="Whose customer it is.")]


def settings_of(data: Path | None, *, local: bool = False) -> Settings:
    """Read the settings of this call: the option wins over the environment.

    Args:
        data: The data folder that was named, if one was.
        local: Whether the command needs the lake in a local folder.

    Raises:
        SettingsError: It does, and the lake lies on an object store.
    """
    settings = Settings.from_env(os.environ, data=data)
    if settings.lake_at and local:
        message = (
            "this command needs a lake in a local folder, and REMIT_LAKE names an object store: docs/operations.md has what "
            "works there"
        )
        raise SettingsError(message)
    return settings


def print_json(facts: Mapping[str, object]) -> None:
    """Print facts for programs: one JSON object, keys as they come."""
    sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n")


def read_subject(subject: str) -> str:
    """Read the subject from standard input.

    Raises:
        SettingsError: It stands as an argument, where others can see it, or nobody is named.
    """
    if subject != "-":
        message = "a subject comes on standard input, never as an argument: write - and pipe it in"
        raise SettingsError(message)
    named = sys.stdin.readline().strip()
    if not named:
        message = "no subject on standard input"
        raise SettingsError(message)
    return named
