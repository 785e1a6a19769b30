"""A file that is being written, followed: whole lines as they come, over rotation, truncation and restarts.

Each line becomes part of exactly one pack (`journal.py` says why). What belongs to the file:

* moved and made anew (logrotate's default): the moved file is read to its end, and for a while longer, since a server
  writes to it until it is told; then what it holds without a line feed is a line, too;
* copied and cut (copytruncate): the copy is found by its first bytes, and read from where the file was read to;
  what a writer wrote between the copy and the cut is in neither, as logrotate says of itself;
* packed (.gz) meanwhile: found by its first bytes as well;
* rotated more than once while nobody followed: rotated files written later than all that was read are read first;
* written to once more when it was left already, by a server's slow worker: known again, and read from where it was left.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from remit.tail import HEAD_BYTES_MAX, Fingerprint, OpenFile, Tail, find, is_same, unread

CUT_BYTES_MAX: Final = 512 << 10
"""Content of one pack: half of what a Kafka message may hold, should nothing of it compress."""

CUT_LINES_MAX: Final = 2_000
"""Lines of one pack."""

GRACE_S: Final = 30.0
"""A file that was moved away is watched for so long after its last byte: servers write on until they are told."""

LEFT_MAX: Final = 16
"""Files that were read to their end of which it is remembered how far: more generations than one are rarely written to."""

Now = Callable[[], float]
"""Monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Cut:
    """What was read at once.

    Attributes:
        lines: Whole lines, without their ends; bytes that are no UTF-8 became the replacement character.
        overlong: Lines that ended here and are longer than a pack.
        tails: Where the follower stands when these are in the log.
    """

    lines: list[str]
    overlong: int
    tails: tuple[Tail, ...]


@dataclass(slots=True)
class _Reading:
    """A file being read.

    Attributes:
        tail: How far.
        file: It, open.
        quiet_since: When it was found to hold nothing more; None while it may.
    """

    tail: Tail
    file: OpenFile
    quiet_since: float | None = field(default=None)


