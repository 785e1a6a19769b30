"""The places of names: a sorted array of numbers for nearly all of them, and a dictionary for those that came lately.

A name of the ledger is a pseudonym of 16 bytes, written as 32 hexadecimal digits: as two numbers and a place it takes 20
bytes, in a dictionary some 150.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from remit_consumers.consent.places import NOWHERE, Places

Numbers = npt.NDArray[np.uint64]

DIGITS = 32
"""Hexadecimal digits of a name."""

HALF = DIGITS // 2

RECENT_MIN = 1 << 16
"""Names in the dictionary before they are sorted in among the others; later an eighth of those."""

AT_ONCE = 1 << 17
"""Names that are texts at one time."""


class Index:
    """The places of a tenant's names. A name that is forgotten leaves its place empty."""

    def __init__(self) -> None:
        self._recent: dict[str, int] = {}  # also what is no pseudonym, and can be no number
        self._high: Numbers = np.zeros(0, np.uint64)  # ascending; the place of one forgotten is -1
        self._low: Numbers = np.zeros(0, np.uint64)
        self._places = np.zeros(0, np.int32)
        self._settled = 0  # names in the arrays that are not forgotten
        self._settle_at = RECENT_MIN
        self.next = 0  # the place of the next name

    def __len__(self) -> int:
        return self._settled + len(self._recent)

    def of(self, name: str) -> int:
        """Give the place of a name, a new one if it has none."""
        place = self._recent.get(name, NOWHERE)
        if place == NOWHERE and self._settled and _is_pseudonym(name):
            place = self._settled_at(int(name[:HALF], 16), int(name[HALF:], 16))
        return self.all_of([name])[0] if place == NOWHERE else place

    def all_of(self, names: Sequence[str]) -> list[int]:
        """Give the places of names, new ones to those that have none."""
        places = self.known(names)
        if NOWHERE not in places:
            return places
        for n, name in enumerate(names):
            if places[n] == NOWHERE:
                places[n] = self._recent.setdefault(name, self.next)
                self.next += places[n] == self.next
        if len(self._recent) > self._settle_at:
            self.settle()
        return places

    def known(self, names: Iterable[str | None]) -> list[int]:
        """Give the places of names; `NOWHERE` where one is not on record."""
        asked = [name or "" for name in names]
        get = self._recent.get
        places = [get(name, NOWHERE) for name in asked]
        if not self._settled or NOWHERE not in places:
            return places
        missing = [n for n, place in enumerate(places) if place == NOWHERE]
        at = self._at([asked[n] for n in missing])
        found = np.where(at == NOWHERE, NOWHERE, self._places[at]).tolist()
        for n, place in zip(missing, found, strict=True):
            places[n] = place
        return places

    def forget(self, names: Iterable[str]) -> list[int]:
        """Forget names; give the places that they had."""
        asked = list(dict.fromkeys(names))
        places = [self._recent.pop(name, NOWHERE) for name in asked]
        if self._settled:
            at = self._at(asked)
            at = at[at != NOWHERE]
            gone = self._places[at]
            self._places[at] = NOWHERE
            places += gone.tolist()
            self._settled -= int((gone != NOWHERE).sum())
        return [place for place in places if place != NOWHERE]

    def items(self) -> Iterator[tuple[str, int]]:
        """Every name with its place."""
        names, places = self.parts()
        for start in range(0, len(names), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            texts = (name.decode() for name in names[some].tolist())
            yield from zip(texts, places[some].tolist(), strict=True)

    def parts(self) -> tuple[npt.NDArray[Any], Places]:
        """What there is to remember: names, as text, and their places."""
        self.settle()
        both = np.empty((len(self._high), 2), ">u8")
        both[:, 0], both[:, 1] = self._high, self._low
        is_there = self._places != NOWHERE
        texts = both[is_there].tobytes().hex().encode("ascii")
        odd = np.array(list(self._recent), "S") if self._recent else np.zeros(0, f"S{DIGITS}")
        names = np.concatenate([np.frombuffer(texts, f"S{DIGITS}"), odd])
        places = [self._places[is_there], np.fromiter(self._recent.values(), np.int32)]
        return names, np.concatenate(places).astype(np.int64)

    @classmethod
    def of_parts(cls, names: npt.NDArray[Any], places: Places, following: int) -> Self:
        """Make one of what `parts` gave, and the place of the next name."""
        index = cls()
        index.next = following
        high, low = (np.empty(len(names), np.uint64) for _ in range(2))
        at = np.empty(len(names), np.int32)
        end = 0
        for start in range(0, len(names), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            both = _read(names[some])
            if both is None or not _is_ascending(both[:, 0], high[end - 1] if end else 0):
                texts = (name.decode() for name in names[some].tolist())
                index._recent |= zip(texts, places[some].tolist(), strict=True)
                continue
            filled = slice(end, end := end + len(both))
            high[filled], low[filled], at[filled] = both[:, 0], both[:, 1], places[some]
        index._high, index._low, index._places = high[:end], low[:end], at[:end]
        index._settled = end
        if index._recent:
            index.settle()
        return index

    def _settled_at(self, high: int, low: int) -> int:
        """The place of one name that is sorted in; `NOWHERE` where it is not."""
        at = int(self._high.searchsorted(np.uint64(high)))
        while at < len(self._high) and self._high[at] == high:
            if self._low[at] == low:
                return int(self._places[at])
            at += 1
        return NOWHERE

    def _at(self, names: Sequence[str]) -> Places:
        """Where in the arrays names stand; `NOWHERE` where they do not."""
        numbers, is_number = _numbers(names)
        high, low = numbers[:, 0], numbers[:, 1]
        order = np.argsort(high)  # what is looked for in order is found faster
        found = np.full(len(high), NOWHERE, np.int64)
        at = np.searchsorted(self._high, high[order])
        wanted = order
        while len(wanted):  # nearly always once: two names begin alike as rarely as 64 bits do
            is_left = at < len(self._high)
            at, wanted = at[is_left], wanted[is_left]
            is_left = self._high[at] == high[wanted]
            at, wanted = at[is_left], wanted[is_left]
            is_it = self._low[at] == low[wanted]
            found[wanted[is_it]] = at[is_it]
            at, wanted = at[~is_it] + 1, wanted[~is_it]
        places: Places = np.full(len(names), NOWHERE, np.int64)
        places[is_number] = found
        return places

    def settle(self) -> None:
        """Sort the names that came lately in among the others."""
        names = list(self._recent)
        numbers, is_number = _numbers(names)
        came = np.fromiter(self._recent.values(), np.int32, len(names))[is_number]
        is_there = self._places != NOWHERE
        order = np.lexsort((numbers[:, 1], numbers[:, 0]))
        high = self._high[is_there]
        into = np.searchsorted(high, numbers[order, 0])
        self._low = np.insert(self._low[is_there], into, numbers[order, 1])
        self._places = np.insert(self._places[is_there], into, came[order])
        self._high = np.insert(high, into, numbers[order, 0])
        self._settled = len(self._high)
        kept = [name for name, is_one in zip(names, is_number.tolist(), strict=True) if not is_one]
        self._recent = {name: self._recent[name] for name in kept}
        self._settle_at = len(kept) + max(RECENT_MIN, self._settled // 8)


def _numbers(names: Sequence[str]) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """Names as two numbers each, and which of them are pseudonyms and can be numbers."""
    is_number = np.array([_is_pseudonym(name) for name in names], bool)
    texts = "".join(name for name, is_one in zip(names, is_number.tolist(), strict=True) if is_one)
    both = np.frombuffer(bytes.fromhex(texts), ">u8").reshape(-1, 2)
    return both.astype(np.uint64), is_number


def _read(names: npt.NDArray[Any]) -> npt.NDArray[Any] | None:
    """Names as `Index.parts` gives them as two numbers each; None where any of them can be none."""
    texts = names.tobytes()
    with suppress(ValueError):
        raw = bytes.fromhex(texts.decode())
        if names.itemsize == DIGITS and raw.hex().encode() == texts:
            return np.frombuffer(raw, ">u8").reshape(-1, 2).astype(np.uint64)
    return None


def _is_ascending(numbers: Numbers, after: int | np.uint64) -> bool:
    """Whether numbers ascend, from another one on."""
    return bool(numbers[0] >= after and (numbers[1:] >= numbers[:-1]).all())


def _is_pseudonym(name: str) -> bool:
    """Whether a name is 32 hexadecimal digits, and would be read back as it stands."""
    return len(name) == DIGITS and not name.strip("0123456789abcdef")
