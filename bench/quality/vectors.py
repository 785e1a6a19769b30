"""Vectors of others that ask more of remit than any peer gives: every property of a page, every reading of a header."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from bench import language_vectors, page_vectors
from bench.quality.asked import Peers
from bench.quality.labelled import Labelled, short
from bench.quality.row import REMIT, Row, known
from bench.quality.scores import percent

Score = Callable[[Path], tuple[int, int, list[str]]]
"""Gives how many rows of a file are wrong, how many there are, and what is wrong how often."""

KINDS: Final[tuple[tuple[str, str, Score], ...]] = (
    ("language", "language/*", language_vectors.score),
    ("page", "url/whatwg*", page_vectors.score),
)
"""Table, files, and who scores them."""


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score every file of vectors that the folder has."""
    del peers  # none promises these properties
    for table, pattern, score in KINDS:
        for path in labelled.files(pattern):
            wrong, total, _ = score(path)
            yield Row(
                table=table,
                measure="wrong: vectors, every property",
                data=short(path),
                count=total,
                scores=known({REMIT: percent(wrong, total)}),
                goal=0,
            )
