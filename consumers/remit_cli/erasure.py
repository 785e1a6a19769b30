"""`remit erasure`: the certificates of erasures, and the erasures that a crash interrupted."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.erasure.certificate import Certificate, certificates_in

_WORDS = {None: "", True: "yes", False: "no"}

app = typer.Typer(
    help="Erasures: their certificates, and what a crash interrupted.\n\nExample: remit erasure list",
    no_args_is_help=True,
)


@app.command("list")
def list_(*, data: Data = None, as_json: Json = False) -> None:
    """List the certificates: when, why, how much went, and what is exempt until when; then what waits. They name nobody.

    Example: remit erasure list --json
    """
    from remit_consumers.erasure.waiting import waiting  # noqa: PLC0415 - Arrow only where it is used

    settings = settings_of(data)
    found = certificates_in(settings.data)
    left = waiting(settings.keys, settings.lake) if settings.keys.exists() else []
    if as_json:
        told = [one.to_dict() for one in left]
        print_json({"certificates": [one.facts for one in found], "waiting": told})
        return
    table = Table(
        "number", "done at", "reason", "subjects", "rows", "kept by law", title="Erasures"
    )
    for one in found:
        rows = sum(each["rows"] for each in one.facts["erased"]["contracts"].values())
        kept = sum(each["rows"] for each in one.facts["kept"])
        cells = (
            one.number,
            one.facts["done_at"],
            one.facts["reason"],
            one.facts["subjects"],
            rows,
            kept,
        )
        table.add_row(*map(str, cells))
    Console().print(table)
    for each in left:
        why = each.why or "it is under way, or no consumer runs"
        Console().print(
            f"not done since {each.since:%Y-%m-%d %H:%M:%S} UTC: {why}", highlight=False
        )


@app.command()
def check(
    file: Annotated[
        Path, typer.Argument(help="A certificate's file.", exists=True, dir_okay=False)
    ],
    *,
    as_json: Json = False,
) -> None:
    """Check a certificate's signature, and show what it says. Exit 1 where the signature does not hold.

    Example: remit erasure check remit-data/certificates/000001.json
    """
    found = Certificate.read(file)
    if as_json:
        print_json({"holds": found.is_signed, "sha256": found.sha256, "facts": found.facts})
    else:
        table = Table(Column("what", overflow="fold"), Column("says", overflow="fold"))
        table.title = f"Certificate {found.number}"
        for name, value in _rows("", found.facts):
            table.add_row(name, value)
        table.add_row("signature", "holds" if found.is_signed else "DOES NOT HOLD")
        Console().print(table)
    raise typer.Exit(0 if found.is_signed else 1)


def _rows(name: str, fact: object) -> Iterator[tuple[str, str]]:
    """A row for each thing that a fact says; what lies within another is named by both, as in ``erased, rows``."""
    if isinstance(fact, list):
        fact = dict(enumerate(fact, 1))
    if not isinstance(fact, Mapping):
        yield name, _WORDS[fact] if fact is None or isinstance(fact, bool) else str(fact)
    elif not fact:
        yield name, "none"
    else:
        for part, value in fact.items():
            yield from _rows(f"{name}, {part}" if name else str(part), value)


@app.command()
def resume(*, data: Data = None, as_json: Json = False) -> None:
    """Finish the erasures that a crash interrupted; a consumer does so at its start.

    Example: remit erasure resume
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.erasure.erase import finish  # noqa: PLC0415

    done = finish(Deployment.open(settings_of(data)), datetime.now(UTC))
    if as_json:
        print_json({"finished": [one.facts for one in done]})
    else:
        Console().print(f"{len(done)} erasures finished" if done else "nothing was interrupted")
