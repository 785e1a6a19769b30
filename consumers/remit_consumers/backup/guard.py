"""The guard: a lake that is older than an erasure is not read, by anybody, until the erasure is applied to it.

The ledger of erasures lies beside the keys, and no backup has it. The lake says in a file of its own which erasure it has
applied last; put back from a backup, by whatever means, it says so of a time before.

Source: policy 2021-11-01, clause S087b; DESIGN.md, D8.
"""

from pathlib import Path

from remit_consumers.erasure.ledger import FIRST, Erasure, ErasureLedger
from remit_schemas.errors import LakeError

HOW = "run `remit restore --apply-erasures` before anything reads it"


def check_applied(root: Path, keys: Path) -> int:
    """Refuse a lake that was restored from before an erasure.

    Args:
        root: The lake's folder.
        keys: REMIT_KEYS, where the ledger lies.

    Returns:
        How many erasures there are, all of them applied.

    Raises:
        LakeError: Some are not applied to it.
        KeysOutOfReach: The ledger cannot be read.
    """
    ledger = ErasureLedger.open(keys)
    behind = [one for one in ledger.not_applied(root) if one.certificate is not None]
    if behind:
        message = f"the lake is older than {len(behind)} erasures: {HOW}"
        raise LakeError(message)
    return len(ledger.all())


def later_than(ledger: ErasureLedger, head: str) -> list[Erasure]:
    """The erasures after the one with this hash, the oldest first.

    Raises:
        LakeError: The ledger does not know it.
    """
    everything = ledger.all()
    heads = [FIRST, *(one.hash for one in everything)]
    if head not in heads:
        raise LakeError(
            "the backup knows an erasure that the ledger beside the keys does not: restore the ledger"
        )
    return everything[heads.index(head) :]
