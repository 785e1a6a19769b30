"""The command `remit`: what an operator, an analyst or an engineer types."""

import contextlib
import importlib.util
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line, and end the process; without the operator's libraries, say in one line how to get them.

    The process ends at once, when all is flushed: the threads of native libraries that still wind up may not be
    joined at exit (Arrow's abort the process then), and every command has closed what it opened.
    """
    if importlib.util.find_spec("typer") is None or importlib.util.find_spec("deltalake") is None:
        sys.stderr.write(
            "remit: the command needs more than the SDK: pip install 'remit[consumers]'\n"
        )
        sys.exit(2)
    from remit_cli.app import called  # noqa: PLC0415 - only now is it known to be importable

    code = called()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(
            OSError, ValueError
        ):  # a reader that went away, or a stream that is closed
            stream.flush()
    os._exit(code)
