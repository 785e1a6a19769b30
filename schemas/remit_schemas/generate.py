"""Write the typed events of the contracts: ``python -m remit_schemas.generate`` brings `events.py` up to date."""

import json
from collections.abc import Iterable
from pathlib import Path
from textwrap import wrap

from remit_schemas.avsc import TIMES
from remit_schemas.contract import Contract, Field, builtin

EVENTS_FILE = Path(__file__).with_name("events.py")
"""What is written."""

LINE_LENGTH = 100
"""As in pyproject.toml: what is written must pass the formatter as it stands."""

_HEAD = '''"""The typed events, one for each contract.

Generated from the contracts by ``python -m remit_schemas.generate``: change those, not this.
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import ClassVar, Self, final

from remit_schemas.event import ({helpers}
)
'''

_TAIL = '''

EVENTS: Mapping[type[Event], str] = MappingProxyType(
    {{
{pairs}    }}
)
"""The contract of each typed event."""
'''

_OWN_HEAD = '''"""{doc}

Generated from {name}.avsc beside it by `remit events new`: change that, and write this anew with `remit events write`.
"""

from datetime import datetime
from typing import ClassVar, Self, final

from remit_schemas.event import ({helpers}
)

SCHEMA = r"""
{schema}
"""
"""The contract, which this class brings with it: the SDK needs no file."""
'''

_NEW_DOC = '"""Build one; a value that is not of its field\'s type raises `EncodeError`."""'

_CHECKS = {
    "string": ("str", "TEXT", "text"),
    "int": ("int", "WHOLE", "whole"),
    "long": ("int", "WHOLE", "whole"),
    "double": ("float", "NUMBER", "number"),
    "boolean": ("bool", "TRUTH", "truth"),
}
"""For each Avro type: the Python type taken as it is, that type or None, and who looks at anything else."""


def module_of(contracts: Iterable[Contract]) -> str:
    """The source of a module of typed events."""
    contracts = tuple(contracts)
    classes = "".join(_class_of(contract) for contract in contracts)
    used = _used_in(classes)
    pairs = "".join(f'        {_class_name(each)}: "{each.name}",\n' for each in contracts)
    head = _HEAD.format(helpers=_import_list(used))
    return head + classes + _TAIL.format(pairs=pairs)


def own_module_of(contract: Contract) -> str:
    """The source of a module with one event of an app's own, which carries its contract."""
    body = _class_of(contract, schema="SCHEMA")
    head = _OWN_HEAD.format(
        doc=contract.doc,
        name=contract.name,
        helpers=_import_list(_used_in(body)),
        schema=json.dumps(contract.schema, indent=2),
    )
    return head + body


def _used_in(classes: str) -> list[str]:
    """What classes use of `remit_schemas.event`; a word of a docstring is no use."""
    used = [name for _, name, _ in _CHECKS.values() if f" in {name}" in classes]
    used += [check for *_, check in _CHECKS.values() if f"else {check}(" in classes]
    return [*used, "Event", "moment_ms", "now_ms", "unsealed"]


def _import_list(words: Iterable[str]) -> str:
    """Names to import as the formatter orders them: constants, classes, functions, each once."""
    ordered = sorted(set(words), key=lambda word: (not word.isupper(), word.islower(), word))
    return "".join(f"\n    {word}," for word in ordered)


def _class_name(contract: Contract) -> str:
    """PageView for page_view."""
    return "".join(part.capitalize() for part in contract.name.split("_"))


def _class_of(contract: Contract, schema: str | None = None) -> str:
    """The two classes of an event: its slots, and the event that closes them.

    Args:
        contract: Of the event.
        schema: The name of the constant that holds its contract, where the class is to carry it.
    """
    name = _class_name(contract)
    slots = "".join(f'        "{field.name}",\n' for field in contract.fields)
    types = "".join(f"    {field.name}: {_held_type(field)}\n" for field in contract.fields)
    docs = "".join(_doc_lines(field) for field in contract.fields)
    carried = f"    __schema__: ClassVar[str] = {schema}\n" if schema else ""
    return f'''

class _{name}:
    """The slots of a `{name}`, open until it is built."""

    __slots__ = (  # noqa: RUF023 - in the contract's order
{slots}    )

{types}

@final
class {name}(_{name}, Event):
    """{contract.doc}

    Times are given as aware datetimes or as milliseconds since 1970, and are now unless given.

    Attributes:
{docs}    """

    __slots__ = ()
    __contract__: ClassVar[str] = "{contract.name}"
    __fields__: ClassVar[tuple[str, ...]] = _{name}.__slots__
{carried}
{_new_of(contract)}'''


def _doc_lines(field: Field) -> str:
    """A field's entry under Attributes, wrapped."""
    lines = wrap(f"{field.name}: {field.doc}", LINE_LENGTH - 12)
    return "".join(f"{' ' * (12 if at else 8)}{line}\n" for at, line in enumerate(lines))


def _new_of(contract: Contract) -> str:
    """The constructor: every field by name, checked, set, and the event closed."""
    parameters = "".join(
        f"        {field.name}: {_given_type(field)},\n" for field in contract.fields
    )
    assignments = "".join(_assignment(contract, field) for field in contract.fields)
    return f"""    def __new__(  # noqa: PLR0913 - by name only, and one for each field of the contract
        cls,
        *,
{parameters}    ) -> Self:
        {_NEW_DOC}
        now = now_ms()
        event = unsealed(_{_class_name(contract)})
{assignments}        event.__class__ = cls
        built: Self = event
        return built
"""


def _held_type(field: Field) -> str:
    """The type of the attribute."""
    return _CHECKS[field.avro_type][0] + (" | None" if field.nullable else "")


def _given_type(field: Field) -> str:
    """The type of the parameter, with its default."""
    held = "datetime | int" if field.logical else _CHECKS[field.avro_type][0]
    return f"{held} | None = None" if field.nullable or field.name in TIMES else held


def _assignment(contract: Contract, field: Field) -> str:
    """Check one value and set it."""
    name, where = field.name, f'"{contract.name}.{field.name}"'
    _, or_none, helper = _CHECKS[field.avro_type]
    if field.logical:
        parts = [f"moment_ms({name}, {where})"]
        if field.nullable or name in TIMES:
            parts = ["now" if name in TIMES else "None", f"if {name} is None", f"else {parts[0]}"]
    else:
        test = f"in {or_none}" if field.nullable else f"is {_held_type(field)}"
        parts = [name, f"if type({name}) {test}", f"else {helper}({name}, {where})"]
    return _fitted(f"event.{name}", parts)


def _fitted(target: str, parts: list[str]) -> str:
    """An assignment as the formatter breaks it: on one line, in brackets, or a part a line."""
    whole = " ".join(parts)
    if len(f"        {target} = {whole}") <= LINE_LENGTH:
        return f"        {target} = {whole}\n"
    if len(f"            {whole}") <= LINE_LENGTH:
        return f"        {target} = (\n            {whole}\n        )\n"
    broken = "\n            ".join(parts)
    return f"        {target} = (\n            {broken}\n        )\n"


def main() -> None:
    """Write the events of the contracts that remit ships."""
    EVENTS_FILE.write_text(module_of(builtin()), "utf-8")


if __name__ == "__main__":
    main()
