"""`remit events`: contracts of one's own, from the first idea to their end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Json, Policy, print_json
from remit_consumers.deployment import contracts_of
from remit_schemas.contract import Contract, Contracts, builtin, load_contract
from remit_schemas.errors import ContractError, PolicyError, SettingsError
from remit_schemas.expiry import days_left, endings
from remit_schemas.generate import own_module_of
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy
from remit_schemas.scaffold import checked_category, new_contract, policy_lines, read_field

app = typer.Typer(
    help="Contracts of your own: write one, list them, check them.\n\nExample: remit events list",
    no_args_is_help=True,
)

FOLDER = "contracts"
"""Where an installation's own contracts lie: beside its policy file."""

Fields = Annotated[
    list[str],
    typer.Option("--field", help="name:type:category, once for each field.", show_default=False),
]
Into = Annotated[
    Path | None,
    typer.Option(
        "--into",
        help="Folder; else `contracts` beside the policy file of REMIT_POLICY.",
        show_default=False,
    ),
]
Expires = Annotated[
    datetime,
    typer.Option(
        "--expires",
        formats=["%Y-%m-%d"],
        help="From this day on its events are refused, unless somebody renews it.",
        show_default=False,
    ),
]


@app.command()
def new(  # noqa: PLR0913 - one for each option
    name: Annotated[str, typer.Argument(help="Lower case, such as search_used.")],
    *,
    owner: Annotated[str, typer.Option("--owner", help="Whom to ask.", show_default=False)],
    expires: Expires,
    field: Fields = [],  # noqa: B006 - typer reads it and never changes it
    category: Annotated[
        str | None,
        typer.Option("--category", help="Of fields that name none.", show_default=False),
    ] = None,
    doc: Annotated[
        str, typer.Option("--doc", help="What an event of it says happened.")
    ] = "Say here what happened.",
    into: Into = None,
    policy: Policy = None,
) -> None:
    """Write a contract, the typed event beside it, and print the lines that the policy needs.

    Example: remit events new search_used --field results:int:user.behavior --owner search-team --expires 2027-06-30
    """
    if category is not None:
        checked_category(category, "--category")
    if expires.date() <= datetime.now(UTC).date():
        raise SettingsError("--expires lies in the past")
    if name in builtin().names:
        raise ContractError(f"{name} is a contract of remit's; choose another name")
    fields = [read_field(each, category) for each in field]
    text = new_contract(name, doc, fields, owner, expires.date())
    folder = _folder(into, policy)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.avsc"
    _write_new(file, text)
    contract = load_contract(file)
    module = file.with_suffix(".py")
    module.write_text(own_module_of(contract), "utf-8")
    typer.echo(f"wrote {file} and {module.name}", err=True)
    if into is None and policy is None:
        typer.echo(
            "it is not in use yet: set REMIT_POLICY to a policy file in the folder where contracts/ lies",
            err=True,
        )
    typer.echo("these lines belong under `rules:` of the policy:", err=True)
    typer.echo(policy_lines(contract), nl=False)


@app.command()
def write(
    *,
    into: Into = None,
    policy: Policy = None,
) -> None:
    """Write the typed events anew after their contracts were changed.

    Example: remit events write --into ./contracts
    """
    folder = _folder(into, policy)
    for file in sorted(folder.glob("*.avsc")):
        file.with_suffix(".py").write_text(own_module_of(load_contract(file)), "utf-8")
        typer.echo(f"wrote {file.with_suffix('.py')}")


