"""`remit policy diff`: what a newer version of a policy widens, in words, for programs, and for pull requests."""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.options import Json, print_json
from remit_consumers.deployment import contracts_of
from remit_schemas.contract import FOLDER, Contracts, load_contract
from remit_schemas.diff import FieldChange, PolicyDiff
from remit_schemas.diff import diff as diff_of
from remit_schemas.errors import SettingsError
from remit_schemas.evolve import check_contract
from remit_schemas.policy import Policy, find_policy, load_policy, policy_path

GIT_TIMEOUT_S = 30.0
"""How long git may take for one file."""

KINDS = {
    "collected": "Collected that was not, or more is left of it",
    "used": "Used for more",
    "kept": "Kept longer",
    "shared": "Shared wider",
    "right": "Rights that shrank",
}
"""The headings, by kind of change."""


def diff(  # noqa: PLR0913 - options of a command, named by who types them
    old: Annotated[
        str | None, typer.Argument(help="The version before: a file, or name/version.")
    ] = None,
    new: Annotated[
        str | None, typer.Argument(help="The version after; else the policy in force.")
    ] = None,
    *,
    git: Annotated[
        str | None,
        typer.Option("--git", help="Compare with the same file at a git revision, such as main."),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            envvar="REMIT_POLICY",
            help="The policy in force, where no NEW is named.",
            show_default=False,
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 1 where anything is wider than before.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what a version collects, uses, keeps or shares more than another, and which right shrank.

    Example: remit policy diff policies/shop/2026-01-01.yaml policies/shop/2026-07-01.yaml

    Example: remit policy diff --git main --policy policies/shop/2026-07-01.yaml --strict
    """
    spec = new or policy
    if (old is None) == (git is None):
        raise SettingsError("name the version before, as OLD or by --git REVISION, and not both")
    contracts = contracts_of(spec)
    after = find_policy(spec)
    if git is None:
        found, changed = diff_of(find_policy(old), after, contracts), []
    else:
        with _at(git, policy_path(spec)) as (before, earlier):
            found = diff_of(before, after, contracts)
            changed = list(_contract_changes(earlier, contracts))
    if as_json:
        print_json(found.to_json() | {"contracts": changed})
    else:
        _print(found, changed)
    raise typer.Exit(1 if strict and (found.widened or changed) else 0)


@contextmanager
def _at(revision: str, path: Path) -> Iterator[tuple[Policy, list[Path]]]:
    """A policy and the contracts beside it as they were at a revision, in a folder of their own for as long as needed."""
    with tempfile.TemporaryDirectory(prefix="remit-diff-") as folder:
        file = Path(folder, path.name)
        file.write_bytes(_show(revision, path))
        contracts = []
        for name in sorted([*FOLDER.glob("*.avsc"), *(path.parent / "contracts").glob("*.avsc")]):
            try:
                earlier = _show(revision, name)
            except SettingsError:
                continue  # it is new: every field of it is compared with nothing
            contracts.append(Path(folder, name.name))
            contracts[-1].write_bytes(earlier)
        yield load_policy(file), contracts


def _show(revision: str, path: Path) -> bytes:
    """Read a file as it was at a revision.

    Raises:
        SettingsError: There is no git, no such revision, or no such file in it.
    """
    if revision.startswith("-"):
        raise SettingsError("--git names a revision, such as main or HEAD~1")
    command = ["git", "-C", str(path.parent.absolute()), "show", f"{revision}:./{path.name}"]
    try:
        done = subprocess.run(  # noqa: S603 - no shell; the revision is one argument
            command, capture_output=True, check=False, timeout=GIT_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        raise SettingsError("--git needs the program git, which cannot be run here") from None
    if done.returncode:
        message = f"{path.name} cannot be read from git at that revision"
        raise SettingsError(message)
    return done.stdout


def _contract_changes(earlier: Iterable[Path], contracts: Contracts) -> Iterator[str]:
    """Why contracts may not follow what they were at the revision."""
    for path in earlier:
        contract = load_contract(path)
        if contract.name in contracts.names:
            yield from check_contract(contract, contracts.by_name(contract.name))


def _print(found: PolicyDiff, changed: list[str]) -> None:
    """What is wider first, under its kind; then what is narrower."""
    console = Console()
    console.print(f"[bold]{found.old} → {found.new}[/]: {found.summary}", highlight=False)
    _print_fields(console, "Newly collected", found.collected)
    for kind, title in KINDS.items():
        lines = [one.text for one in found.widened if one.kind.value == kind]
        _print_lines(console, title, lines)
    _print_fields(console, "No longer collected", found.dropped)
    _print_lines(console, "Narrower", [one.text for one in found.narrowed])
    _print_lines(console, "Contracts that do not follow", changed)
    if found.widened:
        console.print(
            "Whoever accepted the version before stays under it until they accept this one expressly."
        )


def _print_fields(console: Console, title: str, fields: Iterable[FieldChange]) -> None:
    """Fields with what they are, and how much they tell."""
    lines = [
        f"{one.name} ({one.category}): {one.words}"
        + (f"; about {one.bits:.1f} bits a value" if one.bits is not None else "")
        for one in fields
    ]
    _print_lines(console, title, lines)


def _print_lines(console: Console, title: str, lines: list[str]) -> None:
    """A heading and its lines, if there are any."""
    if lines:
        console.print(f"[bold]{title}[/]")
        for line in lines:
            console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)
