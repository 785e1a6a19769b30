"""The tree of commands, and the one place where an error becomes a line and an exit code.

0 done; 1 a check failed; 2 usage or configuration.
"""

import sys

import typer

from remit_cli import collect, demo, doctor, keys, policy, prove, reduce, serve
from remit_schemas.errors import RemitError

app = typer.Typer(
    name="remit",
    help="Collects only what the policy allows, and keeps receipts anyone can check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(collect.importer, name="import")
app.add_typer(policy.app, name="policy")
app.add_typer(keys.app, name="keys")
for command in (
    demo.demo,
    collect.emit,
    serve.up,
    serve.run,
    reduce.reduce,
    prove.report,
    prove.verify,
    doctor.doctor,
):
    app.command()(command)
app.add_typer(prove.quarantine, name="quarantine")


def run() -> None:
    """Run the command line; an error that remit knows is one line on standard error and exit code 2."""
    try:
        app()
    except RemitError as error:
        sys.stderr.write(f"remit: {error}\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
