"""A new contract, from a list of its fields: the file, the typed event beside it, the lines for the policy."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import Final

from remit_schemas.avsc import NAME, PRIMITIVES, TIMESTAMP
from remit_schemas.category import CATEGORIES
from remit_schemas.contract import Contract, contract_of
from remit_schemas.errors import ContractError

TIME: Final = "user.telemetry.x_access_time"
"""The category of when something happened."""

TIME_DOCS: Final = {
    "occurred_at": "When it happened, in milliseconds since 1970-01-01 UTC.",
    "collected_at": (
        "When remit took it, in milliseconds since 1970-01-01 UTC; the governing policy version and the keeping "
        "time count from here."
    ),
}
"""What every event has."""

PLAIN_TEXT: Final = re.compile(r'[^\x00-\x1f"\\]+')
"""What may stand in a docstring as it is."""


@dataclass(frozen=True, slots=True)
class NewField:
    """A field that is asked for.

    Attributes:
        name: Lower case, as in ``page_kind``.
        avro_type: One of `PRIMITIVES`, or ``time``.
        category: Its key in `CATEGORIES`.
    """

    name: str
    avro_type: str
    category: str


def read_field(text: str, category: str | None) -> NewField:
    """Read ``name:type:category``; the category may be left out where there is one for all.

    Raises:
        ContractError: It is no such text; names the nearest type or category.
    """
    name, _, rest = text.partition(":")
    avro_type, _, own = rest.partition(":")
    if not NAME.fullmatch(name) or not avro_type:
        raise ContractError(f"--field {name}: name:type:category is wanted, in lower case")
    types = (*PRIMITIVES, "time")
    if avro_type not in types:
        hint = _nearest(avro_type, types) or f", there are {', '.join(types)}"
        raise ContractError(f"--field {name}: unknown type {avro_type}{hint}")
    chosen = own or category
    if not chosen:
        raise ContractError(
            f"--field {name}: what it says of a person is missing: name:type:category"
        )
    return NewField(name, avro_type, checked_category(chosen, f"--field {name}"))


def checked_category(key: str, where: str) -> str:
    """Give a category back if there is one of this name.

    Raises:
        ContractError: There is not; names the nearest one.
    """
    if key not in CATEGORIES:
        hint = _nearest(key, CATEGORIES) or f", there are {', '.join(CATEGORIES)}"
        raise ContractError(f"{where}: unknown category {key}{hint}")
    return key


def _nearest(word: str, known: Iterable[str]) -> str:
    names = list(known)
    alike = get_close_matches(word, names, n=1)
    alike = alike or [name for name in names if name.endswith(f".{word.rpartition('.')[2]}")]
    return f", did you mean {alike[0]}" if alike else ""


def new_contract(
    name: str, doc: str, fields: Sequence[NewField], owner: str, expires_on: date
) -> str:
    """Write a contract, as the text of its file.

    Args:
        name: Lower case, as in ``search``.
        doc: What an event of it says happened.
        fields: Beside the two times, which every event has.
        owner: Whom to ask about it.
        expires_on: From this day on its events are refused, unless somebody renews it.

    Raises:
        ContractError: No such contract may be.
    """
    if not PLAIN_TEXT.fullmatch(doc):
        raise ContractError("--doc is one line of text without quotation marks and backslashes")
    times = [_field(when, dict(TIMESTAMP), TIME, words) for when, words in TIME_DOCS.items()]
    others = [
        _field(
            field.name,
            ["null", dict(TIMESTAMP) if field.avro_type == "time" else field.avro_type],
            field.category,
            f"{CATEGORIES[field.category].meaning.capitalize()}; say here in which form, and give an example.",
        )
        for field in fields
    ]
    record = {
        "type": "record",
        "name": name,
        "doc": doc,
        "remit": {"owner": owner, "expires_on": expires_on.isoformat()},
        "fields": [*times, *others],
    }
    text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    contract_of(text, f"{name}.avsc")
    return text


def _field(name: str, avro_type: object, category: str, doc: str) -> dict[str, object]:
    optional = {"default": None} if isinstance(avro_type, list) else {}
    tags = {"privacy": {"category": category}, "confluent:tags": [category]}
    return {"name": name, "type": avro_type, **optional, "doc": doc, **tags}


def policy_lines(contract: Contract) -> str:
    """Write the rules that a policy needs for a contract: nothing is collected until somebody decides.

    Args:
        contract: The new one.
    """
    lines = [
        f"  # {contract.name}: {contract.doc}",
        "  # Refused until the privacy officer decides each field: keep, reduce or refuse, and by which sentence.",
    ]
    for field in contract.fields:
        lines += [
            f"  - event: {contract.name}",
            f"    field: {field.name} # {field.category}",
            "    refuse: true",
            "    clause: S000 # the sentence of the policy that it rests on",
            "    reason: Nobody has decided yet what may be done with it.",
        ]
    return "\n".join(lines) + "\n"
