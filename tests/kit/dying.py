"""What a program puts in a function's place so that the system kills it at that step, and how a test runs such a program."""

import os
import signal
from collections.abc import Callable, Iterable, Mapping

from kit.program import ended


def die(*_: object, **__: object) -> None:
    """Be killed by the system, in place of the function that a step would have called."""
    os.kill(os.getpid(), signal.SIGKILL)


def after(function: Callable[..., object]) -> Callable[..., None]:
    """Give what calls a function, and then dies."""

    def then(*given: object, **named: object) -> None:
        function(*given, **named)
        die()

    return then


def die_in_turn(steps: Iterable[str], act: Callable[[str], object]) -> None:
    """Act once for each step, in a process of its own, which must be killed at it."""
    for where in steps:
        if not os.fork():
            act(where)
            os._exit(1)  # nothing killed it
        _, status = os.wait()
        assert os.WIFSIGNALED(status), where
        assert os.WTERMSIG(status) == signal.SIGKILL, where


def assert_killed(script: str, *arguments: object, env: Mapping[str, str] | None = None) -> None:
    """Run a program, and see that it was killed on its way.

    Args:
        script: The program.
        arguments: What it is told.
        env: Beside the environment of this process.
    """
    died = ended(script, *arguments, env=env)
    assert died.returncode == -signal.SIGKILL, died.stderr[-2000:]
