"""The guard: a lake that is older than an erasure is read by nobody until the erasure is applied to it.

The ledger of erasures lies beside the keys, and no backup has it. The lake says in a file of its own which erasure it has
applied last; put back from a backup, by whatever means, it says so of a time before.

Source: policy 2021-11-01, clause S087b; DESIGN.md, D8.
"""

from pathlib import Path

from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.lake.promises import check_whole
from remit_schemas.errors import LakeError


def check_applied(root: Path, keys: Path) -> None:
    """Refuse a lake that was restored from before an erasure.

    An erasure that was interrupted is no reason: it is finished by the next consumer.

    Args:
        root: The lake's folder.
        keys: REMIT_KEYS, where the ledger lies.

    Raises:
        LakeError: Erasures that were done are not applied to it.
        KeysOutOfReach: The ledger cannot be read.
    """
    behind = ErasureLedger.open(keys).not_applied(root)
    if behind:
        message = f"the lake is older than {len(behind)} erasures: run `remit restore --apply-erasures` before anything reads it"
        raise LakeError(message)


def check_readable(root: Path, keys: Path) -> None:
    """Refuse what `check_applied` refuses, and a lake of which a table has gone or was put back by itself.

    A consumer does not ask this at its start, but when it claims a partition: it waits for the folder to be mounted.

    Raises:
        LakeError: Erasures are not applied to it, or a table is older than the others.
        KeysOutOfReach: As `check_applied`.
    """
    check_applied(root, keys)
    check_whole(root)
