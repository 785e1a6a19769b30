"""Lanes: the fixed share of the subjects that a pack belongs to."""

from functools import lru_cache
from hashlib import blake2b

LANE_HASH_BYTES = (
    8  # bytes of hash per subject: 2**64 over at most 65,535 lanes leaves no bias to see
)
KEYS_KEPT = 8  # keyed states kept ready; a process has one lane key, or two while it changes


def lane_of(subject: str, lanes: int, key: bytes) -> int:
    """Give the lane of a subject: the same for every producer with the key, and telling nothing without it.

    Args:
        subject: The subject as the app names it; never empty (events without a subject go round-robin).
        lanes: How many lanes there are, 1 to 65,535; from the bundle, fixed for a topic's life.
        key: The bundle's lane key, 32 bytes.

    Returns:
        0 to `lanes` - 1.

    Raises:
        UnicodeEncodeError: The subject is no text that UTF-8 has; the caller must not let the error out.
    """
    keyed = _keyed(key).copy()  # measured: 0.65 µs against 1.04 for a new keyed hash each time
    keyed.update(subject.encode())
    return int.from_bytes(keyed.digest(), "little") % lanes


@lru_cache(maxsize=KEYS_KEPT)
def _keyed(key: bytes) -> blake2b:
    return blake2b(digest_size=LANE_HASH_BYTES, key=key)
