"""Where in the ledger's arrays a subject stands, and arrays of times that grow with the subjects."""

from collections.abc import Iterable
from typing import Self

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
"""Of shape (subjects, names): a subject has one name, a visitor one for each day; -1 where there is none."""

NOWHERE = -1
"""The place of a name that is not on record."""

GROWTH = 1.5
"""How much longer an array becomes that is full."""

CAPACITY_MIN = 1_024
"""Places of a new array."""


class Index:
    """The places of a tenant's names. A name that is forgotten leaves its place empty."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self.next = 0  # the place of the next name

    @classmethod
    def of_parts(cls, places: dict[str, int], following: int) -> Self:
        """Make one of places that are taken, and the one that follows."""
        index = cls()
        index._places, index.next = places, following
        return index

    def __len__(self) -> int:
        return len(self._places)

    def of(self, name: str) -> int:
        """Give the place of a name, a new one if it has none."""
        place = self._places.get(name)
        if place is None:
            place = self._places[name] = self.next
            self.next += 1
        return place

    def known(self, names: Iterable[str | None]) -> list[int]:
        """Give the places of names; `NOWHERE` where one is not on record."""
        get = self._places.get
        return [get(name or "", NOWHERE) for name in names]

    def forget(self, names: Iterable[str]) -> list[int]:
        """Forget names; give the places that they had."""
        places = [self._places.pop(name, NOWHERE) for name in names]
        return [place for place in places if place != NOWHERE]

    def items(self) -> Iterable[tuple[str, int]]:
        """Every name with its place."""
        return self._places.items()


class Column:
    """A number for each place; the default where none was set. Behind the last one stands the default: place -1."""

    def __init__(self, default: int) -> None:
        self._default = default
        self._values: Times = np.full(1, default, np.int64)

    @classmethod
    def of(cls, values: Times) -> Self:
        """Make one of what `values` gave."""
        column = cls(int(values[-1]))
        column._values = values.copy()
        return column

    @property
    def values(self) -> Times:
        """All numbers, and the default behind the last."""
        return self._values

    def __getitem__(self, place: int) -> int:
        return int(self._values[place]) if place < len(self._values) - 1 else self._default

    def __setitem__(self, place: int, value: int) -> None:
        if place >= len(self._values) - 1:
            size = max(CAPACITY_MIN, int(place * GROWTH) + 2)
            grown = np.full(size, self._default, np.int64)
            grown[: len(self._values) - 1] = self._values[:-1]
            self._values = grown
        self._values[place] = value

    def at(self, places: Places) -> Times:
        """The numbers of some places, in their shape."""
        last = len(self._values) - 1
        return self._values[np.where(places < last, places, last)]

    @property
    def bytes(self) -> int:
        """What it takes of memory."""
        return self._values.nbytes
