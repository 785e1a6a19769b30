"""A real schema registry for tests: Apicurio, by the interface that it shares with Confluent's."""

import json
import shutil
import subprocess
import tarfile
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.request import Request, urlopen

from kit.jars import require_java
from kit.leash import leashed
from kit.maven import APICURIO, fetched
from kit.ports import free_port
from kit.watching import until

READY_S = 180.0  # starts in 8 s; with others at work on two cores it took 21


class Registry:
    """One registry that keeps what it is told in memory: a context manager that leaves nothing behind.

    Attributes:
        url: What REMIT_REGISTRY is set to.
    """

    url: str

    def __enter__(self) -> Self:
        require_java()
        archive = fetched(APICURIO)
        with ExitStack() as stack:
            folder = Path(tempfile.mkdtemp(prefix="remit-registry-"))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")
            port = free_port()
            self.url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
            started = self._start(folder, port)
            stack.callback(started.wait)
            stack.callback(started.kill)
            until(lambda: self._answers(started), "the registry does not answer", READY_S)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def register(self, subject: str, schema: str) -> int:
        """Register a schema as a producer's serializer does; give its id."""
        request = Request(  # noqa: S310 - our own registry, on this machine
            f"{self.url}/subjects/{subject}/versions",
            data=json.dumps({"schema": schema}).encode(),
            headers={"Content-Type": "application/vnd.schemaregistry.v1+json"},
        )
        with urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
            return int(json.load(answer)["id"])

    def _start(self, folder: Path, port: int) -> "subprocess.Popen[bytes]":
        options = ["-Xmx384m", "-XX:+UseSerialGC", "-Dquarkus.http.host=127.0.0.1"]
        options += [f"-Dquarkus.http.port={port}", "-jar", str(next(folder.glob("*-runner.jar")))]
        with (folder / "registry.log").open("wb") as log:
            return subprocess.Popen(
                leashed(["java", *options]), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _answers(self, started: "subprocess.Popen[bytes]") -> bool:
        assert started.poll() is None, "the registry has ended"
        try:
            with urlopen(f"{self.url}/subjects", timeout=2):  # noqa: S310 - as above
                return True
        except OSError:
            return False
