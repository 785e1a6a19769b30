"""`remit policy coverage`: the matrix sentence, rule, test, metric; and what is missing in it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from remit_cli.attaching import attached, register_of
from remit_cli.marked import proofs_in
from remit_cli.options import Data, Json, Policy, print_json, settings_of
from remit_consumers.deployment import contracts_of
from remit_schemas.clauses import Clauses
from remit_schemas.coverage import Coverage, Row, Status, Tests
from remit_schemas.coverage import coverage as coverage_of
from remit_schemas.errors import ContractError, PolicyError, SettingsError
from remit_schemas.policy import load_policy, policy_path
from remit_schemas.proofs import Proofs, load_proofs, proofs_path, write_proofs

SHOWN_MAX = 2
"""Rules, tests or metrics that a row of the table names; `--json` gives all."""


def coverage(
    *,
    policy: Policy = None,
    tests: Annotated[
        Path | None,
        typer.Option("--tests", help="The folder of tests; else the record beside the policy."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Write the record beside the policy.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Show for each sentence of a policy's text the rule, the tests and the metric. Exit 1 where something is missing.

    Example: remit policy coverage --tests tests
    """
    path, register = policy_path(policy), register_of(policy)
    if record and tests is None:
        message = "--record writes what is found in a folder of tests: name it with --tests"
        raise SettingsError(message)
    proofs = proofs_in(tests) if tests else _recorded(path)
    if record:
        names = {clause: tuple(found) for clause, found in proofs.items()}
        written = Proofs(
            format="remit proofs 1",
            policy=register.policy,
            version=register.version,
            tests=names,
        )
        write_proofs(proofs_path(path), written)
    found = _covered(path, policy, register, proofs)
    texts = attached(settings_of(data).data, policy) if found.rows else {}
    if as_json:
        print_json(_with_texts(found, texts))
    else:
        _print(found, texts)
    raise typer.Exit(1 if found.problems else 0)


def covered(policy: str | None) -> Coverage:
    """Hold a policy against its register and the record of tests beside it; without a register, it covers nothing."""
    try:
        path, register = policy_path(policy), register_of(policy)
    except PolicyError as error:
        return Coverage((), (str(error),))
    return _covered(path, policy, register, _recorded(path))


def _recorded(path: Path) -> Tests:
    """What the record beside a policy says; nothing where there is none."""
    record = proofs_path(path)
    return load_proofs(record).tests if record.is_file() else {}


def _covered(path: Path, policy: str | None, register: Clauses, proofs: Tests) -> Coverage:
    """Hold a policy against its register; one that cannot be used covers nothing."""
    try:
        return coverage_of(load_policy(path), register, contracts_of(policy), proofs)
    except (PolicyError, ContractError) as error:
        return Coverage((), (str(error),))


def _with_texts(found: Coverage, texts: Mapping[str, str]) -> dict[str, object]:
    """What `--json` prints, with the attached sentences."""
    told: dict[str, object] = {**found.to_json()}
    if texts:
        rows = [{**row.to_json(), "text": texts[row.clause[:4]]} for row in found.rows]
        told["sentences"] = rows
    return told


def _print(found: Coverage, texts: Mapping[str, str]) -> None:
    """The matrix, what waits for later work, what is missing, and the sum."""
    console = Console()
    if found.rows:
        console.print(_table(found, texts))
    for work, clauses in found.waiting.items():
        said = f"Later ({work}), not kept yet or not wholly: {', '.join(clauses)}"
        console.print(said, markup=False, highlight=False)
    for problem in found.problems:
        console.print(f"missing: {problem}", markup=False, highlight=False, soft_wrap=True)
    console.print(_sum(found), markup=False, highlight=False)


def _table(found: Coverage, texts: Mapping[str, str]) -> Table:
    """A sentence a row."""
    table = Table(
        "sentence",
        "kind",
        "rule",
        "test",
        "metric",
        title="Coverage",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    for row in found.rows:
        what = texts.get(row.clause) or row.summary
        table.add_row(
            f"[bold]{row.clause}[/] {escape(what)}",
            ",".join(row.kinds),
            _rule(row),
            _few(tuple(name.rpartition("::")[2] for name in row.tests)),
            _few(row.metrics),
        )
    return table


def _rule(row: Row) -> str:
    """What keeps a sentence, or why nothing has to."""
    if row.status is Status.INFORMATION:
        return "information"
    rules = _few(row.rules)
    return f"later: {row.later}\n{rules}".rstrip() if row.later else rules


def _few(names: tuple[str, ...]) -> str:
    """The first of some names, and how many more there are."""
    more = [f"and {len(names) - SHOWN_MAX} more"] if len(names) > SHOWN_MAX else []
    return escape("\n".join([*names[:SHOWN_MAX], *more]))


def _sum(found: Coverage) -> str:
    """How many sentences are accounted for, and how."""
    count = {status: sum(row.status is status for row in found.sentences) for status in Status}
    all_of_them = len(found.sentences)
    return (
        f"{all_of_them - count[Status.OPEN]} of {all_of_them} sentences accounted for:"
        f" {count[Status.COVERED]} by rule, test and metric; {count[Status.INFORMATION]} are information;"
        f" {count[Status.LATER]} wait for later work. {len(found.problems)} problems."
    )
