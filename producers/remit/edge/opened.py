"""One edge on one data folder, from its start to its end."""

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from remit.batched import BatchClient
from remit.edge.app import Edge, Parts
from remit.edge.batches import Batches
from remit.edge.limits import Limits
from remit.edge.metrics import EdgeMetrics
from remit.edge.published import Published
from remit.edge.sources import FOLDER, Sources
from remit.proxies import Proxies
from remit_schemas.errors import SettingsError
from remit_schemas.spool import FOLDER as SPOOL

LOCK: Final = "lock"
SOURCE: Final = "remit edge"
CLOSE_S: Final = 5.0


@contextmanager
def opened(folder: Path, environ: Mapping[str, str], *, log: str | None = None) -> Generator[Edge]:
    """Open the edge of a data folder; there is one at a time, since it alone knows which batches came before.

    Args:
        folder: The data folder.
        environ: `os.environ`, or a part of it.
        log: As for `Client`.

    Raises:
        SettingsError: Another edge runs on this folder, or a setting cannot be used.
        RemitError: The client cannot start.
    """
    limits = Limits.from_env(environ)
    lock = _claim(folder / FOLDER)
    try:
        client = BatchClient(SOURCE, data=folder, log=log)
        try:
            metrics = EdgeMetrics()
            batches = Batches(client, folder / FOLDER, folder / SPOOL, metrics)
            yield Edge(
                Parts(
                    client, Sources(folder), batches, Published(client), Proxies.from_env(environ)
                ),
                limits,
                metrics,
            )
            batches.close()
        finally:
            client.close(CLOSE_S)
    finally:
        os.close(lock)


def _claim(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise SettingsError(
            "another edge runs on this data folder (lock in edge/): one process takes its batches, so that none is stored "
            "twice; give each edge a data folder of its own"
        ) from None
    return descriptor
