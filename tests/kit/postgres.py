"""A real PostgreSQL server for tests, in a folder of its own, reached by a socket; nothing listens on the network.

`REMIT_TEST_POSTGRES=postgresql://…` names a running one, whose database is the tests' to empty.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

import psycopg

from kit.leash import leashed

NAME: Final = "PostgreSQL"
WHY_NOT: Final = "no initdb and postgres here: apt-get install postgresql"
READY_TIMEOUT_S: Final = (
    120.0  # starts in a second; on a machine with eight others at work it takes longer
)
USER: Final = "postgres"  # a server refuses to run as root


def find() -> Path | None:
    """The folder with the server's programs, the newest; None where there is none."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).resolve().parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next(
        (one for one in found if (one / "initdb").exists() and (one / "postgres").exists()), None
    )


class Postgres:
    """One server and its data: a context manager that leaves nothing behind.

    Attributes:
        url: The address of its database.
        data: The folder of its data; None for one that ran already.
    """

    def __init__(self, programs: Path | None) -> None:
        self._programs = programs
        self._process: subprocess.Popen[bytes] | None = None
        self.url = os.environ.get("REMIT_TEST_POSTGRES", "")
        self.data: Path | None = None

    def __enter__(self) -> Self:
        if not self.url:
            self._begin()
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.data is not None:
            shutil.rmtree(self.data.parent, ignore_errors=True)

    def _begin(self) -> None:
        """Make the files of a new server."""
        folder = Path(tempfile.mkdtemp(prefix="remit-postgres-"))
        if os.getuid() == 0:
            shutil.chown(folder, USER)
        self.data = folder / "data"
        self.url = f"postgresql:///postgres?host={folder}&user={USER}"
        self._run(
            "initdb", "-D", str(self.data), "-U", USER, "-A", "trust", "--no-locale", "-E", "UTF8"
        )

    def start(self) -> None:
        """Start the server and wait for its first answer."""
        assert self.data is not None
        options = [
            "-k",
            str(self.data.parent),
            "-c",
            "listen_addresses=",
            "-c",
            "shared_buffers=16MB",
        ]
        assert self._programs is not None
        self._process = subprocess.Popen(
            [*_leash(), str(self._programs / "postgres"), "-D", str(self.data), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
        )
        end = time.monotonic() + READY_TIMEOUT_S
        while True:
            with suppress(psycopg.OperationalError), psycopg.connect(self.url, connect_timeout=5):
                return
            assert time.monotonic() < end, "PostgreSQL does not answer"
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop the server at once; its data stay."""
        if self._process is not None:
            self._process.send_signal(
                signal.SIGINT
            )  # at once: a SIGTERM waits for whoever is connected
            self._process.wait()
            self._process = None

    @property
    def version(self) -> str:
        """What it calls itself."""
        with psycopg.connect(self.url) as connection:
            row = connection.execute("SHOW server_version").fetchone()
        assert row is not None
        return f"{NAME} {str(row[0]).split()[0]}"

    def empty(self) -> str:
        """Take all tables away; gives the address."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "DROP TABLE IF EXISTS remit_vault, remit_vault_edition, remit_vault_format"
            )
        return self.url

    def _run(self, program: str, *arguments: str) -> None:
        assert self._programs is not None
        subprocess.run(
            [str(self._programs / program), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            user=_user(),
            cwd="/",
        )


def _user() -> str | None:
    """Whom the server runs as."""
    return USER if os.getuid() == 0 else None


def _leash() -> list[str]:
    """What has the server run as somebody else than root, and die with this process."""
    if os.getuid():
        return leashed([])
    return ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--pdeathsig=KILL"]
