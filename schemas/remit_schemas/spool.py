"""Names and layout of a spool folder: what the SDK writes and the embedded log reads. Names only, no I/O."""

import re
from dataclasses import dataclass
from typing import Final

SLOTS: Final = (
    64  # slots of a spool: processes of one machine that may write at once (DESIGN D6: a fixed set)
)
FORMAT: Final = (
    1  # raised with any change of names or open packs that a remit before it would read wrongly
)
FORMAT_FILE: Final = "format"  # in the spool folder; closed packs have a format byte of their own
FOLDER: Final = "spool"  # below the data folder
ID: Final = "id"  # 16 random bytes as hex: names this spool in app ids
LOCK: Final = "lock"  # held by flock for as long as a process owns the slot
NEXT: Final = "next"  # lowest number never used, as text; rewritten by rename
READING: Final = (
    "reading"  # highest number the consumer has read, as text; see `docs/architecture.md`
)
PACK_SUFFIX: Final = ".pack"
TEMPORARY_SUFFIX: Final = ".tmp"
NUMBER_DIGITS: Final = 20  # 2**64 - 1 has 20 digits, so names sort as numbers do
LANE_DIGITS: Final = 3  # as the architecture page says; a lane above 999 simply takes more

_PACK = re.compile(r"(\d{20})\.pack")
_OPEN = re.compile(r"open-([0-9a-f]{32})-(\d{3,5})-(\d{20})")
_FREE = re.compile(r"free-(\d{1,9})")


@dataclass(frozen=True, slots=True, order=True)
class OpenName:
    """What the name of an open pack says; sorts by producer, lane and sequence.

    Attributes:
        producer: Producer id, 32 hex digits.
        lane: Lane of the pack.
        sequence: Sequence of the pack in (producer, lane), from 1.
    """

    producer: str
    lane: int
    sequence: int


def slot_name(slot: int) -> str:
    """Name the folder of a slot: ``slot-07``."""
    return f"slot-{slot:02d}"


def pack_name(number: int) -> str:
    """Name a closed pack by its number in the slot: ``00000000000000000042.pack``."""
    return f"{number:0{NUMBER_DIGITS}d}{PACK_SUFFIX}"


def parse_pack_name(name: str) -> int | None:
    """Give the number of a closed pack, or None when the name is of something else."""
    match = _PACK.fullmatch(name)
    return int(match[1]) if match else None


def open_name(producer: bytes, lane: int, sequence: int) -> str:
    """Name a pack that is being written: ``open-<producer>-<lane>-<sequence>``."""
    return f"open-{producer.hex()}-{lane:0{LANE_DIGITS}d}-{sequence:0{NUMBER_DIGITS}d}"


def parse_open_name(name: str) -> OpenName | None:
    """Give what the name of an open pack says, or None when the name is of something else."""
    match = _OPEN.fullmatch(name)
    return OpenName(match[1], int(match[2]), int(match[3])) if match else None


def free_name(number: int) -> str:
    """Name a preallocated file that waits to be an open pack: ``free-3``; it holds nothing to keep."""
    return f"free-{number}"


def is_free_name(name: str) -> bool:
    """Say whether a name is that of a file that waits to be an open pack."""
    return _FREE.fullmatch(name) is not None
