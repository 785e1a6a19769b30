"""The detector on the way out: reads the very bytes that are to leave as figures, and knows nothing of how they were made.

Source: policy 2021-11-01, clauses S063b, S064.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from remit_consumers.proof.residue.detector import Detector
from remit_schemas.recipients import CELL_MIN

FILE_KEYS: Final = frozenset({"terms", "figures"})
FIGURE_KEYS: Final = frozenset(
    {"measure", "event", "by", "of", "subjects_min", "suppressed", "cells"}
)
WORD: Final = re.compile(r"[A-Za-z][A-Za-z .+_-]{0,39}")
"""A value of a closed list: letters, no digits, so no number, address or pseudonym."""

DIGITS_MAX: Final = 12
"""A count of more digits is no count of people or events of theirs."""


def leaks(data: bytes, detector: Detector | None = None) -> Counter[str]:
    """Count what stands in a file of figures that is none.

    Args:
        data: The bytes of the file.
        detector: Looks for what resembles an address, a name of an account, a number; with canaries where there are any.

    Returns:
        How much of what: `form` (it is no file of figures), `small` (a group of too few), `text` (a value of no closed
        list), and the detector's kinds. Empty where it may leave.
    """
    found = Counter((detector or Detector()).plain(data))
    try:
        whole = json.loads(data)
    except ValueError:
        return found + Counter(form=1)
    if (
        not isinstance(whole, dict)
        or set(whole) != FILE_KEYS
        or not isinstance(whole["figures"], list)
    ):
        return found + Counter(form=1)
    for one in whole["figures"]:
        found.update(_of_figure(one))
    return +found


def _of_figure(one: object) -> Iterator[str]:
    """What is wrong with one figure."""
    if not isinstance(one, dict) or set(one) != FIGURE_KEYS:
        yield "form"
        return
    least, by, cells = one["subjects_min"], one["by"], one["cells"]
    if type(least) is not int or least < CELL_MIN or not isinstance(cells, list):
        yield "small"
        return
    for cell in cells:
        if not isinstance(cell, dict) or set(cell) != {*by, "count"}:
            yield "form"
        else:
            yield from _of_cell(cell, least)


def _of_cell(cell: Mapping[str, object], least: int) -> Iterator[str]:
    """What is wrong with one group."""
    for name, value in cell.items():
        if name == "count":
            is_count = type(value) is int and len(str(value)) <= DIGITS_MAX
            if not is_count or not isinstance(value, int) or value < least:
                yield "small"
        elif not (value is None or isinstance(value, bool) or _is_word(value)):
            yield "text"


def _is_word(value: object) -> bool:
    """Whether a value is a word."""
    return isinstance(value, str) and WORD.fullmatch(value) is not None
