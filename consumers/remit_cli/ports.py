"""Ports that are open: on record in the data folder while somebody listens, and what `remit doctor` says of them."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self

from remit.direct import is_loopback
from remit.edge.tls import CERTIFICATE, KEY, TlsFiles
from remit_cli.finding import Finding
from remit_schemas.errors import SettingsError
from remit_schemas.read_json import read_json

FOLDER: Final = "ports"
"""Where the record lies, under the data folder: a file for each process, locked as long as it lives."""

SOON: Final = timedelta(days=14)
"""Authorities that renew by themselves do so with 30 days left (Let's Encrypt): with half of that, something failed."""


@dataclass(frozen=True, slots=True)
class Open:
    """A port that somebody listens on.

    Attributes:
        name: What answers there: ``edge``, ``dashboard`` or ``operator``.
        port: Its number.
        is_local: Whether only this machine reaches it; the address itself would be one more in the data folder.
        has_tls: Whether it speaks TLS.
    """

    name: str
    port: int
    is_local: bool
    has_tls: bool

    @classmethod
    def at(cls, name: str, host: str, port: int, tls: object) -> Self:
        """Describe a port by the address that is listened on, and by its TLS, None for none."""
        return cls(name, port, is_loopback(host), tls is not None)


@contextmanager
def on_record(data: Path, port: Open) -> Iterator[None]:
    """Keep a port on record while it is open; where the data folder cannot be written to, it goes without."""
    path = data / FOLDER / f"{port.name}-{os.getpid()}.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for dead in set(path.parent.glob("*.json")) - set(_living(data)):
            dead.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError:  # a dashboard may read and not write
        yield
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps(asdict(port)).encode())
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def open_ports(data: Path) -> list[Open]:
    """Give the ports that processes of this machine listen on for a data folder."""
    found = []
    for path in sorted(_living(data)):
        try:
            found.append(Open(**read_json(path.read_bytes())))
        except (OSError, ValueError, TypeError):  # it ended, or has not written yet
            continue
    return found


def _living(data: Path) -> Iterator[Path]:
    """The records whose process holds its lock."""
    for path in (data / FOLDER).glob("*.json"):
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield path
        finally:
            os.close(descriptor)


def open_to_others(data: Path) -> Finding:
    """Ports beyond this machine that speak plain HTTP; a proxy before them may end TLS, so it is said and no more."""
    ports = open_ports(data)
    plain = [one for one in ports if not (one.has_tls or one.is_local)]
    if not plain:
        detail = f"{len(ports)} open: TLS, or on this machine alone" if ports else "none is open"
        return Finding("ports", holds=True, detail=detail)
    named = ", ".join(f"{one.name} on port {one.port}" for one in plain)
    mend = f"plain HTTP beyond this machine: {named}; set {CERTIFICATE} and {KEY}, unless a proxy before it ends TLS"
    return Finding("ports", holds=True, detail=mend, is_weak=True)


def certificate(environ: Mapping[str, str], now: datetime | None = None) -> Finding:
    """Whether the certificate can be used, and for how long."""
    name = "certificate"
    try:
        files = TlsFiles.from_env(environ)
        if files is None:
            return Finding(name, holds=True, detail=f"none: {CERTIFICATE} is not set")
        files.context()
        end = files.ends_at()
    except SettingsError as error:
        return Finding(name, holds=False, detail=str(error))
    left = end - (now or datetime.now(UTC))
    if left <= timedelta(0):
        detail = f"it is over since {end:%Y-%m-%d}: clients refuse it; put a new one in its file"
        return Finding(name, holds=False, detail=detail)
    detail = f"until {end:%Y-%m-%d}"
    if left < SOON:
        detail += f": {left.days} days left; a new one in its file is taken up by itself"
    return Finding(name, holds=True, detail=detail, is_weak=left < SOON)
