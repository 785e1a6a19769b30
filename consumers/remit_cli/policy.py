"""`remit policy`: whether a policy can be used, and what it says of each field."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.exporting import export
from remit_cli.options import Json, print_json
from remit_consumers.deployment import contracts_of
from remit_schemas.check import check as problems_of
from remit_schemas.expiry import endings
from remit_schemas.explain import explain as explanation_of
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

app = typer.Typer(help="Check, explain or export a policy.", no_args_is_help=True)
app.command()(export)

Policy = Annotated[
    str | None,
    typer.Option(
        "--policy",
        envvar="REMIT_POLICY",
        help="A policy file, name or name/version.",
        show_default=False,
    ),
]


@app.command()
def check(*, policy: Policy = None, as_json: Json = False) -> None:
    """Check that a policy can be used with every contract, and that none has ended. Exit code 1 where not.

    Example: remit policy check --policy policies/mine/2026-01-01.yaml
    """
    found = find_policy(policy)
    contracts = contracts_of(policy)
    ends = list(endings(contracts, datetime.now(UTC).date()))
    problems = problems_of(found, contracts) + [end.words for end in ends if end.is_over]
    notes = [end.words for end in ends if not end.is_over]
    if as_json:
        print_json(
            {
                "policy": found.name,
                "version": found.version,
                "sha256": found.sha256,
                "problems": problems,
                "notes": notes,
            }
        )
    elif problems:
        Console().print("\n".join(problems + notes), markup=False)
    else:
        Console().print(
            f"{found.name} {found.version} can be used: every rule compiles, every clause has a sentence's number."
        )
        Console().print("\n".join(notes), markup=False, end="\n" if notes else "")
    raise typer.Exit(1 if problems else 0)


@app.command()
def explain(
    contract: Annotated[str, typer.Argument(help="A contract, such as page_view.")],
    *,
    policy: Policy = None,
    as_json: Json = False,
) -> None:
    """Say for every field of a contract what becomes of it, why, for what, and for how long.

    Example: remit policy explain page_view
    """
    explained = explanation_of(
        compile_plan(contracts_of(policy).by_name(contract), find_policy(policy))
    ).to_json()
    if as_json:
        print_json(explained)
        return
    _print_table(explained)


def _print_table(explained: Mapping[str, object]) -> None:
    """A table that a lawyer can read: one field a row, three questions answered."""
    title = f"{explained['contract']} under {explained['policy']} {explained['policy_version']}"
    table = Table(title=title, show_lines=True)
    table.add_column("what it is", ratio=2)
    table.add_column("what becomes of it, and why", ratio=4)
    table.add_column("what for, on which ground, how long", overflow="fold", ratio=3)
    fields = explained["fields"]
    for name, row in (fields if isinstance(fields, dict) else {}).items():
        what = f"[bold]{name}[/]\n{row['meaning']}"
        table.add_row(what, f"{_what_happens(row)}\n[dim]{row['reason']}[/]", _what_for(row))
    if isinstance(said := explained["pseudonyms"], dict):
        table.caption = (
            f"Subjects get another pseudonym every {said['rotate_every']} "
            f"({said['clause']}: {said['reason']})"
        )
    Console().print(table)
    said = {"Floor": explained["floor"], "Volume": explained["volume"]}
    signals = explained["signals"]
    said |= (
        {f"Signal {name}": words for name, words in signals.items()}
        if isinstance(signals, dict)
        else {}
    )
    for title, words in said.items():
        if words:
            Console().print(f"[bold]{title}.[/] {words}")


KEPT = {"keep": "Kept as it is.", "refuse": "Refused."}
"""What is said where no reducer says what it does."""


SHOWN_MAX = 24
"""Entries of a list that are shown in a table; `--json` gives all."""


def _what_happens(row: Mapping[str, object]) -> str:
    """Kept, made smaller by what, or refused; and the sentence that says so."""
    happens = str(row["effect"] or KEPT.get(str(row["decision"]), row["decision"]))
    parameters = row["parameters"]
    if isinstance(parameters, dict) and parameters:
        said = (f"{name} {_listed(value)}" for name, value in parameters.items() if value != [])
        happens += f" ({', '.join(said)})".replace(" ()", "")
    if not row["clause"]:
        return happens
    return (
        f"{happens}\n[bold]{row['clause']}[/]{': ' if row['summary'] else ''}{row['summary'] or ''}"
    )


def _what_for(row: Mapping[str, object]) -> str:
    """The purposes a line each, those that need consent marked; then ground and time."""
    purposes, optional = row["purposes"], row["optional_purposes"]
    if not isinstance(purposes, list) or not isinstance(optional, list) or not purposes:
        return "nothing"
    lines = [f"{key}{' (if agreed)' if key in optional else ''}" for key in purposes]
    return "\n".join([*lines, f"ground: {row['basis']}", f"kept {row['keep_for']}"])


def _listed(value: object) -> str:
    """A parameter as people write it; of a long list, how long it is."""
    if not isinstance(value, list):
        return str(value)
    return ", ".join(map(str, value)) if len(value) <= SHOWN_MAX else f"{len(value)} entries"
