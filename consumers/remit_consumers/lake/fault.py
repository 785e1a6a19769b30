"""Faults of the world, told so that an operator knows what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
from deltalake.exceptions import DeltaError

from remit_schemas.errors import LakeError


@contextmanager
def reaching(root: Path) -> Iterator[None]:
    """Turn what the disk, Arrow and Delta say into errors that say what to do, and quote nothing."""
    try:
        yield
    except OSError as error:
        raise LakeError(_advice(root, error.errno)) from None
    except (DeltaError, pa.ArrowException) as error:
        message = f"the lake in {root} cannot be read or written ({type(error).__name__})"
        raise LakeError(message) from None


def _advice(root: Path, number: int | None) -> str:
    """What to do about a fault of the disk."""
    if number in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"the disk of the lake is full: make room under {root}; packs wait in the log meanwhile"
        )
    if number in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"the lake cannot be written: give the user that runs remit write permission under {root}"
    return f"the lake in {root} cannot be read or written ({errno.errorcode.get(number or 0, 'unknown fault')})"
