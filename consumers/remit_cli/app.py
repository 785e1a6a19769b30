"""The tree of commands, and the one place where an error becomes a line and an exit code.

0 done; 1 a check failed; 2 usage or configuration.
"""

import sys
from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated

import typer

from remit_schemas.errors import RemitError

COMMANDS: Mapping[str, str] = MappingProxyType(
    {
        "demo": "demo:demo",
        "import": "collect:importer",
        "emit": "collect:emit",
        "up": "serve:up",
        "run": "serve:run",
        "edge": "edge:edge",
        "sources": "sources:app",
        "bridge": "bridge:app",
        "query": "query:query",
        "views": "views:app",
        "report": "prove:report",
        "verify": "prove:verify",
        "evidence": "evidence:evidence",
        "anchor": "evidence:anchor",
        "policy": "policy:app",
        "sweep": "sweep:sweep",
        "reminimize": "reminimize:reminimize",
        "holds": "holds:app",
        "erasure": "erasure:app",
        "notices": "notices:app",
        "reduce": "reduce:reduce",
        "quarantine": "quarantine:app",
        "events": "events:app",
        "watch": "watch:watch",
        "dashboard": "dashboard:dashboard",
        "access": "access:app",
        "keys": "keys:app",
        "backup": "backup:app",
        "restore": "restore:restore",
        "tenants": "tenants:app",
        "campaigns": "campaigns:app",
        "doctor": "doctor:doctor",
        "consent": "consent:app",
        "subject": "subject:app",
        "requests": "requests:app",
        "share": "share:share",
        "disclosures": "share:app",
        "transfer": "transfer:app",
        "breach": "breach:breach",
    }
)
"""Every command and the room it lives in; only the one that is called is loaded, because some take a second."""


USAGE = 2
"""Exit code of a mistake in usage or configuration."""


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Make the command line, of all commands or of those named."""
    app = typer.Typer(
        name="remit",
        help="Collects only what the policy allows, and keeps receipts anyone can check.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_remit)  # one command alone is still called by its name
    for name in names:
        module, attribute = COMMANDS[name].split(":")
        command = getattr(import_module(f"remit_cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def _say_version(is_asked: bool) -> None:  # noqa: FBT001 - what Typer calls back with
    if is_asked:
        typer.echo(f"remit {version('remit')}")
        raise typer.Exit


def _remit(
    *,
    _: Annotated[
        bool,
        typer.Option(
            "--version",
            help="Say which remit this is, and end.",
            callback=_say_version,
            is_eager=True,
        ),
    ] = False,
) -> None:
    """Collects only what the policy allows, and keeps receipts anyone can check."""


def run() -> None:
    """Run the command line; always ends in SystemExit."""
    sys.exit(called())


def called() -> int:
    """Run the command that was called; an error that remit knows is one line on standard error and exit code 2."""
    names = sys.argv[1:2]
    try:
        application(names if names and names[0] in COMMANDS else COMMANDS)()
    except RemitError as error:
        sys.stderr.write(f"remit: {error}\n")
        return USAGE
    except BrokenPipeError:
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0
