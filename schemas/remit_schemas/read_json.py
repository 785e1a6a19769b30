"""JSON from outside: whatever is wrong with it is one kind of error, and none repeats it."""

import json
import math
from typing import Any, NoReturn


def read_json(text: str | bytes) -> Any:  # noqa: ANN401 - whatever stands there; the caller looks at it
    """Read JSON that somebody else may have written.

    `json.loads` goes down a nest until the stack ends, and gives what no JSON has: NaN, Infinity, and texts that no
    UTF-8 can hold. Each of them breaks whoever goes on with it, far from here.

    Raises:
        ValueError: It is no JSON, or such as that. Says nothing of it.

    Source: RFC 8259, sections 6, 8.2 and 9.
    """
    try:
        found = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        if _may_have_halves(text):
            json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ValueError("no JSON that can be read") from None
    return found


def _refuse(_: str) -> NoReturn:
    raise ValueError("no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("no number that a double can hold")
    return number


def _may_have_halves(text: str | bytes) -> bool:
    """Whether an escape may stand for half of a character; as text it is ASCII in every encoding of JSON but UTF-16 and 32."""
    if isinstance(text, bytes):
        return b"\\u" in text or b"\0" in text
    return "\\u" in text
