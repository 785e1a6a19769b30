"""Small counts of a table with its totals: hidden, and so much beside them that no total gives them back.

A count of 1 to 9 shows as `<10` (D10). Where the other counts of its row or column, and the total, would tell what it
is, some of these are withheld as well. A hidden count is safe if another table, with the same counts shown, has another
number in its place. Such tables differ from this one by a round of changes: one more here, one less there, so that every
total that is shown stays what it is. Rows and columns are the places of a graph, each hidden count a way between its
row and its column, one way for one more, the other for one less; a count is safe if a round leads through it.

Source: Hundepool et al., "Statistical Disclosure Control" (2012), chapter 4 (primary and secondary suppression, and
the audit of what was suppressed).
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass

SHOWN_MIN = 10
"""Counts of subjects below that are not shown (D10)."""

SMALL = f"<{SHOWN_MIN}"
"""What stands in place of a small count."""

WITHHELD = "withheld"
"""What stands in place of a count that would tell a small one."""

TOTAL = ""
"""The name of the row and of the column of totals inside; so no row or column of a table may be called that."""

Shown = int | str
"""A count, or what stands in its place."""

_Cell = tuple[str, str]
_Node = tuple[bool, str]


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A table that may be shown.

    Attributes:
        rows: For each row and column the count, `SMALL` or `WITHHELD`.
        row_totals: The same for each row's total.
        column_totals: For each column's.
        total: Of everything.
    """

    rows: Mapping[str, Mapping[str, Shown]]
    row_totals: Mapping[str, Shown]
    column_totals: Mapping[str, Shown]
    total: Shown


def small(count: int) -> bool:
    """Whether a count is too small to show; none at all tells of nobody."""
    return 0 < count < SHOWN_MIN


def shown(count: int) -> Shown:
    """A count that stands alone, or what stands in its place."""
    return SMALL if small(count) else count


def suppress(table: Mapping[str, Mapping[str, int]]) -> Suppressed:
    """Hide small counts, and withhold what would tell them.

    Args:
        table: Counts by row and column, none below 0; a column that a row lacks counts 0 there.
    """
    counts = _with_totals(table)
    hidden = {cell for cell, count in counts.items() if small(count)}
    for cell in sorted(hidden, key=lambda cell: (counts[cell], cell)):
        if _round(counts, hidden, cell, may_hide=False) is None:
            found = _round(counts, hidden, cell, may_hide=True)
            hidden |= set(found) if found else {one for one, count in counts.items() if count}
    return _shown(table, counts, hidden)


def _with_totals(table: Mapping[str, Mapping[str, int]]) -> dict[_Cell, int]:
    """Every count of a table, those of its totals included."""
    columns = {column: None for row in table.values() for column in row}
    counts: dict[_Cell, int] = {(TOTAL, TOTAL): 0}
    for name, row in table.items():
        for column in columns:
            count = row.get(column, 0)
            for cell in ((name, column), (name, TOTAL), (TOTAL, column), (TOTAL, TOTAL)):
                counts[cell] = counts.get(cell, 0) + count
    return counts


def _round(
    counts: Mapping[_Cell, int], hidden: set[_Cell], cell: _Cell, *, may_hide: bool
) -> list[_Cell] | None:
    """The cheapest round of changes through a cell, as the cells it leads through; None if there is none.

    Args:
        counts: All counts.
        hidden: The cells that are hidden.
        cell: The one that must not be told.
        may_hide: Whether others may be hidden for it: each costs its count.
    """
    rounds = []
    for step in (1, -1):
        if not _may_change(counts[cell], step):
            continue
        begin, end = _ends(cell, step)
        ways = {one for one in counts if one != cell and (one in hidden or may_hide)}
        found = _cheapest(counts, hidden, ways, (end, begin))
        if found is not None:
            rounds.append(found)
    return min(rounds)[1] if rounds else None


def _cheapest(
    counts: Mapping[_Cell, int],
    hidden: set[_Cell],
    ways: set[_Cell],
    between: tuple[_Node, _Node],
) -> tuple[int, list[_Cell]] | None:
    """The cheapest path of changes between two places, and what it costs (Dijkstra)."""
    leading: dict[_Node, list[tuple[_Node, int, _Cell]]] = {}
    for cell in ways:
        for step in (1, -1):
            if _may_change(counts[cell], step):
                begin, end = _ends(cell, step)
                cost = 0 if cell in hidden else counts[cell]
                leading.setdefault(begin, []).append((end, cost, cell))
    waiting: list[tuple[int, int, _Node, list[_Cell]]] = [(0, 0, between[0], [])]
    seen: set[_Node] = set()
    while waiting:
        cost, length, node, path = heapq.heappop(waiting)
        if node == between[1]:
            return cost, path
        if node not in seen:
            seen.add(node)
            for after, more, cell in leading.get(node, ()):
                heapq.heappush(waiting, (cost + more, length + 1, after, [*path, cell]))
    return None


def _may_change(count: int, step: int) -> bool:
    """Whether a hidden count could as well be one more or less: everybody knows whether it is small; 0 is always shown."""
    return count > 0 and small(count) == small(count + step) and count + step > 0


def _ends(cell: _Cell, step: int) -> tuple[_Node, _Node]:
    """From where to where a change of a cell leads; a total changes against its parts."""
    row, column = cell
    against = (row == TOTAL) != (column == TOTAL)
    ends = ((False, row), (True, column))
    return ends if (step > 0) != against else ends[::-1]


def _shown(
    table: Mapping[str, Mapping[str, int]], counts: Mapping[_Cell, int], hidden: set[_Cell]
) -> Suppressed:
    """The table as it may be shown."""

    def one(cell: _Cell) -> Shown:
        return (SMALL if small(counts[cell]) else WITHHELD) if cell in hidden else counts[cell]

    columns = [column for row, column in counts if row == TOTAL and column != TOTAL]
    return Suppressed(
        rows={name: {column: one((name, column)) for column in columns} for name in table},
        row_totals={name: one((name, TOTAL)) for name in table if (name, TOTAL) in counts},
        column_totals={column: one((TOTAL, column)) for column in columns},
        total=one((TOTAL, TOTAL)),
    )