class Follower:
    """Reads one file as it grows. It holds nothing that is not in the journal, save open files.

    Attributes:
        lost: Files that were being read and that are nowhere any more.
        problem: Why the file cannot be opened, as the system says it; None while it can, or is not there.
    """

    def __init__(
        self,
        path: Path,
        tails: tuple[Tail, ...],
        fingerprint: Fingerprint,
        now: Now = time.monotonic,
    ) -> None:
        """Find the files again that were being read; the file itself may not be there yet."""
        self.lost = 0
        self.problem: str | None = None
        self._path = path
        self._fingerprint = fingerprint
        self._now = now
        self._since_ns = max((tail.mtime_ns for tail in tails), default=0)
        self._is_new = not tails
        self._has_looked = False
        self._readings: list[_Reading] = []
        self._left = [tail for tail in tails if tail.is_left]
        for tail in filter(
            lambda tail: tail.head_bytes and not tail.is_left, tails
        ):  # the others were empty: if not now, unread
            found = find(tail, path, fingerprint)
            if found is None:
                self.lost += 1
            else:
                self._readings.append(_Reading(*found))

    @property
    def tails(self) -> tuple[Tail, ...]:
        """What is read, and how far; to be noted when a file is begun, lest it is rotated before its first pack."""
        return (*self._left, *(reading.tail for reading in self._readings))

    def cut(self) -> Cut | None:
        """Read what has come; None where that is no whole line. The same again until `take`."""
        self._look()
        for number, reading in enumerate(self._readings):
            is_last = number == len(self._readings) - 1
            cut = self._cut(number, is_over=not is_last and self._is_over(reading))
            if cut is not None:
                return cut
        self._drop()
        return None

    def take(self, cut: Cut) -> None:
        """Go on behind a cut that is in the log."""
        tails = cut.tails[len(self._left) :]
        for reading, tail in zip(self._readings, tails, strict=True):
            if reading.tail.offset != tail.offset:
                reading.quiet_since = None
            reading.tail = tail
            self._since_ns = max(self._since_ns, tail.mtime_ns)

    def close(self) -> None:
        """Close the files."""
        for reading in self._readings:
            reading.file.close()

    def _look(self) -> None:
        """See whether the file was begun, moved or cut."""
        live = self._readings[-1] if self._readings else None
        if live is not None and not live.file.is_packed and self._is_cut(live):
            self._begin_again(live)
        try:
            status = self._path.stat()
        except OSError:
            return  # not there yet, or between two files
        if not self._readings or not self._readings[-1].tail.is_of(status):
            self._go_on()
        elif not self._has_looked:
            self._take_unread(self._readings.pop())
        self._has_looked = True
        for reading in self._readings:
            self._know_better(reading)

    def _know_better(self, reading: _Reading) -> None:
        """Hash more first bytes of a file that has more now, read or not: by them it is known again."""
        tail = reading.tail
        if tail.head_bytes >= HEAD_BYTES_MAX:
            return
        head = reading.file.read(0, HEAD_BYTES_MAX)
        if len(head) > tail.head_bytes:
            reading.tail = replace(tail, head_bytes=len(head), head=self._fingerprint(head))

    def _is_cut(self, live: _Reading) -> bool:
        return not is_same(live.tail, live.file, self._fingerprint)

    def _begin_again(self, live: _Reading) -> None:
        """Go on at the start of a file that was cut, behind what its copy holds and was not read."""
        self._readings.pop()
        copy = find(live.tail, self._path, self._fingerprint)
        if copy is not None:
            self._readings.append(_Reading(*copy))
        else:
            self.lost += 1
        status = live.file.status
        self._take_unread(_Reading(Tail.of(status), live.file))
        self._since_ns = max(self._since_ns, status.st_mtime_ns)
        self._readings[-1].tail = replace(Tail.of(status), mtime_ns=self._since_ns)

    def _go_on(self) -> None:
        """Take up the file that lies under the name now, and rotated ones that were never read before it."""
        try:
            file = OpenFile(self._path)
        except OSError as error:
            self.problem = None if isinstance(error, FileNotFoundError) else error.strerror
            return
        self.problem = None
        self._take_unread(_Reading(Tail.of(file.status), file))

    def _take_unread(self, live: _Reading) -> None:
        """Put the rotated files that were never read before the live one."""
        known = [reading.file for reading in (*self._readings, live)]
        between = unread(self._path, known, self._since_ns)
        if self._is_new:  # what was rotated before anybody followed is not ours
            self._since_ns = max([0, *(opened.status.st_mtime_ns for _, opened in between)])
            for _, opened in between:
                opened.close()
        else:
            self._readings += [_Reading(self._taken_up(*each), each[1]) for each in between]
        self._is_new = False
        live.tail = replace(live.tail, mtime_ns=max(live.tail.mtime_ns, self._since_ns))
        self._readings.append(live)

    def _taken_up(self, tail: Tail, opened: OpenFile) -> Tail:
        """Where to read a file from that is not being read: where it was left, if it was read before.

        Of a short one the start says little: logs may begin with one line, whatever their generation.
        """
        for left in self._left:
            is_known = left.head_bytes >= HEAD_BYTES_MAX or left.is_of(opened.status)
            if is_known and is_same(left, opened, self._fingerprint):
                self._left.remove(left)
                return replace(left, device=tail.device, inode=tail.inode, is_left=False)
        return tail

    def _cut(self, number: int, *, is_over: bool) -> Cut | None:
        """Cut whole lines of one file; where it is over, its last one needs no line feed."""
        reading = self._readings[number]
        tail = reading.tail
        status = reading.file.status  # before the read: what is written behind it is unread
        data = reading.file.read(tail.offset, CUT_BYTES_MAX)
        end = _end_of_lines(data)
        if not end and data and (is_over or len(data) == CUT_BYTES_MAX):
            end = len(data)
        if not end:
            if reading.quiet_since is None:
                reading.quiet_since = self._now()
            if not data:
                reading.tail = replace(tail, mtime_ns=max(tail.mtime_ns, status.st_mtime_ns))
            return None
        lines, overlong, is_inside = _lines(data[:end], tail, is_over=is_over)
        moved = self._moved(reading, tail.offset + end, status.st_mtime_ns)
        tails = [each.tail for each in self._readings]
        tails[number] = replace(moved, is_inside=is_inside)
        return Cut(lines, overlong, (*self._left, *tails))

    def _moved(self, reading: _Reading, offset: int, mtime_ns: int) -> Tail:
        return replace(reading.tail, offset=offset, mtime_ns=max(mtime_ns, self._since_ns))

    def _is_over(self, reading: _Reading) -> bool:
        """Whether nobody will write to a file that lies under another name now."""
        if reading.file.is_packed:
            return True
        quiet = reading.quiet_since
        return quiet is not None and self._now() - quiet >= GRACE_S

    def _drop(self) -> None:
        """Leave the files that are over; called when all of them hold nothing more."""
        for reading in self._readings[:-1]:
            if self._is_over(reading):
                self._since_ns = max(self._since_ns, reading.tail.mtime_ns)
                reading.file.close()
                self._readings.remove(reading)
                if reading.tail.head_bytes:
                    self._left.append(replace(reading.tail, is_left=True))
        del self._left[:-LEFT_MAX]


def _end_of_lines(data: bytes) -> int:
    """Where the last whole line ends, of as many as a pack may hold; 0 where there is none."""
    if data.count(b"\n") <= CUT_LINES_MAX:
        return data.rfind(b"\n") + 1
    end = 0
    for _ in range(CUT_LINES_MAX):
        end = data.index(b"\n", end) + 1
    return end


def _lines(data: bytes, tail: Tail, *, is_over: bool) -> tuple[list[str], int, bool]:
    """Split what was cut: whole lines, how many overlong ones ended, and whether it ends inside of one."""
    overlong = 0
    if tail.is_inside:
        _, found, data = data.partition(b"\n")
        overlong = int(bool(found) or is_over)
        if not found:
            return [], overlong, not is_over
    if data and not data.endswith(b"\n") and not is_over:
        return [], overlong, True
    lines = [line.rstrip(b"\r").decode("utf-8", "replace") for line in data.split(b"\n")]
    return lines[:-1] if data.endswith(b"\n") or not data else lines, overlong, False
