"""The identities of rows, a bit each: so many rows stand once that a lake of billions can be looked through."""

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Places = npt.NDArray[np.int64]

PLACES_MAX: Final = 1 << 24
"""Places of a pack that are bits: no body holds so many events. One beyond, or none at all, is remembered by itself."""


class Identities:
    """The rows seen so far, by (pack, index).

    Attributes:
        doubles: How many rows had an identity that one before them has.
    """

    def __init__(self) -> None:
        self.doubles = 0
        self._seen: dict[str | None, int] = {}
        self._odd: set[tuple[str | None, int]] = set()

    def add(self, rows: pa.Table) -> None:
        """Take rows in.

        Args:
            rows: With the columns ``pack`` and ``index``.
        """
        packs = rows.column("pack").combine_chunks().dictionary_encode(null_encoding="encode")
        codes = packs.indices.to_numpy()
        places = pc.fill_null(rows.column("index"), -1).to_numpy().astype(np.int64)
        places = places[np.argsort(codes, kind="stable")]
        ends = np.cumsum(np.bincount(codes, minlength=len(packs.dictionary)))
        begin = 0
        for pack, end in zip(packs.dictionary.to_pylist(), ends.tolist(), strict=True):
            self._take(pack, places[begin:end])
            begin = end

    def _take(self, pack: str | None, places: Places) -> None:
        """Take in the rows of one pack."""
        is_bit = (places >= 0) & (places < PLACES_MAX)
        if not is_bit.all():
            for place in places[~is_bit].tolist():
                self.doubles += (pack, place) in self._odd
                self._odd.add((pack, place))
            places = places[is_bit]
        found, seen = _bits(places), self._seen.get(pack, 0)
        self.doubles += len(places) - found.bit_count() + (found & seen).bit_count()
        self._seen[pack] = found | seen


def _bits(places: Places) -> int:
    """A number whose bits at these places are set."""
    flags = np.zeros(int(places.max(initial=-1)) + 1, np.bool_)
    flags[places] = True
    return int.from_bytes(np.packbits(flags, bitorder="little").tobytes(), "little")
