"""`remit import … --follow`: files that are being written become events as they grow."""

import hashlib
import os
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from remit.follow import Follower
from remit.importer import Importer
from remit.journal import Journal
from remit.tail import keyed
from remit_cli.importing import SPOOL_BYTES_HIGH, TOO_LARGE, Imported
from remit_cli.line_reading import KINDS, admitted
from remit_cli.stopping import asked_to_stop
from remit_cli.storing import make_ready
from remit_consumers.settings import Settings
from remit_schemas.errors import SpoolError
from remit_schemas.spool import FOLDER

JOURNALS = "following"
"""Where followers keep how far they have read: in the spool, since a pack is moved from there into it by a rename."""

POLL_S = 0.25
"""Between two looks at files that hold nothing new: a line is on the log within half a second."""

RENEW_S = 6 * 3600.0
"""A follower takes a new producer id so often: a lane is silent for less than marks are kept, even in a quiet log."""

LOOK_S = 1.0
"""How often the bundle is looked at, as clients do: a stopped category stops within it."""

CLOSE_TIMEOUT_S = 5.0
"""How long the end of a follower waits for a broker; what it did not take is shipped from the spool by the next."""

ID_BYTES = 32

Say = Callable[[str], None]
"""Tells whoever watches something: a line, without any value."""


@dataclass(slots=True)
class Followed:
    """One file that is followed.

    Attributes:
        follower: Reads it.
        journal: Keeps how far.
        told: What became of its lines since the start.
        lost: Files that were gone before they were read, as far as was said.
        problem: Why it cannot be opened, as far as was said.
    """

    follower: Follower
    journal: Journal
    told: Imported = field(default_factory=Imported)
    lost: int = 0
    problem: str | None = None


def follow(
    kind: str, files: Sequence[Path], settings: Settings, say: Say, tenant: str = ""
) -> dict[str, Imported]:
    """Follow files until SIGTERM or SIGINT; gives what became of each one's lines meanwhile.

    Args:
        kind: One of `KINDS`.
        files: They may not be there yet.
        settings: Of this installation.
        say: Told what a person should know.
        tenant: Whose the files are; the operator's own where it is empty.

    Raises:
        SettingsError: Another process follows one of them, or tenants are registered and not this one.
        SpoolError: No slot can be had, or a journal cannot be read.
    """
    with asked_to_stop() as stop, ExitStack() as stack:
        session = _Session(kind, settings, tenant)
        stack.callback(session.close)
        followed = {str(file): _taken(file, kind, settings, session, stack) for file in files}
        say(f"following {len(files)} file{'s' * (len(files) > 1)}; Ctrl-C stops")
        while not stop.is_set():
            session.renew()
            moved = 0
            if session.has_room(say):
                moved = sum(session.advance(each, name, say) for name, each in followed.items())
            if not moved:
                stop.wait(POLL_S)
        return {name: each.told for name, each in followed.items()}


def _taken(
    file: Path, kind: str, settings: Settings, session: "_Session", stack: ExitStack
) -> Followed:
    """Take one file on where it was left."""
    path = file.absolute()
    name = hashlib.sha256(f"{kind}\0{path}".encode()).hexdigest()[:ID_BYTES]
    journal = Journal(settings.data / FOLDER / JOURNALS / name)
    stack.callback(journal.close)
    follower = Follower(path, journal.tails, keyed(session.importer.lane_key))
    stack.callback(follower.close)
    return Followed(follower, journal)


def _say_news(followed: Followed, name: str, say: Say) -> None:
    """Say once what a person should know of a file."""
    follower = followed.follower
    if follower.lost > followed.lost:
        followed.lost = follower.lost
        say(f"{Path(name).name}: a file that was being read is gone; what was not read is lost")
    if follower.problem != followed.problem:
        followed.problem = follower.problem
        if follower.problem is not None:
            say(f"{Path(name).name}: cannot be read, and is tried again: {follower.problem}")


class _Session:
    """The producer that the lines go out under; a new one whenever the bundle changes."""

    def __init__(self, kind: str, settings: Settings, tenant: str) -> None:
        self._event, self._parse = KINDS[kind]
        self._settings = settings
        self._tenant = tenant
        self._is_waiting = False
        self._is_spoiled = False
        self._look_at = 0.0
        self._let_go = 0
        self._is_open = False
        self._begin()

    def renew(self) -> None:
        """Go over to a new producer id where the bundle is another, or it is time."""
        now = time.monotonic()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        if self._is_spoiled:
            self._begin_beside()
        elif now >= self._renew_at or self.importer.is_out_of_date():
            self.close()
            self._begin()

    def has_room(self, say: Say) -> bool:
        """Whether the log takes more; what is not read waits in the file."""
        is_full = self.importer.has_waiting(SPOOL_BYTES_HIGH)
        if self.importer.let_go > self._let_go:
            say(f"{self.importer.let_go - self._let_go:,} events {TOO_LARGE}")
            self._let_go = self.importer.let_go
        if is_full and not self._is_waiting:
            say("the spool is full and nothing takes from it: the file waits; start `remit up`")
        self._is_waiting = is_full
        return not is_full

    def advance(self, followed: Followed, name: str, say: Say) -> bool:
        """Put what has come into the log; gives whether anything had."""
        cut = None if self._is_spoiled else followed.follower.cut()
        _say_news(followed, name, say)
        if not self._is_spoiled and followed.follower.tails and not followed.journal.tails:
            followed.journal.note(followed.follower.tails)
        if cut is None:
            return False
        now_ms = int(time.time() * 1000)
        datums, refused = admitted(self.importer, self._parse, cut.lines, now_ms)
        if cut.overlong:
            refused["unparsed"] += cut.overlong
        pack = self.importer.sealed(self._number, datums, refused=refused)
        try:
            followed.journal.commit(cut.tails, pack, self.importer.publish)
        except OSError as error:
            say(f"{Path(name).name}: waits, since the spool cannot be written: {error.strerror}")
            self._is_spoiled = True  # what was counted is in no pack: another producer counts anew
            return False
        self._number += 1
        followed.follower.take(cut)
        self.importer.sync()
        followed.told.lines += len(cut.lines) + cut.overlong
        followed.told.accepted += len(datums)
        followed.told.refused += refused
        return True

    def close(self) -> None:
        """Have everything on the log, and give the slot up; what a broker did not take stays in the spool."""
        if self._is_open:  # else the next one could not be begun, and why is being told
            self._is_open = False
            self.importer.flush(CLOSE_TIMEOUT_S if self._settings.log else 0)
            self.importer.close()

    def _begin_beside(self) -> None:
        """Begin anew as soon as there is room, and give the spoiled producer's slot up only then."""
        spoiled = self.importer
        with suppress(OSError, SpoolError):
            self._begin()
            self._is_spoiled = False
            spoiled.close()

    def _begin(self) -> None:
        make_ready(self._settings)
        identity = os.urandom(ID_BYTES)
        self.importer = Importer(
            self._event,
            identity,
            tenant=self._tenant,
            log=self._settings.log,
            data=self._settings.data,
        )
        self._is_open = True
        self._number = 0
        self._let_go = 0
        now = time.monotonic()
        self._renew_at, self._look_at = now + RENEW_S, now + LOOK_S
