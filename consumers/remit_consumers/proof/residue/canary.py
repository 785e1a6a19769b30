"""Canaries: planted values, in every form in which they might be left."""

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Sequence
from typing import Final
from urllib.parse import quote, quote_plus

CHARS_MIN: Final = 6
"""A form that is made of a canary must be so long: shorter ones stand in any text by chance."""


def forms_of(canaries: Sequence[str]) -> tuple[str, ...]:
    """Give every form of planted values; empty ones are none."""
    found: dict[str, None] = {}
    for canary in filter(None, canaries):
        found[canary] = None
        found.update(dict.fromkeys(form for form in _made(canary) if len(form) >= CHARS_MIN))
    return tuple(found)


def _made(canary: str) -> Iterator[str]:
    """What a canary becomes on its way: other cases, encodings, domains from behind."""
    yield from (canary.lower(), canary.upper())
    yield from (quote(canary, safe=""), quote_plus(canary))
    data = canary.encode()
    yield from (data.hex(), data.hex().upper())
    yield "".join(f"%{byte:02X}" for byte in data)
    yield from _base64(data)
    yield from _backwards(canary)


def _base64(data: bytes) -> Iterator[str]:
    """The part of its base64 that stays the same whatever stands around it, for each of the three places it can begin at."""
    for before in range(3):
        padded = bytes(before) + data
        whole = padded[: len(padded) - len(padded) % 3]
        begins = (before * 8 + 5) // 6  # the first character of which no bit is another's
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(whole).decode()[begins:]


def _backwards(canary: str) -> Iterator[str]:
    """A domain or address as reverse DNS and package names write it, with the mailbox before or behind."""
    local, _, domain = canary.rpartition("@")
    labels = re.split(r"\.", domain)
    if len(labels) > 1:
        turned = ".".join(reversed(labels))
        yield turned
        if local:
            yield from (f"{turned}.{local}", f"{local}@{turned}")
