"""The subjects that this process has named lately: each one's bytes and its lane."""

from typing import Final

from remit_schemas.lane import lane_of

KNOWN_MAX: Final = 8192  # some 2 MB; the hash costs 0.8 µs, and sessions repeat
KNOWN_CHARS_MAX: Final = 256  # of one: longer ones are hashed each time, so that memory has a bound


class Subjects(dict[str, tuple[bytes, int]]):
    """By the subject as the app names it: its UTF-8 and its lane. Who emits once mostly emits again."""

    def __init__(self, lanes: int, lane_key: bytes) -> None:
        """Know nobody yet.

        Args:
            lanes: How many there are.
            lane_key: Keys the hash of a subject, 32 bytes.
        """
        super().__init__()
        self._lanes = lanes
        self._lane_key = lane_key

    def __missing__(self, subject: str) -> tuple[bytes, int]:
        """Hash a subject into its lane, and remember it.

        Raises:
            UnicodeEncodeError: It is no text that UTF-8 has.
        """
        found = subject.encode(), lane_of(subject, self._lanes, self._lane_key)
        if len(subject) <= KNOWN_CHARS_MAX:
            if len(self) >= KNOWN_MAX:
                self.clear()
            self[subject] = found
        return found
