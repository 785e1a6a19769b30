"""`remit transfer`: hand the controller's papers over, and check them with nothing but the bundle."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of

app = typer.Typer(
    help="A change of the controller: policy, tags, consents and receipts in a folder that proves itself."
    "\n\nExample: remit transfer make handover --to successor --contact privacy@example.com",
    no_args_is_help=True,
)

Folder = Annotated[Path, typer.Argument(help="The folder of the bundle.")]


@app.callback()
def _transfer() -> None:
    """A change of the controller: policy, tags, consents and receipts in a folder that proves itself."""


@app.command()
def make(
    folder: Folder,
    *,
    to: Annotated[str, typer.Option("--to", help="The policy's recipient of role successor.")],
    contact: Annotated[
        str, typer.Option("--contact", help="Name and contact that people are told.")
    ],
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make the bundle, signed; that it was made is on record first.

    Example: remit transfer make handover --to successor --contact privacy@example.com
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.sharing.transfer import make as made  # noqa: PLC0415 - as above

    deployment = Deployment.open(settings_of(data, local=True))
    manifest = made(deployment, folder.absolute(), (to, contact), datetime.now(UTC))
    if as_json:
        print_json(manifest)
    else:
        Console().print(
            f"{folder}: for {to}, {manifest['consents']} consents; check it with remit transfer verify"
        )


@app.command()
def verify(
    folder: Folder,
    *,
    successor: Annotated[
        Path | None,
        typer.Option(
            "--successor",
            help="The successor's policy file: which consents it must ask for anew.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a bundle with nothing but the bundle; exit 1 if anything in it is not what was signed.

    Example: remit transfer verify handover --successor our-policy.yaml
    """
    from remit_consumers.deployment import contracts_of  # noqa: PLC0415 - as above
    from remit_consumers.sharing.transferred import invalidated  # noqa: PLC0415 - as above
    from remit_consumers.sharing.transferred import verify as verified  # noqa: PLC0415 - as above
    from remit_schemas.policy import find_policy  # noqa: PLC0415 - as above

    found = verified(folder)
    anew = {}
    if successor is not None and found.holds:
        anew = dict(invalidated(folder, find_policy(str(successor)), contracts_of(str(successor))))
    checks = {name: {"holds": not words, "detail": words} for name, words in found.checks.items()}
    if as_json:
        print_json(
            {
                "holds": found.holds,
                "checks": checks,
                "verify_key": found.verify_key,
                "invalidated": anew,
            }
        )
    else:
        typer.echo(f"signed by {found.verify_key}")  # on a line of its own: people compare it
        table = Table("check", "")
        for name, words in found.checks.items():
            table.add_row(name, words or "holds")
        for purpose, count in anew.items():
            table.add_row(f"ask anew: {purpose}", f"{count} consents")
        Console().print(table)
    raise typer.Exit(0 if found.holds else 1)