@app.command(name="list")
def list_events(*, into: Into = None, policy: Policy = None, as_json: Json = False) -> None:
    """List contracts: whose they are, when they end, and what the policy makes of their fields.

    Example: remit events list
    """
    find_policy(policy)  # one that cannot be read is said once, and not of every contract
    rows = [_row(each, policy) for each in _contracts(into, policy)]
    if as_json:
        print_json({"contracts": {row.contract: row.to_dict() for row in rows}})
        return
    table = Table()
    for column in ("contract", "owner", "expires", "fields", "stored"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(row.contract, row.owner, row.expires, str(row.fields), row.stored)
    Console().print(table)


@app.command()
def check(*, into: Into = None, policy: Policy = None, as_json: Json = False) -> None:
    """Check contracts: readable, tagged, decided by the policy, not expired, typed event up to date. Exit code 1 if not.

    Example: remit events check --into ./contracts
    """
    problems, warnings = _problems(into, policy)
    if as_json:
        print_json({"problems": problems, "warnings": warnings})
    else:
        for words in (*problems, *warnings):
            typer.echo(words)
        if not problems:
            typer.echo("every contract can be used")
    raise typer.Exit(1 if problems else 0)


@dataclass(frozen=True, slots=True)
class _Row:
    """What is told of one contract."""

    contract: str
    owner: str
    expires: str
    fields: int
    stored: str

    def to_dict(self) -> Mapping[str, object]:
        """What `--json` prints of it."""
        return {
            "owner": self.owner,
            "expires_on": self.expires,
            "fields": self.fields,
            "stored": self.stored,
        }


def _row(contract: Contract, policy: str | None) -> _Row:
    """Tell of one contract."""
    left = days_left(contract, _today())
    expires = "never" if left is None else f"{contract.expires_on}"
    if left is not None and left <= 0:
        expires += " (over)"
    is_ours = contract.name in builtin().names
    owner = contract.owner or ("remit" if is_ours else "nobody")
    return _Row(contract.name, owner, expires, len(contract.fields), _stored(contract, policy))


def _stored(contract: Contract, policy: str | None) -> str:
    """How many of its fields the policy has stored."""
    try:
        plan = compile_plan(contract, find_policy(policy))
    except PolicyError:
        return "the policy does not go with it"
    stored = sum(field.decision.value != "refuse" for field in plan.fields.values())
    return f"{stored} of {len(plan.fields)}"


def _problems(into: Path | None, policy: str | None) -> tuple[list[str], list[str]]:
    """What is wrong with contracts, and what soon will be."""
    problems: list[str] = []
    try:
        contracts = _contracts(into, policy)
    except ContractError as error:
        return [str(error)], []
    ends = list(endings(contracts, _today()))
    problems += [ending.words for ending in ends if ending.is_over]
    problems += _out_of_date(_folder(into, policy))
    for contract in contracts:
        try:
            compile_plan(contract, find_policy(policy))
        except PolicyError as error:
            problems.append(f"{contract.name}: {error}")
    undecided = [
        f"{contract.name}: no rule of the policy stores a field of it: nothing of it is kept"
        for contract in contracts
        if contract.name not in builtin().names and _stored(contract, policy).startswith("0 ")
    ]
    return problems, [ending.words for ending in ends if not ending.is_over] + undecided


def _out_of_date(folder: Path) -> Iterator[str]:
    """Typed events that are not what their contracts say."""
    for file in sorted(folder.glob("*.avsc")) if folder.is_dir() else ():
        module = file.with_suffix(".py")
        if module.exists() and module.read_text("utf-8") != own_module_of(load_contract(file)):
            yield f"{module.name}: is not what {file.name} says; write it anew: remit events write"


def _contracts(into: Path | None, policy: str | None) -> Contracts:
    """Those that are shipped and those of a folder."""
    if into is None:
        return contracts_of(policy)
    return builtin().with_folder(into) if into.is_dir() else builtin()


def _folder(into: Path | None, policy: str | None) -> Path:
    """Where contracts of one's own lie."""
    if into is not None:
        return into
    if policy and policy.endswith((".yaml", ".yml")):
        return Path(policy).parent / FOLDER
    return Path(FOLDER)


def _write_new(file: Path, text: str) -> None:
    """Write a contract that is not there yet."""
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(text)
    except FileExistsError:
        raise SettingsError(
            f"{file}: there is one already; a changed contract keeps the old one in archive/"
        ) from None


def _today() -> date:
    return datetime.now(UTC).date()
