"""Free text, scrubbed: addresses, numbers, names of accounts and secrets become a mark of their kind.

Most lines of a log hold nothing: one look over the whole column finds those that might, and only they are worked on.
"""

from collections.abc import Mapping, Sequence

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.scrub.rules import FAMILIES, FAMILY, RULES, SHAPES, WORDS
from remit_consumers.reducers.unique import each, text
from remit_schemas.reducer import Scalar

CHARS_MAX = 4_096
"""Characters kept where the policy does not say."""

ROUNDS_MAX = 4
"""Times a text is scrubbed until nothing changes; a text that still does is replaced as a whole."""

LOOKED_AT_MAX = 4
"""How many times the characters kept are looked at: what lies behind can only move up by that much."""

WHOLE = "<text>"
"""What stands for a text that cannot be scrubbed to the end."""


def reduce(values: pa.Array, parameters: Mapping[str, Scalar]) -> tuple[pa.Array, ...]:
    """Scrub each text; such as hold nothing stay as they are."""
    column = text(values)
    chars_max = _chars_max(parameters)
    series = pl.Series(column)
    suspect = _suspect(series) | (series.str.len_bytes() > chars_max)
    mask = suspect.fill_null(value=False).to_arrow()
    some = column.filter(mask)
    if not len(some):
        return (column,)
    (clean,) = each(some, lambda distinct: [*scrubbed(distinct, chars_max)])
    return (pc.replace_with_mask(column, mask, clean.dictionary_decode()),)


def explain(value: str, parameters: Mapping[str, Scalar]) -> str:
    """Name the rules that fire on one value."""
    fired: list[str] = []
    for rule in RULES:
        again = rule.apply([value])[0] if rule.could_change(pl.Series([value]))[0] else value
        if again != value:
            fired.append(rule.name)
        value = again
    fired += ["cut"] if len(value) > _chars_max(parameters) else []
    return ", ".join(dict.fromkeys(fired)) or "nothing found"


def scrubbed(values: Sequence[str], chars_max: int = CHARS_MAX) -> list[str]:
    """Scrub texts until doing it again changes nothing.

    Args:
        values: The texts.
        chars_max: Characters kept of each.
    """
    done = [_cut(value, chars_max * LOOKED_AT_MAX) for value in values]
    changing = list(range(len(done)))
    for _ in range(ROUNDS_MAX):
        before = [done[row] for row in changing]
        after = [value[:chars_max] for value in _once(before)]
        for row, value in zip(changing, after, strict=True):
            done[row] = value
        pairs = zip(changing, before, after, strict=True)
        changing = [row for row, old, new in pairs if old != new]
        if not changing:
            return list(done)
    for row in changing:
        done[row] = WHOLE
    return list(done)


def _suspect(series: pl.Series) -> pl.Series:
    """Say which texts any rule could change."""
    return series.str.contains(WORDS) | series.str.contains(SHAPES)


def _once(values: list[str]) -> list[str]:
    """Apply each rule to the texts that it could change."""
    done = list(values)
    series = pl.Series(values, dtype=pl.String)
    suspects = {look: _rows_with(look, series) for look in (WORDS, SHAPES)}
    of_family = {
        family: suspects[look].filter(series.gather(suspects[look]).str.contains(family))
        for family, look in FAMILIES.items()
    }
    for rule, family in zip(RULES, FAMILY, strict=True):
        mine = of_family[family]
        if not len(mine):
            continue
        rows = mine.filter(rule.could_change(series.gather(mine))).to_list()
        if not rows:
            continue
        for row, value in zip(rows, rule.apply([done[row] for row in rows]), strict=True):
            done[row] = value
    return done


def _rows_with(look: str, texts: pl.Series) -> pl.Series:
    """The numbers of the texts in which a look finds something."""
    return texts.str.contains(look).arg_true()


def _cut(value: str, chars: int) -> str:
    """Cut a text at the last blank before its end, so that no half of an address is left standing."""
    return value if len(value) <= chars else value[:chars].rpartition(" ")[0]


def _chars_max(parameters: Mapping[str, Scalar]) -> int:
    """Read how many characters are kept."""
    return int(str(parameters.get("chars_max", CHARS_MAX)))
