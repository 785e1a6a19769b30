"""`remit policy`: whether a policy can be used, and what it says of each field."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Json, print_json
from remit_consumers.deployment import contracts_of
from remit_schemas.explain import check as problems_of
from remit_schemas.explain import explain as explanation_of
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

app = typer.Typer(help="Check a policy; explain what it does to each field.", no_args_is_help=True)

Policy = Annotated[
    str | None,
    typer.Option("--policy", envvar="REMIT_POLICY", help="A policy file, name or name/version.", show_default=False),
]


@app.command()
def check(*, policy: Policy = None, as_json: Json = False) -> None:
    """Check that a policy can be used with every contract. Exit code 1 where it cannot.

    Example: remit policy check --policy policies/mine/2026-01-01.yaml
    """
    found = find_policy(policy)
    problems = problems_of(found, contracts_of(policy))
    if as_json:
        print_json({"policy": found.name, "version": found.version, "sha256": found.sha256, "problems": problems})
    elif problems:
        Console().print("\n".join(problems), markup=False)
    else:
        Console().print(f"{found.name} {found.version} can be used: every rule compiles, every clause is on record.")
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
    explained = explanation_of(compile_plan(contracts_of(policy).by_name(contract), find_policy(policy))).to_json()
    if as_json:
        print_json(explained)
        return
    _print_table(explained)


def _print_table(explained: dict[str, object]) -> None:
    """A table that a lawyer can read: one field a row."""
    table = Table(
        "field",
        "what it is",
        "what happens",
        "for (necessity)",
        "ground",
        "kept",
        "clause",
        title=f"{explained['contract']} under {explained.get('policy', 'policy')} {explained['policy_version']}",
        show_lines=True,
    )
    fields = explained["fields"]
    for name, row in (fields if isinstance(fields, dict) else {}).items():
        table.add_row(
            name,
            str(row["category"]),
            _what_happens(row),
            "\n".join(map(str, row["purposes"])) + (f"\n({row['necessity']})" if row["necessity"] else ""),
            str(row["basis"] or "–"),
            str(row["keep_for"] or "–"),
            str(row["clause"] or "–"),
        )
    Console().print(table)


def _what_happens(row: dict[str, object]) -> str:
    """Kept, reduced by what, or refused and why."""
    if row["reducer"]:
        return f"reduced: {row['reducer']}"
    return "kept" if row.get("decision") == "keep" else f"refused: {row.get('reason', '')}"
