"""Where in the ledger's arrays a subject stands, and arrays of times that grow with the subjects."""

from typing import Self

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64]
"""Of shape (subjects, names): a subject has one name, a visitor one for each day; -1 where there is none."""

NOWHERE = -1
"""The place of a name that is not on record."""

GROWTH = 8
"""An array that is full becomes longer by an eighth: what is kept free costs memory for every subject."""

CAPACITY_MIN = 1_024
"""Places of a new array."""


class Column:
    """A number for each place; the default where none was set. Behind the last one stands the default: place -1."""

    def __init__(self, default: int) -> None:
        self._default = default
        self._values: Times = np.full(1, default, np.int64)

    @classmethod
    def of(cls, values: Times) -> Self:
        """Make one of what `values` gave; the array is its own from here on."""
        column = cls(int(values[-1]))
        column._values = values if values.flags.writeable else values.copy()
        return column

    @property
    def values(self) -> Times:
        """All numbers, and the default behind the last."""
        return self._values

    def __getitem__(self, place: int) -> int:
        return int(self._values[place]) if place < len(self._values) - 1 else self._default

    def __setitem__(self, place: int, value: int) -> None:
        if place >= len(self._values) - 1:
            self._reach(place)
        self._values[place] = value

    def put(self, places: Places, values: Times) -> None:
        """Set the numbers of some places."""
        if len(places):
            self._reach(int(places.max()))
            self._values[places] = values

    def at(self, places: Places) -> Times:
        """The numbers of some places, in their shape."""
        last = len(self._values) - 1
        return self._values[np.where(places < last, places, last)]

    def _reach(self, place: int) -> None:
        """Become long enough for a place."""
        if place < len(self._values) - 1:
            return
        size = place + max(CAPACITY_MIN, place // GROWTH) + 2
        grown = np.full(size, self._default, np.int64)
        grown[: len(self._values) - 1] = self._values[:-1]
        self._values = grown

    @property
    def bytes(self) -> int:
        """What it takes of memory."""
        return self._values.nbytes
