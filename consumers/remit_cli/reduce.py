"""`remit reduce`: try a reducer on values from standard input."""

import json
import re
import sys
from collections.abc import Mapping
from secrets import token_bytes
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import settings_of
from remit_consumers.keyfiles import KEY_BYTES
from remit_consumers.reducers.means import Means
from remit_consumers.reducers.reducer import Reducer
from remit_consumers.reducers.registry import reducers
from remit_consumers.reducers.timestamp import milliseconds
from remit_schemas.errors import SettingsError
from remit_schemas.parameters import complete
from remit_schemas.reducer import Scalar
from remit_schemas.specs import SPECS

WHOLE = re.compile(r"-?[0-9]{1,18}")
"""A whole number that fits 64 bits."""

MILLISECONDS = re.compile(r"[0-9]{1,14}")
"""A time in milliseconds since 1970; 14 digits reach the year 5138."""


def reduce(
    name: Annotated[
        str | None, typer.Argument(help="Name of the reducer, such as ip.", show_default=False)
    ] = None,
    *,
    explain: Annotated[
        bool, typer.Option("--explain", help="Say which rule fired, never the value.")
    ] = False,
    show_list: Annotated[
        bool, typer.Option("--list", help="List every reducer with its parameters.")
    ] = False,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--set", help="A parameter, such as v4_bits=16.", show_default=False),
    ] = None,
) -> None:
    """Reduce values, one a line on standard input, to one JSON object a line on standard output.

    ip_place looks into REMIT_PLACES, or into the data that come with remit. What needs a key (ip_encrypted) gets a
    random one for this run, never the installation's: whoever could ask for its encryptions could undo them.

    Example: echo 203.0.113.7 | remit reduce ip
    """
    if show_list or name is None:
        _list()
        return
    given = dict(_parameter(name, text) for text in parameter or [])
    parameters = complete(name, given)
    reducer = reducers(Means.of(token_bytes(KEY_BYTES), settings_of(None).places))[name]
    values = [line.rstrip("\n") for line in sys.stdin]
    write = sys.stdout.write
    for number, out in enumerate(_results(reducer, values, parameters)):
        row: dict[str, object] = {"out": out}
        if explain:
            row["rule"] = reducer.explain(values[number], parameters)
        write(json.dumps(row, ensure_ascii=False, default=str) + "\n")


def _parameter(reducer: str, text: str) -> tuple[str, Scalar]:
    """Read `name=value`, as a number where the parameter is one."""
    name, equals, value = text.partition("=")
    known = (
        {parameter.name: parameter for parameter in SPECS[reducer].parameters}
        if reducer in SPECS
        else {}
    )
    if not equals:
        message = "--set takes name=value; `remit reduce --list` shows the names"
        raise SettingsError(message)
    kind = known[name].kind if name in known else str
    if kind is int:
        return name, int(value) if WHOLE.fullmatch(value) else value
    if kind is tuple:
        return name, tuple(value.split(","))
    return name, value


def _results(reducer: Reducer, values: list[str], parameters: Mapping[str, Scalar]) -> list[object]:
    """Reduce a column of text; a reducer with several results gives an object."""
    column = _column(reducer.spec.takes, values)
    arrays = reducer.reduce(column, parameters)
    names = [output.suffix or reducer.spec.name for output in reducer.spec.outputs]
    if names == [reducer.spec.name]:
        return list(arrays[0].to_pylist())
    rows = zip(*(array.to_pylist() for array in arrays), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _column(takes: str, values: list[str]) -> pa.Array:
    """The values as the reducer takes them; times as RFC 3339 or milliseconds, what is neither is null."""
    if takes == "string":
        return pa.array(values, pa.string())
    if takes == "int":
        return pa.array(
            [int(value) if WHOLE.fullmatch(value) else None for value in values], pa.int64()
        )
    return pa.array([_time_ms(value) for value in values], pa.int64()).cast(
        pa.timestamp("ms", "UTC")
    )


def _time_ms(text: str) -> int | None:
    """Milliseconds since 1970 of a time, or None."""
    return int(text) if MILLISECONDS.fullmatch(text) else milliseconds(text)


def _list() -> None:
    """Show every reducer."""
    table = Table("reducer", "takes", "gives", "parameters (default)", "what it does", "example")
    for name, spec in SPECS.items():
        gives = ", ".join(output.suffix or name for output in spec.outputs)
        parameters = "\n".join(f"{p.name} ({p.default})" for p in spec.parameters)
        table.add_row(name, spec.takes, gives, parameters, spec.summary, str(spec.example))
    table.caption = "Here, ip_encrypted has a random key for each run; nothing is encrypted with the installation's."
    Console().print(table)
