"""Sketches of how many different subjects there are: they can be put together, and say of nobody that they are in one.

A sketch lives in memory only. It is made of pseudonyms, and those of an erased subject leave it with their file.
"""

import math
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Sketch = npt.NDArray[np.uint8]
"""`PLACES` registers: the longest run of leading zeros, and one, among the hashes that fell to each."""

PLACE_BITS: Final = 11
PLACES: Final = 1 << PLACE_BITS
"""2048 registers: a standard error of 1.04 / sqrt(2048) = 2.3 %, in 2 KiB."""

REST_BITS: Final = 64 - PLACE_BITS
SEED: Final = 20_211_101

STEP_MIN: Final = 10
"""Counts of subjects are told in tens at least: fewer would tell who they are. Source: DESIGN.md, D10."""


def sketch(subjects: pa.ChunkedArray | pa.Array) -> Sketch:
    """Sketch the different subjects of a column of pseudonyms; nulls are nobody.

    Source: Flajolet, Fusy, Gandouet, Meunier, HyperLogLog (2007), figure 2.
    """
    hashes = pl.Series(subjects.drop_null().cast(pa.string())).hash(SEED).to_numpy()
    places = (hashes >> np.uint64(REST_BITS)).astype(np.intp)
    rest = hashes & np.uint64((1 << REST_BITS) - 1)
    _, length = np.frexp(rest.astype(np.float64))  # 53 bits: a double holds them all
    registers = np.zeros(PLACES, np.uint8)
    np.maximum.at(registers, places, (REST_BITS + 1 - length).astype(np.uint8))
    return registers


def together(sketches: Iterable[Sketch]) -> Sketch:
    """Put sketches together: of all the subjects that are in any of them."""
    whole = np.zeros(PLACES, np.uint8)
    for one in sketches:
        np.maximum(whole, one, out=whole)
    return whole


def estimate(whole: Sketch) -> float:
    """Say about how many different subjects went into a sketch.

    Source: as above; small numbers by linear counting of the registers that nobody fell to.
    """
    raw = (
        0.7213 / (1 + 1.079 / PLACES) * PLACES**2 / float(np.sum(2.0 ** -whole.astype(np.float64)))
    )
    empty = int(np.count_nonzero(whole == 0))
    if raw <= 2.5 * PLACES and empty:
        return float(PLACES * np.log(PLACES / empty))
    return raw


def rounded(count: float) -> int:
    """Round a count of subjects up to two figures, and to tens at least: 10 says that there are ten at most."""
    if count <= 0:
        return 0
    step: int = max(STEP_MIN, 10 ** (len(str(int(count))) - 2))
    return max(1, math.ceil(count / step)) * step  # the least float divided is none
