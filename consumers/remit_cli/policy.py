"""`remit policy`: whether a policy can be used, and what it says of each field."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from remit_cli.attaching import attach, attached
from remit_cli.comparing import diff
from remit_cli.covering import coverage
from remit_cli.exporting import export
from remit_cli.options import Data, Json, Policy, print_json, settings_of
from remit_consumers.deployment import contracts_of
from remit_schemas.check import check as problems_of
from remit_schemas.expiry import endings
from remit_schemas.explain import explain as explanation_of
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy
from remit_schemas.profile import profiles_of

app = typer.Typer(
    help="Check a policy; explain what it does to each field; compare versions; export it; hold it against its text.",
    no_args_is_help=True,
)
app.command("diff")(diff)
app.command()(export)

app.command("coverage")(coverage)
app.command("attach")(attach)


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
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say for every field of a contract what becomes of it, why, for what, and for how long.

    Example: remit policy explain page_view
    """
    explained = explanation_of(
        compile_plan(contracts_of(policy).by_name(contract), find_policy(policy))
    ).to_json()
    _add_texts(explained, attached(settings_of(data).data, policy))
    if as_json:
        print_json(explained)
        return
    _print_table(explained)


def _add_texts(explained: Mapping[str, object], texts: Mapping[str, str]) -> None:
    """Put the attached sentences beside the fields that rest on them; without a text nothing changes."""
    fields = explained["fields"]
    for row in fields.values() if texts and isinstance(fields, dict) else ():
        row["text"] = texts.get(str(row["clause"])[:SENTENCE])


@app.command()
def functions(*, policy: Policy = None, as_json: Json = False) -> None:
    """Say for every function who has it, and what is collected for it: the fields it needs, and those that wait for consent.

    Example: remit policy functions
    """
    found = find_policy(policy)
    profiles = profiles_of(found, contracts_of(policy))
    if as_json:
        editions = [edition.name for edition in found.editions]
        print_json(
            {"editions": editions, "functions": {n: p.to_json() for n, p in profiles.items()}}
        )
        return
    table = Table("function", "necessary fields", "optional fields", show_lines=True)
    for name, profile in profiles.items():
        fields = ("\n".join(each) or "none" for each in (profile.necessary, profile.optional))
        table.add_row(f"[bold]{name}[/]\n{profile.words}", *fields)
    Console().print(table)


def _print_table(explained: Mapping[str, object]) -> None:
    """A table that a lawyer can read: one field a row, three questions answered."""
    title = f"{explained['contract']} under {explained['policy']} {explained['policy_version']}"
    table = Table(title=title, show_lines=True)
    table.add_column("what it is", ratio=2)
    table.add_column("what becomes of it, and why", ratio=4)
    table.add_column("what for, on which ground, how long", overflow="fold", ratio=3)
    fields = explained["fields"]
    for name, row in (fields if isinstance(fields, dict) else {}).items():
        what = f"[bold]{name}[/]\n{row['meaning']}\n[dim]{_how_close(row)}[/]"
        table.add_row(what, f"{_what_happens(row)}\n[dim]{row['reason']}[/]", _what_for(row))
    if isinstance(said := explained["pseudonyms"], dict):
        table.caption = (
            f"Subjects get another pseudonym every {said['rotate_every']} "
            f"({said['clause']}: {said['reason']})"
        )
    Console().print(table)
    said = {
        name.capitalize(): explained[name]
        for name in ("floor", "volume", "alternatives", "retention")
    }
    functions = explained["functions"]
    if isinstance(functions, dict):
        said |= {f"Function {name}": words for name, words in functions.items()}
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


SENTENCE = len("S001")
"""Characters of a clause that name its sentence."""

SHOWN_MAX = 24
"""Entries of a list that are shown in a table; `--json` gives all."""


def _how_close(row: Mapping[str, object]) -> str:
    """How close it comes to a person, whether that is sensitive personal information, and whether it is needed."""
    said = [
        str(row["sensitivity"]),
        "sensitive PI" if row["sensitive_pi"] else "",
        row["necessity"],
    ]
    return ", ".join(str(word) for word in said if word)


def _what_happens(row: Mapping[str, object]) -> str:
    """Kept, made smaller by what, or refused; and the sentence that says so."""
    happens = str(row["effect"] or KEPT.get(str(row["decision"]), row["decision"]))
    parameters = row["parameters"]
    if isinstance(parameters, dict) and parameters:
        said = (f"{name} {_listed(value)}" for name, value in parameters.items() if value != [])
        happens += f" ({', '.join(said)})".replace(" ()", "")
    if not row["clause"]:
        return happens
    sentence = escape(str(row.get("text") or row["summary"] or ""))
    return f"{happens}\n[bold]{row['clause']}[/]{': ' if sentence else ''}{sentence}"


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
