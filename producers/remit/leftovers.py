"""What a dead process left in its slot: made into packs of the log, under the dead one's producer id."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from remit.arrivals import OPEN, end_of, settle
from remit.slot import Slot, try_lock
from remit_schemas import spool


def adopt(slot: Slot) -> int:
    """Number the open packs of a claimed slot, in the order of their lanes and sequences.

    Returns:
        How many there were. An open pack without a valid header (only power loss leaves one) is deleted:
        no reader could tell what it was, and the gap in its lane's sequence shows it.
    """
    settle(slot.folder)
    found = sorted(
        name for path in slot.folder.iterdir() if (name := spool.parse_open_name(path.name))
    )
    for name in found:
        path = slot.folder / spool.open_name(bytes.fromhex(name.producer), name.lane, name.sequence)
        end = end_of(path)
        if end is None:
            path.unlink()
        else:
            slot.take_over(path, end)
    return len(found)


@contextmanager
def owned(folder: Path, lock: int) -> Generator[Slot, None, None]:
    """Have a slot for a while, and give its lock back whatever happens: a full disk is tried again."""
    try:
        slot = Slot(folder, lock)
    except BaseException:
        os.close(lock)
        raise
    try:
        yield slot
    except BaseException:
        slot.abandon()
        raise
    slot.release(is_clean=True)


def adopt_dead(root: Path) -> int:
    """Number the open packs of every slot whose process is dead, and give the slots free again.

    An operator's process calls it, so that what the last process of an app left does not wait for another one.

    Args:
        root: The spool folder.

    Returns:
        How many packs were numbered.
    """
    adopted = 0
    for number in range(spool.SLOTS):
        folder = root / spool.slot_name(number)
        if not any(folder.glob("open-*")) and not any(folder.glob(f"{OPEN}*")):
            continue
        lock = try_lock(folder)
        if lock is not None:
            with owned(folder, lock) as slot:
                adopted += adopt(slot)
    return adopted
