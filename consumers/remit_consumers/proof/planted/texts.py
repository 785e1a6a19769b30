"""Texts with something planted in them: sentences, log lines, JSON, tables, and what encoders make of them."""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Final
from urllib.parse import quote

from remit_consumers.proof.planted import addresses, numbers, words

FORMS: Final = {**addresses.FORMS, **numbers.FORMS, **words.FORMS}
"""By kind: how it is written."""

FRAMES: Final[tuple[str, ...]] = (
    "{}",
    "{}",
    "The customer wrote {} and left again.",
    "2026-01-05T08:00:01.123Z INFO shop.login - seen {} today",
    "2026-01-05 08:00:01,123 WARN [worker-3] shop.Pay: {}",
    "Jan  5 08:00:01 combo app[4711]: {}",
    "({})",
    "a;{};b",
    "count=3 value={} next=1",
    "客户说 {} 谢谢",
)
"""What stands around a value."""

ENCODERS: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: json.dumps({"level": "INFO", "value": text}),
    lambda text: json.dumps({"level": "INFO", "value": json.dumps({"inner": text})}),
    lambda text: f"/redirect/{quote(text, safe='')}",
    lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: "".join(
        letter if letter.isalnum() else f"\\u{ord(letter):04x}" for letter in text
    ),
    lambda text: b64encode(text.encode()).decode(),
    lambda text: f"payload={b64encode(json.dumps({'value': text}).encode()).decode()}",
    lambda text: f"0x{text.encode().hex()}",
)
"""What programs make of a text on its way."""

ENCODED: Final = 0.2
"""Share of texts that are encoded (our choice: most of what is left behind is plain)."""


def planted(seed: int, each: int) -> Mapping[str, Sequence[str]]:
    """Give texts that hold one value of each kind.

    Args:
        seed: Another seed gives other values.
        each: Texts for each kind; its forms take turns.
    """
    found: dict[str, Sequence[str]] = {}
    for kind, forms in FORMS.items():
        chance = Random(f"{seed} {kind}")  # noqa: S311  # examples, no secrets
        found[kind] = [_text(chance, forms[number % len(forms)](chance)) for number in range(each)]
    return found


def _text(chance: Random, value: str) -> str:
    """Put a value where it might be left."""
    if chance.random() < ENCODED:
        return chance.choice(ENCODERS)(value)
    return chance.choice(FRAMES).format(value)
