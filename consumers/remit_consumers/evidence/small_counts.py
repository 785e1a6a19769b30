"""Small counts of a table with its totals: hidden, and so much beside them that no total gives them back.

A count of 1 to 9 shows as `<10` (D10), and so does a 0 in a row or column of fewer than ten: nine counts of which none is
0 and that come to fewer than ten would be nine ones. Where the other counts of its row or column, and the total, would tell what it
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
from typing import Self

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
    counts = _Counts.of(table)
    small_ones = {cell for cell, count in counts.of_cell.items() if small(count)}
    hidden = small_ones | counts.veiled
    for cell in sorted(small_ones, key=lambda cell: (counts.of_cell[cell], cell)):
        if _round(counts, hidden, cell, may_hide=False) is None:
            found = _round(counts, hidden, cell, may_hide=True)
            hidden |= set(found or [one for one, count in counts.of_cell.items() if count])
    return _shown(table, counts.of_cell, hidden)


@dataclass(frozen=True, slots=True)
class _Counts:
    """A table with its totals.

    Attributes:
        of_cell: Every count.
        veiled: The cells of which a reader is told only that they are below ten: those of a row or column of fewer, and
            where the whole table is of fewer, all but its total.
    """

    of_cell: Mapping[_Cell, int]
    veiled: frozenset[_Cell]

    @classmethod
    def of(cls, table: Mapping[str, Mapping[str, int]]) -> Self:
        """Add the totals to a table."""
        found = _with_totals(table)
        if small(found[TOTAL, TOTAL]):
            return cls(found, frozenset(found) - {(TOTAL, TOTAL)})
        lines = {cell: _sums(found, cell) for cell in found if TOTAL not in cell}
        few = (cell for cell, sums in lines.items() if all(sums) and any(map(small, sums)))
        return cls(found, frozenset(few))

    def may_change(self, cell: _Cell, step: int) -> bool:
        """Whether a hidden count could as well be one more or less, for all that a reader is told of it alone."""
        count = self.of_cell[cell]
        if cell in self.veiled:
            return 0 <= count + step < SHOWN_MIN
        return count > 0 and small(count) == small(count + step) and count + step > 0


def _sums(counts: Mapping[_Cell, int], cell: _Cell) -> tuple[int, int]:
    """The totals of the row and of the column of a cell."""
    return counts[cell[0], TOTAL], counts[TOTAL, cell[1]]


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
    counts: _Counts, hidden: set[_Cell], cell: _Cell, *, may_hide: bool
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
        if not counts.may_change(cell, step):
            continue
        begin, end = _ends(cell, step)
        ways = {one for one in counts.of_cell if one != cell and (one in hidden or may_hide)}
        found = _cheapest(counts, hidden, ways, (end, begin))
        if found is not None:
            rounds.append(found)
    return min(rounds)[1] if rounds else None


def _cheapest(
    counts: _Counts,
    hidden: set[_Cell],
    ways: set[_Cell],
    between: tuple[_Node, _Node],
) -> tuple[int, list[_Cell]] | None:
    """The cheapest path of changes between two places, and what it costs (Dijkstra)."""
    leading: dict[_Node, list[tuple[_Node, int, _Cell]]] = {}
    for cell in ways:
        for step in (1, -1):
            if counts.may_change(cell, step):
                begin, end = _ends(cell, step)
                cost = 0 if cell in hidden else counts.of_cell[cell]
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
        count = counts[cell]
        return count if cell not in hidden else SMALL if count < SHOWN_MIN else WITHHELD

    columns = [column for row, column in counts if row == TOTAL and column != TOTAL]
    return Suppressed(
        rows={name: {column: one((name, column)) for column in columns} for name in table},
        row_totals={name: one((name, TOTAL)) for name in table if (name, TOTAL) in counts},
        column_totals={column: one((TOTAL, column)) for column in columns},
        total=one((TOTAL, TOTAL)),
    )
