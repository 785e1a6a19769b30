"""Applied: which erasures of the ledger a lake has carried out; the lake says so in a file of its own.

An erasure that waits, such as for a policy version that somebody must put on record, holds up no other: so the file
names the last of those before which none is missing, and those after it that are done as well::

    erasures-applied     {"v": 1, "head": hash, "also": [hash, …]}
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from remit_consumers.lake.receipt import canonical
from remit_consumers.store.place import write_whole
from remit_schemas.errors import LakeError

APPLIED: Final = "erasures-applied"
"""The lake's file that says which records of the ledger it has applied."""


def applied_head(root: Path, first: str) -> str:
    """The hash of the ledger's record up to which a lake has applied every one; `first` where it has applied none."""
    told = _told(root)
    return str(told["head"]) if told else first


def applied(root: Path, hashes: Sequence[str], first: str) -> set[str]:
    """Which of the ledger's records a lake has applied.

    Args:
        root: The lake's folder.
        hashes: Of all records that began an erasure, the oldest first.
        first: What stands for none.

    Raises:
        LakeError: It has applied one that is not among them, or its file cannot be read.
    """
    told = _told(root) or {"head": first}
    head, also = str(told["head"]), set(map(str, told.get("also", ())))
    known = [first, *hashes]
    if head not in known or not also <= set(known):
        message = "the lake has applied an erasure that the ledger does not know: restore the ledger beside the keys"
        raise LakeError(message)
    return {*hashes[: known.index(head)], *also}


def apply_head(root: Path, done: str, hashes: Sequence[str], first: str) -> None:
    """Say durably that a lake has applied one more.

    Args:
        root: The lake's folder.
        done: The hash of its record.
        hashes: As in `applied`.
        first: As in `applied`.

    Raises:
        LakeError: As `applied` does.
    """
    there = applied(root, hashes, first) | {done}
    missing = next((n for n, one in enumerate(hashes) if one not in there), len(hashes))
    head = hashes[missing - 1] if missing else first
    also = [one for one in hashes[missing:] if one in there]
    root.mkdir(parents=True, exist_ok=True)
    told: dict[str, Any] = {"v": 1, "head": head} | ({"also": also} if also else {})
    write_whole(root / APPLIED, canonical(told).encode())


def _told(root: Path) -> dict[str, Any] | None:
    """What the file says; None where there is none."""
    told: object = None
    try:
        told = json.loads((root / APPLIED).read_text("ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError):
        pass
    if not isinstance(told, dict) or "head" not in told:
        message = f"{APPLIED} in the lake's folder cannot be read"
        raise LakeError(message)
    return told
