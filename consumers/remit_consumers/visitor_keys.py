"""The keys of visitors without an account: one for each UTC day, random, and destroyed within 48 hours of its beginning.

A day's key is a file of the key store, ``visitor-<day>.key``, made when the first visitor of that day is stored. When
it is gone, what was stored under it ties to nobody, here or anywhere: no vault, no request and no replay can undo it.

Source: DESIGN.md, D8.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from remit_consumers.clock import Clock, utc_now
from remit_consumers.epochs import REGISTER
from remit_consumers.keyfiles import KEY_BYTES, destroy_key, own_key
from remit_schemas.errors import KeysOutOfReach

LIVES: Final = timedelta(hours=47)
"""How long after the beginning of its day a key lives: an hour less than promised, for a keeper that is started again."""

_PREFIX: Final = "visitor-"
_SUFFIX: Final = ".key"
_DESTROYED: Final = bytes(KEY_BYTES)  # what a crash leaves between overwriting and removing


class VisitorKeys:
    """The keys of the days that live, as one process holds them."""

    def __init__(self, folder: Path, now: Clock = utc_now) -> None:
        self._folder = folder
        self._now = now
        self._known: dict[date, bytes] = {}

    def day_of(self, collected_on: date) -> date:
        """The day under whose key something falls: its own, or today where a clock elsewhere is ahead."""
        return min(collected_on, self._now().date())

    def days(self) -> list[date]:
        """The days whose keys may live now, the newest first."""
        now = self._now()
        recent = (now.date() - timedelta(days=back) for back in range(LIVES.days + 1))
        return [day for day in recent if not is_due(day, now)]

    def days_begun(self) -> list[date]:
        """Those of them of which a key was made already."""
        made = set(days_on_disk(self._folder))
        return [day for day in self.days() if day in made]

    def key(self, day: date) -> bytes | None:
        """Give the key of a day, 32 bytes, made if there is none yet; None where its time is over or not come.

        Raises:
            KeysOutOfReach: It cannot be read or made.
        """
        if day not in self.days():
            return None
        if day not in self._known:
            if not (self._folder / REGISTER).exists():  # a folder that was unmounted
                raise KeysOutOfReach("the keys of visitors have gone: bring REMIT_KEYS back")
            try:
                key = own_key(self._folder / f"{_PREFIX}{day.isoformat()}{_SUFFIX}")
            except OSError as error:
                message = f"the key of today's visitors cannot be made: {error.strerror}"
                raise KeysOutOfReach(message) from None
            if key == _DESTROYED:
                return None
            self._known[day] = key
        return self._known[day]

    def forget_gone(self) -> None:
        """Forget the keys of days that are over."""
        for gone in self._known.keys() - set(self.days()):
            del self._known[gone]


def destroys_at(day: date) -> datetime:
    """When the key of a day goes."""
    return datetime.combine(day, time(), UTC) + LIVES


def is_due(day: date, now: datetime) -> bool:
    """Whether the key of a day is to be gone."""
    return now >= destroys_at(day)


def days_on_disk(folder: Path) -> list[date]:
    """The days of which a key lies in a key store, the oldest first."""
    return sorted(day for _, day in _files(folder))


def destroy_due(folder: Path, now: datetime) -> list[date]:
    """Destroy the keys whose time is over; the caller holds the folder's lock and syncs the folder.

    Returns:
        The days whose keys went in this call.
    """
    due = [(file, day) for file, day in _files(folder) if is_due(day, now)]
    for file, _ in due:
        destroy_key(file)
    return [day for _, day in due]


def _files(folder: Path) -> Iterator[tuple[Path, date]]:
    """The keys in a folder, each with its day."""
    for file in sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}")):
        try:
            yield file, date.fromisoformat(file.name[len(_PREFIX) : -len(_SUFFIX)])
        except ValueError:
            continue  # not ours
