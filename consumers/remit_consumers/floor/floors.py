"""The floors in force, and what is counted for the next: one for each contract whose policy asks for one."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from remit_consumers.clock import Clock, utc_now
from remit_consumers.floor.seen import common
from remit_consumers.floor.window import Sealer, Window, WindowName
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.floors import Floor, Kind
from remit_schemas.decided import FloorPlan
from remit_schemas.errors import KeysOutOfReach, LakeError, RemitError
from remit_schemas.plan import Plan

SAVE_EVERY_S = 60.0
"""How often what was seen is saved: what a crash loses is counted as not seen, which only makes more rare."""

GRACE = timedelta(minutes=10)
"""How long after its end a window is closed: by then every consumer has saved what it saw in it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds for the rows of a batch.

    Attributes:
        floor: The floor of the last closed window; None where there is none yet.
        window: Where its rows are counted.
    """

    floor: Floor | None
    window: Window


class Floors:
    """The floors of one consumer."""

    def __init__(self, lake: Lake, sealer: Sealer, now: Clock = utc_now) -> None:
        self._lake = lake
        self._sealer = sealer
        self._now = now
        self._open: dict[WindowName, Window] = {}
        self._newest: dict[Kind, list[Floor]] | None = None
        self._version = -1
        self._tended_at = float("-inf")

    def standing(self, plan: Plan, floor: FloorPlan) -> Standing:
        """Say what holds for a contract now.

        A floor of other columns holds no longer once the policy has changed; one that asked for fewer subjects holds
        until there is one that asked for enough.
        """
        name = WindowName.at(plan.contract, floor, self._now())
        if name not in self._open:
            self._open[name] = self._sealer.load(name) or Window.empty(floor)
        if self._newest is None:
            self._version = self._lake.floors_version()
            self._newest = self._lake.floors(self._now())
        known = self._newest.get((plan.contract, tuple(floor.columns)), [])
        enough = [each for each in known if each.subjects_min >= floor.subjects_min]
        return Standing(next(iter(enough or known), None), self._open[name])

    def forget_unsaved(self) -> None:
        """Go on from what is sealed: an erasure may have taken somebody out of it. What was not saved was not seen."""
        self._open.clear()

    def tend(self, *, hurry: bool = False) -> None:
        """Save what was seen and close the windows that are over, once a minute or, in a hurry, at once.

        Raises:
            OSError: Something cannot be written: nothing is lost, and it is tried again.
            LakeError: The lake cannot be read or written.
            KeysOutOfReach: A key cannot be read or made.
        """
        if not hurry and time.monotonic() - self._tended_at < SAVE_EVERY_S:
            return
        self._tended_at = time.monotonic()
        now, faults = self._now(), _Faults()
        for name, window in list(self._open.items()):
            if name.ended_at + GRACE > now:
                with faults.kept():
                    self._sealer.save(name, window)
            if name.ended_at + GRACE <= now or (name.ended_at <= now and window.is_saved):
                del self._open[name]
        for name in sorted(self._sealer.windows(), key=lambda name: name.begun_s):
            if name.ended_at + GRACE <= now:
                with faults.kept():
                    self._close(name)
        if self._lake.floors_version() != self._version:  # this consumer closed one, or another did
            self._newest = None
        faults.tell()

    def _close(self, name: WindowName) -> None:
        """Decide what is common from what all consumers saw, and destroy what it was decided from."""
        if not self._sealer.keys.is_dir():
            message = "the folder of the keys is not there"
            raise KeysOutOfReach(message)
        with _alone(self._sealer.folder / "lock"):
            window = self._sealer.gather(name)
            if window is not None:
                self._lake.add_floor(floor_of(name, window))
            self._sealer.destroy(name)


class _Faults:
    """Lets each window be tended though another could not be, and tells the first fault at the end."""

    def __init__(self) -> None:
        self._met: list[OSError | RemitError] = []

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keep a fault for later."""
        try:
            yield
        except (OSError, LakeError, KeysOutOfReach) as fault:
            self._met.append(fault)

    def tell(self) -> None:
        """Raise the first fault that was met."""
        for fault in self._met:
            raise fault


def floor_of(name: WindowName, window: Window) -> Floor:
    """Decide what was common in a window."""
    return Floor(
        name=f"{name.contract}@{name.begun_at:%Y-%m-%dT%H:%MZ}/{name.signature}",
        contract=name.contract,
        columns=window.columns,
        subjects_min=window.before.enough,
        begun_at=name.begun_at,
        ended_at=name.ended_at,
        subjects=window.before.subjects,
        before=window.before.crowd,
        after=window.after.crowd,
        common=common(window.before),
    )


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Wait until no other consumer closes a window."""
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
