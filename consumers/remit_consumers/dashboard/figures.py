"""The figures behind every page: the report that `remit report` gives, made again only when the lake has changed."""

import hashlib
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pyarrow as pa

from remit_consumers.dashboard.moments import Moments
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.log import LOG_FOLDER, first_version, versions
from remit_consumers.lake.receipts import chain, heads, laid_out
from remit_consumers.lake.tables import row_tables
from remit_consumers.proof.report import Report, report

Versions = tuple[tuple[str, int], ...]
"""Each table of a lake with its newest version: two that are equal stand for the same figures."""

Made = TypeVar("Made")

AGE_MAX_S = 60.0
"""How old figures may become of a lake that does not change: days run out meanwhile, and records reach their end."""


@dataclass(frozen=True, slots=True)
class Stand:
    """How a lake stands.

    Attributes:
        versions: Of its tables.
        report: What `remit report` says.
        receipts: What it says so of (columns: `columns.RECEIPTS`; `receipt` is null).
        taken_at: When it was read, aware UTC.
    """

    versions: Versions
    report: Report
    receipts: pa.Table
    taken_at: datetime

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever offered."""
        return not self.report.contracts


class Figures:
    """Keeps the figures of one lake; several threads may ask.

    Attributes:
        lake: The lake.
        moments: When its commits were made.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self.moments = Moments(lake.root)
        self._lock = threading.Lock()
        self._stand: Stand | None = None
        self._receipts: pa.Table | None = None
        self._derived: dict[tuple[str, ...], object] = {}

    def derived(self, key: tuple[str, ...], make: Callable[[], Made]) -> Made:
        """What is worked out of the lake as it stands now, kept for as long as it stands so.

        Args:
            key: Names it.
            make: Works it out.

        Raises:
            LakeError: The lake cannot be read.
        """
        self.now()
        kept = self._derived
        if key not in kept:
            kept[key] = make()
        found: Made = kept[key]  # type: ignore[assignment]  # made by the maker of the same key
        return found

    def now(self) -> Stand:
        """The figures of this moment.

        Raises:
            LakeError: The lake cannot be read.
        """
        with self._lock:
            stand, now = self._stand, datetime.now(UTC)
            found = versions_of(self.lake.root)
            is_old = stand is None or (now - stand.taken_at).total_seconds() > AGE_MAX_S
            if stand is None or is_old or stand.versions != found:
                receipts = self._read()
                self.moments.learn(receipts)
                stand = Stand(found, report(self.lake, receipts=receipts), receipts, now)
                self._stand, self._derived = stand, {}
            return stand

    def _read(self) -> pa.Table:
        """All receipts: what was read before, and on top of it what was committed since."""
        root = self.lake.root
        stands = heads(self._receipts) if self._receipts is not None else {}
        if self._receipts is None or _is_behind(root, stands):
            self._receipts = _counts(self.lake.receipts())
            return self._receipts
        with reaching(root):
            fresh = [
                link
                for name in row_tables(root)
                for link in chain(root, name, *stands.get(name, (-1, None)))
            ]
        if fresh:
            self._receipts = pa.concat_tables([self._receipts, _counts(laid_out(fresh))])
        return self._receipts


def _counts(receipts: pa.Table) -> pa.Table:
    """Receipts without their own text, which is most of their bytes and counts nothing."""
    at = receipts.schema.get_field_index("receipt")
    return receipts.set_column(at, receipts.schema.field(at), pa.nulls(len(receipts), pa.string()))


def stamp(stand: Stand) -> str:
    """A few characters that are others when the figures may be."""
    told = repr((stand.versions, stand.taken_at.date())).encode()
    return hashlib.sha256(told).hexdigest()[:16]


def versions_of(root: Path) -> Versions:
    """The newest version of every table of a lake."""
    return tuple(
        (str(table.relative_to(root)), max(versions(table), default=-1)) for table in _tables(root)
    )


def _is_behind(root: Path, stands: Mapping[str, tuple[int, str]]) -> bool:
    """Whether a lake is older than what was read of it, for it was restored meanwhile; or its logs tell no more of all since."""
    return any(
        max(versions(root / name), default=-1) < at or first_version(root / name) > at + 1
        for name, (at, _) in stands.items()
    )


def _tables(root: Path) -> Iterator[Path]:
    """The folders that are tables: some lie one below the root, those of events two."""
    for pattern in (f"*/{LOG_FOLDER}", f"*/*/{LOG_FOLDER}"):
        for log in sorted(root.glob(pattern)):
            yield log.parent
