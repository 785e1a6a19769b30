"""`remit query`: read the lake as a purpose may see it."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.csv as pa_csv
import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.tables import whole
from remit_consumers.lake.queries import history as history_of
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy

SHOWN_MAX = 100
"""Rows that a terminal shows; --json and --csv give all."""


def query(  # noqa: PLR0913 - options of a command, named by who types them
    sql: Annotated[
        str | None,
        typer.Argument(
            help="One SELECT over the views, named like contracts; - reads it from standard input.",
            show_default=False,
        ),
    ] = None,
    *,
    purpose: Annotated[
        str, typer.Option("--purpose", help="For which purpose of the policy; it sees no other's.")
    ] = "",
    tenant: Annotated[
        str, typer.Option("--tenant", help="Whose data; a single shop needs none.")
    ] = "",
    role: Annotated[str, typer.Option("--role", help="In which role of roles.yaml.")] = "",
    history: Annotated[
        bool, typer.Option("--history", help="Show who read what, instead of reading.")
    ] = False,
    data: Data = None,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
) -> None:
    """Read the lake as a purpose may see it: its rows, fields, pseudonyms and times. Every read is on record.

    Example: remit query "SELECT page, count(*) AS views FROM page_view GROUP BY page" --purpose essential.service.operations
    """
    if history:
        _history(data, as_json=as_json)
        return
    if not sql or not purpose:
        message = "a query is a statement and a purpose: remit query SQL --purpose PURPOSE"
        raise SettingsError(message)
    statement = sys.stdin.read() if sql == "-" else sql
    rows = _answer(settings_of(data), statement, purpose, tenant, role)
    if as_csv:
        _csv(rows)
    elif as_json:
        print_json(
            {
                "purpose": purpose,
                "tenant": tenant,
                "columns": rows.column_names,
                "count": rows.num_rows,
                "rows": rows.to_pylist(),
            }
        )
    else:
        _show(rows, f"For {purpose}")


def _answer(settings: Settings, sql: str, purpose: str, tenant: str, role: str) -> pa.Table:
    """Read, unless the lake is older than an erasure."""
    from remit_consumers.backup.guard import check_readable  # noqa: PLC0415 - the engine only where it is used
    from remit_consumers.views.reading import Question, Reader  # noqa: PLC0415 - as above

    check_readable(settings.lake, settings.keys)
    return Reader(settings, find_policy(settings.policy)).ask(Question(sql, purpose, tenant, role))


def _history(data: Path | None, *, as_json: bool) -> None:
    """Who read what."""
    reads = history_of(settings_of(data).lake, datetime.now(UTC))
    if as_json:
        print_json({"queries": reads.to_pylist()})
    else:
        names = ["started_at", "user", "role", "purpose", "tenant", "tables", "columns", "rows"]
        _show(reads.select([*names, "outcome", "reason"]), "Reads on record")


def _show(rows: pa.Table, title: str) -> None:
    """Print rows as a table."""
    more = rows.num_rows - SHOWN_MAX
    caption = f"and {more:,} rows more: --json and --csv give all" if more > 0 else None
    table = Table(
        *whole(*rows.column_names),
        title=title,
        caption=caption or ("no rows" if not rows.num_rows else None),
    )
    for row in rows.slice(0, SHOWN_MAX).to_pylist():
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    Console(markup=False).print(table)


def _csv(rows: pa.Table) -> None:
    """Print rows as CSV."""
    if any(pa.types.is_nested(kind) for kind in rows.schema.types):
        message = "a column of lists or structs is no CSV: unnest it, or ask for --json"
        raise SettingsError(message)
    with pa.PythonFile(sys.stdout.buffer, mode="w") as out:
        pa_csv.write_csv(rows, out)
