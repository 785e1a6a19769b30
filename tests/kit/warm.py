"""Commands without the wait for their imports: a process that has loaded remit forks for each of them.

What runs is `python -m remit_cli` all the same, in a process of its own, with its own words, environment, folder and
streams; only the second of loading is saved, a thousand times in a run of all tests. One that goes on can be killed,
frozen and waited for by its number as any process can. What is traced from its first instruction on, or read through a
pipe while it runs, is started the plain way.
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


class Running:
    """A command that goes on, with what tests do to a process.

    Attributes:
        pid: Its number.
    """

    def __init__(self, connection: socket.socket, words: Sequence[str]) -> None:
        self._connection = (
            connection  # held open: when it closes, who waits for the command kills it
        )
        self._answers = connection.makefile("r")
        self._words = list(words)
        said = self._answers.readline()
        assert said, "the process that forks commands has ended"
        self.pid = int(said)
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Give how it ended; None while it goes on."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended, and give how.

        Raises:
            subprocess.TimeoutExpired: It goes on for longer.
        """
        if self.returncode is None:
            if not select([self._connection], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self._words, timeout or 0)
            said = self._answers.readline()
            assert said, "who waited for the command has ended"
            self.returncode = int(said)
            self._answers.close()
            self._connection.close()
        return self.returncode

    def send_signal(self, what: int) -> None:
        """Signal it, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)


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
            tempfile.TemporaryFile("w+", newline="", errors="surrogateescape") as given,
            tempfile.TemporaryFile("w+") as out,
            tempfile.TemporaryFile("w+") as err,
        ):
            given.write(stdin)
            _rewind(given)
            running = self._fork(words, env, [file.fileno() for file in (given, out, err)])
            try:
                code = running.wait(timeout_s)
            except subprocess.TimeoutExpired as error:
                running.kill()
                raise TimeoutError(str(error)) from None
            _rewind(out, err)
            return subprocess.CompletedProcess(list(words), code, out.read(), err.read())

    def start(self, words: Sequence[str], env: Mapping[str, str], log: IO[str]) -> Running:
        """Start a command and let it go on; what it says goes to a file. It dies with this process."""
        with Path(os.devnull).open() as nothing:
            return self._fork(words, env, [nothing.fileno(), log.fileno(), log.fileno()])

    def _fork(
        self, words: Sequence[str], env: Mapping[str, str], streams: Sequence[int]
    ) -> Running:
        """Have a command forked, with streams of its own."""
        with tempfile.TemporaryFile("w+") as request:
            json.dump({"words": list(words), "env": dict(env), "cwd": str(Path.cwd())}, request)
            _rewind(request)
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(self._place)
            socket.send_fds(connection, [b"!"], [request.fileno(), *streams])
            return Running(connection, words)


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
    connection.sendall(f"{command}\n".encode())
    its_end = os.pidfd_open(command)
    if (
        its_end not in select([connection.fileno(), its_end], [], [])[0]
    ):  # who asked has given up, or is no more
        os.kill(command, signal.SIGKILL)
        os._exit(1)
    connection.sendall(f"{os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])}\n".encode())
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
