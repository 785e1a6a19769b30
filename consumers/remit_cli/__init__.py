"""The command `remit`: what an operator, an analyst or an engineer types."""

import importlib.util
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; without the operator's libraries, say in one line how to get them."""
    if importlib.util.find_spec("typer") is None or importlib.util.find_spec("deltalake") is None:
        sys.stderr.write(
            "remit: the command needs more than the SDK: pip install 'remit[consumers]'\n"
        )
        sys.exit(2)
    from remit_cli.app import run  # noqa: PLC0415 - only now is it known to be importable

    run()
