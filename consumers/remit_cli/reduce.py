"""`remit reduce`: try a reducer on values from standard input."""

import json
import re
import sys
from collections.abc import Mapping
from datetime import datetime
from secrets import token_bytes
from typing import Annotated

import pyarrow as pa
import typer
from rich.console import Console

from remit_cli.options import Json, print_json, settings_of
from remit_consumers.keyfiles import KEY_BYTES
from remit_consumers.reducers.means import Means
from remit_consumers.reducers.reducer import Reducer
from remit_consumers.reducers.registry import reducers
from remit_consumers.reducers.timestamp import milliseconds
from remit_schemas.errors import SettingsError
from remit_schemas.parameters import complete
from remit_schemas.reducer import ReducerSpec, Scalar
from remit_schemas.specs import SPECS

WHOLE = re.compile(r"-?[0-9]{1,18}")
"""A whole number that fits 64 bits."""


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
        typer.Option(
            "--set",
            help="A parameter, such as v4_bits=16; a list as words between commas, or one --set for each.",
            show_default=False,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Reduce values, one a line on standard input, to one JSON object a line on standard output.

    ip_place looks into REMIT_PLACES, or into the data that come with remit. What needs a key (ip_encrypted) gets a
    random one for this run, never the installation's: whoever could ask for its encryptions could undo them.

    Example: echo 203.0.113.7 | remit reduce ip
    """
    if show_list or name is None:
        _list(as_json=as_json)
        return
    parameters = complete(name, _given(name, parameter or []))
    reducer = reducers(Means.of(token_bytes(KEY_BYTES), settings_of(None).places))[name]
    values = _lines(sys.stdin.buffer.read())
    write = sys.stdout.write
    for number, out in enumerate(_results(reducer, values, parameters)):
        row: dict[str, object] = {"out": out}
        if explain:
            row["rule"] = reducer.explain(values[number], parameters)
        write(json.dumps(row, ensure_ascii=False, default=_plain) + "\n")


def _lines(data: bytes) -> list[str]:
    """The values, one a line; bytes that are no UTF-8 become the sign for that, as a consumer would refuse them."""
    lines = data.decode("utf-8", "replace").split("\n")
    return lines if lines[-1] else lines[:-1]


def _plain(value: object) -> str:
    """A time as RFC 3339."""
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def _given(reducer: str, texts: list[str]) -> dict[str, Scalar]:
    """Read what `--set` says; a list may be given at once or entry by entry."""
    given: dict[str, Scalar] = {}
    for name, value in (_parameter(reducer, text) for text in texts):
        before = given.get(name)
        if isinstance(before, tuple) and isinstance(value, tuple):
            value = (*before, *value)  # noqa: PLW2901  entries of one list
        given[name] = value
    return given


def _parameter(reducer: str, text: str) -> tuple[str, Scalar]:
    """Read `name=value`, as a number where the parameter is one, as words between commas where it is a list."""
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
    arrays = [_decoded(array) for array in reducer.reduce(column, parameters)]
    names = [output.suffix or reducer.spec.name for output in reducer.spec.outputs]
    if names == [reducer.spec.name]:
        return list(arrays[0].to_pylist())
    rows = zip(*(array.to_pylist() for array in arrays), strict=True)
    return [dict(zip(names, row, strict=True)) for row in rows]


def _decoded(array: pa.Array) -> pa.Array:
    """A column as what it stands for."""
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def _column(takes: str, values: list[str]) -> pa.Array:
    """The values as the reducer takes them; times as RFC 3339, what is none is null."""
    if takes == "string":
        return pa.array(values, pa.string())
    if takes == "int":
        return pa.array(
            [int(value) if WHOLE.fullmatch(value) else None for value in values], pa.int64()
        )
    return pa.array([milliseconds(value) for value in values], pa.int64()).cast(
        pa.timestamp("ms", "UTC")
    )


def _list(*, as_json: bool) -> None:
    """Show every reducer: what it does, what it writes, what a policy may tell it, and an example."""
    if as_json:
        print_json({name: _described(spec) for name, spec in SPECS.items()})
        return
    console = Console(highlight=False)
    for spec in SPECS.values():
        console.print(f"[bold]{spec.name}[/]  takes a {spec.takes}. {spec.summary}")
        console.print(f"  columns     {', '.join(out.column('FIELD') for out in spec.outputs)}")
        for parameter in spec.parameters:
            default = "" if parameter.default in {None, ()} else f" (else {parameter.default})"
            console.print(f"  {parameter.name:10}  {parameter.unit}{default}", markup=False)
        console.print(
            f"  example     {spec.example[0]}\n          ->  {spec.example[1]}\n", markup=False
        )
    console.print("Here, ip_encrypted has a random key for each run, never the installation's.")


def _described(spec: ReducerSpec) -> dict[str, object]:
    """A reducer for programs."""
    return {
        "takes": spec.takes,
        "summary": spec.summary,
        "outputs": [output.suffix for output in spec.outputs],
        "parameters": {
            each.name: {"default": each.default, "unit": each.unit, "source": each.source}
            for each in spec.parameters
        },
        "example": {"value": spec.example[0], "left": spec.example[1]},
    }
