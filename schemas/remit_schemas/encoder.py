"""The encoder of a contract: generated Python, because a loop over the fields would cost four times as much.

The generated function knows the usual case only: ASCII or UTF-8 text under 8 KiB, whole numbers under 8,192,
times of this century. On anything else it gives way to `careful`, which takes every value there is or says which field
does not fit. Both write the same bytes, and the same as fastavro does.
"""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from functools import partial
from typing import TypeAlias, cast

from remit_schemas import avro_value, varint
from remit_schemas.contract import Contract, Field
from remit_schemas.errors import EncodeError

Encoder: TypeAlias = Callable[[object], bytes]
"""Reads the attributes of an event and returns its Avro datum."""

NULL = "\x00"
"""The branch of a union with null that holds null."""

SOME = "\x02"
"""The branch that holds the other type."""

USUAL_TIMES_MS = (1 << 27, 1 << 41)
"""Times whose varint has the six bytes that the generated code writes: 2 January 1970 to September 2039."""

_NAMES = {
    "INNER": varint.INNER,
    "LAST": varint.LAST,
    "WHOLE": varint.WHOLE,
    "SOME_WHOLE": varint.SOME_WHOLE,
    "SOME": SOME,
    "NULL": NULL,
    "EncodeError": EncodeError,
    "utf8": avro_value.utf8,
    "whole_32": avro_value.whole_32,
    "whole_64": avro_value.whole_64,
    "moment": avro_value.moment,
    "boolean": avro_value.boolean,
    "double": avro_value.double,
}
"""What the generated code may use, beside what Python has built in."""


def compile_encoder(contract: Contract, without: AbstractSet[str] = frozenset()) -> Encoder:
    """Make the encoder of a contract.

    Args:
        contract: What to write.
        without: Fields that are written as null whatever they hold; what may not be null is written as it is.
    """
    left_out = frozenset(field.name for field in contract.fields if field.nullable) & without
    names = names_of(partial(_careful, contract, left_out))
    code = compile(source_of(contract, left_out), f"<encoder of {contract.name}>", "exec")
    exec(code, names)  # noqa: S102 - our own source; contracts let in only names that are Python's too
    return cast("Encoder", names["encode"])


def names_of(careful: Encoder) -> dict[str, object]:
    """What generated code may use.

    Args:
        careful: Takes what the usual case does not cover.
    """
    return {**_NAMES, "careful": careful}


def source_of(contract: Contract, left_out: AbstractSet[str] = frozenset()) -> str:
    """The Python source of a contract's encoder; these fields are written as null."""
    lines = ["def encode(event):", "    try:"]
    written = [field for field in contract.fields if field.name not in left_out]
    for field in written:
        lines += [f"        {line}" for line in lines_of(field)]
    parts = ", ".join(
        part
        for field in contract.fields
        for part in (["NULL"] if field.name in left_out else parts_of(field))
    )
    lines += [
        f'        return "".join(({parts})).encode("latin-1")',
        "    except (AttributeError, EncodeError, IndexError, TypeError):",
        "        pass",
        "    return careful(event)",
    ]
    return "\n".join(lines) + "\n"


def lines_of(field: Field, event: str = "event") -> list[str]:
    """Read one field of a variable and write it to `size_…` and, if it is text, `value_…`."""
    read = f"value_{field.name} = {event}.{field.name}"
    if field.avro_type == "string":
        return [read, *_text_lines(field)]
    if field.logical == "timestamp-millis" and not field.nullable:
        return [read, *_time_lines(field)]
    return [read, f"size_{field.name} = {_number_expression(field)}"]


def parts_of(field: Field) -> list[str]:
    """What of a field goes into the datum, in order."""
    return [f"size_{field.name}"] + ([f"value_{field.name}"] if field.avro_type == "string" else [])


def _text_lines(field: Field) -> list[str]:
    """ASCII goes in as it is; what is longer than the table raises IndexError."""
    value, size = f"value_{field.name}", f"size_{field.name}"
    table = "SOME_WHOLE" if field.nullable else "WHOLE"
    lines = [
        f"if {value}.isascii():",
        f"    {size} = {table}[len({value})]",
        "else:",
        f"    {size}, {value} = utf8({value})",
    ]
    if not field.nullable:
        return lines
    is_null = [f"if {value} is None:", f'    {size}, {value} = NULL, ""']
    return [*is_null, f"el{lines[0]}", *lines[1:], f"    {size} = SOME + {size}"]


def _time_lines(field: Field) -> list[str]:
    """Six bytes by three look-ups."""
    value, size = f"value_{field.name}", f"size_{field.name}"
    low, high = USUAL_TIMES_MS
    return [
        f"if type({value}) is int and {low} <= {value} < {high}:",
        f"    {size} = INNER[{value} << 1 & 16383] + INNER[{value} >> 13 & 16383] + LAST[{value} >> 27]",
        "else:",
        f"    {size} = moment({value})",
    ]


def _number_expression(field: Field) -> str:
    """A number, a time that may be null, or a boolean."""
    value = f"value_{field.name}"
    writer = avro_value.WRITERS[field.logical or field.avro_type].__name__
    expression = f"{writer}({value})"
    if field.nullable:
        expression = f"SOME + {expression}"
    if field.avro_type in {"int", "long"} and not field.logical:
        table = "SOME_WHOLE" if field.nullable else "WHOLE"
        expression = f"{table}[{value}] if type({value}) is int and 0 <= {value} < {varint.HALF} else {expression}"
    return f"NULL if {value} is None else {expression}" if field.nullable else expression


def _careful(contract: Contract, left_out: AbstractSet[str], event: object) -> bytes:
    """Encode an event value by value, or say which field does not fit."""
    datum = "".join(
        NULL if field.name in left_out else _write(contract, field, event)
        for field in contract.fields
    )
    return datum.encode("latin-1")


def _write(contract: Contract, field: Field, event: object) -> str:
    """Write one field of an event."""
    try:
        value = getattr(event, field.name)
        if field.nullable and value is None:
            return NULL
        written = avro_value.WRITERS[field.logical or field.avro_type](value)
    except AttributeError:
        reason = "the event has no such field"
    except EncodeError as misfit:
        reason = str(misfit)
    else:
        return SOME + written if field.nullable else written
    raise EncodeError(f"{contract.name}.{field.name}: {reason}")
