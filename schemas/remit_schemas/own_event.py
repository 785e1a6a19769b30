"""Events of a contract for which no class was written: for tools, which learn of a contract only when they run.

An app has the class that `remit events new` writes: it is quicker, and checks types where an event is built. Here only
times are read; the encoder refuses what is not of its field's type.
"""

from remit_schemas.avsc import TIMES
from remit_schemas.contract import Contract
from remit_schemas.event import Event, moment_ms, now_ms


def event_class(contract: Contract) -> type[Event]:
    """Make the class of a contract's events; it carries its contract, as a written one does."""
    names = tuple(field.name for field in contract.fields)
    moments = frozenset(field.name for field in contract.fields if field.logical)

    def build(event: Event, **values: object) -> None:
        now = now_ms()
        for name in names:
            value = values.get(name)
            if value is None and name in TIMES:
                value = now
            elif value is not None and name in moments:
                value = moment_ms(value, f"{contract.name}.{name}")
            object.__setattr__(event, name, value)

    name = "".join(part.capitalize() for part in contract.name.split("_"))
    body = {
        "__slots__": names,
        "__doc__": contract.doc,
        "__init__": build,
        "__contract__": contract.name,
        "__fields__": names,
        "__schema__": contract.schema_json,
    }
    return type(name, (Event,), body)
