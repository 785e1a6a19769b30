"""Commands without the wait for their imports: a process that has loaded remit forks for each of them.

What runs is `python -m remit_cli` all the same, in a process of its own, with its own words, environment, folder and
streams; only the 0.8 s of loading are saved, a thousand times in a run of all tests. What a test kills, watches or
leaves running is started the plain way.
"""

import json
import os
import pkgutil
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from select import select
from typing import IO, NoReturn

START_S = 120
"""Longer than loading takes on a busy machine."""

LOOK_S = 0.005
"""How often who waits for a command looks whether it has ended."""


class Warm:
    """The process that forks, and the place where it listens."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-")
        self._place = str(Path(self._folder.name) / "commands")
        self._server = subprocess.Popen(
            [sys.executable, "-m", "kit.warm", self._place],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,  # never written to: its end tells that this process has ended
        )
        deadline = time.monotonic() + START_S
        while not Path(self._place).exists():
            assert self._server.poll() is None, "the process that forks commands has ended"
            assert time.monotonic() < deadline, "the process that forks commands does not listen"
            time.sleep(0.02)

    def run(
        self, words: Sequence[str], env: Mapping[str, str], stdin: str, timeout_s: float
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command to its end.

        Raises:
            TimeoutError: It took longer than that.
        """
        with (
            tempfile.TemporaryFile("w+") as request,
            tempfile.TemporaryFile("w+", newline="", errors="surrogateescape") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            json.dump({"words": list(words), "env": dict(env), "cwd": str(Path.cwd())}, request)
            given.write(stdin)
            _rewind(request, given)
            connection.settimeout(timeout_s)
            connection.connect(self._place)
            files = [file.fileno() for file in (request, given, out, err)]
            socket.send_fds(connection, [b"!"], files)
            code = connection.recv(64)
            assert code, "the process that forks commands has ended"
            _rewind(out, err)
            return subprocess.CompletedProcess(list(words), int(code), out.read(), err.read())


@cache
def warm() -> Warm:
    """The one of this test process."""
    return Warm()


def _rewind(*files: IO[str]) -> None:
    for file in files:
        file.flush()
        file.seek(0)


def _listen(place: str) -> NoReturn:
    """Load everything, then fork for each connection."""
    for package in ("remit_consumers", "remit_cli"):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not module.name.endswith("__main__"):
                with suppress(ImportError):  # of an extra that is not installed
                    import_module(module.name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{place}.early")
    listener.listen(64)
    Path(f"{place}.early").rename(place)  # nobody sees it before it listens
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those that wait for commands
    while sys.stdin not in select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            _await_command(connection)
        connection.close()
    os._exit(0)


def _await_command(connection: socket.socket) -> NoReturn:
    """Fork once more, for the command, and tell how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, files, _, _ = socket.recv_fds(connection, 1, 4)
    command = os.fork()
    if command == 0:
        connection.close()
        _become_command(*files)
    while not (ended := os.waitpid(command, os.WNOHANG))[0]:
        if select([connection], [], [], LOOK_S)[0]:  # who asked has given up
            os.kill(command, signal.SIGKILL)
            os._exit(1)
    connection.sendall(str(os.waitstatus_to_exitcode(ended[1])).encode())
    os._exit(0)


def _become_command(request: int, given: int, out: int, err: int) -> NoReturn:
    """Be `python -m remit_cli`, with the words, environment, folder and streams of who asked."""
    with open(request) as file:
        asked = json.load(file)
    for theirs, ours in enumerate((given, out, err)):
        os.dup2(ours, theirs)
        os.close(ours)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.chdir(asked["cwd"])
    sys.stdin = open(0, encoding="utf-8", errors="surrogateescape")  # noqa: SIM115 - it lives as long as the process
    sys.stdout = open(1, "w", encoding="utf-8")  # noqa: SIM115 - it lives as long as the process
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1)  # noqa: SIM115 - it lives as long as the process
    sys.argv = ["remit", *asked["words"]]
    runpy.run_module("remit_cli", run_name="__main__", alter_sys=True)
    os._exit(70)  # `main` ends the process itself


if __name__ == "__main__":
    _listen(sys.argv[1])
