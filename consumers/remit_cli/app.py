"""The tree of commands, and the one place where an error becomes a line and an exit code.

0 done; 1 a check failed; 2 usage or configuration.
"""

import gc
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from importlib.metadata import version
from types import MappingProxyType
from typing import Annotated, NamedTuple

import typer

from remit_schemas.errors import RemitError


class Room(NamedTuple):
    """Where a command lives, and what the list of commands says of it.

    Attributes:
        place: Module and attribute; loaded only for who calls the command, because some take a second.
        line: The first line of its help.
    """

    place: str
    line: str


COMMANDS: Mapping[str, Room] = MappingProxyType(
    {
        "demo": Room(
            "demo:demo",
            "Import an access log, store it minimized, print report and proof; then a shop, invented visitors and the dashboard.",
        ),
        "import": Room("collect:importer", "Real log files, plain or .gz, as events."),
        "emit": Room(
            "collect:emit",
            'Emit events, one JSON object a line on standard input; "subject" and "tenant" are keys beside the fields.',
        ),
        "up": Room(
            "serve:up",
            "Everything for one machine in one process, on the embedded log: edge, pipeline, dashboard, /healthz, /metrics.",
        ),
        "run": Room(
            "serve:run",
            "Consume: take packs from the log to the lake until stopped (SIGTERM or Ctrl-C stores what is gathered).",
        ),
        "edge": Room(
            "edge:edge",
            "The HTTP edge alone, for deployments on Kafka: /v1/events and the like, /remit.js, /healthz, /metrics.",
        ),
        "sources": Room(
            "sources:app", "Write keys of the edge: who may send, from where, how much."
        ),
        "bridge": Room(
            "bridge:app",
            "Plain Avro of other languages' producers, from PREFIX.plain: sealed at once.",
        ),
        "query": Room(
            "query:query",
            "Read the lake as a purpose may see it: its rows, fields, pseudonyms and times. Every read is on record.",
        ),
        "views": Room(
            "views:app", "What each purpose may see of the lake, as files that any engine reads."
        ),
        "report": Room(
            "prove:report",
            "What was collected, kept, reduced and refused: by contract, category and clause, from receipts; what was read, by purpose.",
        ),
        "verify": Room(
            "prove:verify",
            "Check the receipts' chain, the conservation law, the sequences, anchors and every byte left on disk. Exit 1 on a breach.",
        ),
        "evidence": Room(
            "evidence:evidence",
            "Write all that can be checked into one signed file: policy, coverage, receipts, keys, figures. Nobody is named in it.",
        ),
        "anchor": Room(
            "evidence:anchor",
            "Sign how long the receipts' chains are and where they end, and show it to the witness and the time-stamp authority.",
        ),
        "policy": Room(
            "policy:app",
            "Check a policy; explain what it does to each field; compare versions; export it; hold it against its text.",
        ),
        "sweep": Room(
            "sweep:sweep",
            "Say what goes by a day, and by which sentence of the policy; or do what is due now.",
        ),
        "reminimize": Room(
            "reminimize:reminimize",
            "Say what of the stored rows a newer version of the policy does not allow any more; or take it away.",
        ),
        "holds": Room("holds:app", "Legal holds: rows that stay although their time is over."),
        "erasure": Room(
            "erasure:app", "Erasures: their certificates, and what a crash interrupted."
        ),
        "notices": Room(
            "notices:app",
            "Notices to recipients and sources: who was told of an erasure, a correction or a restriction, and who has answered.",
        ),
        "reduce": Room(
            "reduce:reduce",
            "Reduce values, one a line on standard input, to one JSON object a line on standard output.",
        ),
        "quarantine": Room(
            "quarantine:app", "What could not be read, and why; reading it after all."
        ),
        "events": Room("events:app", "Contracts of your own: write one, list them, check them."),
        "watch": Room(
            "watch:watch",
            "Watch what is being collected, and what becomes of each field: live, until Ctrl-C.",
        ),
        "dashboard": Room(
            "dashboard:dashboard",
            "Serve the pages of a data folder: what was collected, consents, retention, requests, recipients, proof.",
        ),
        "access": Room(
            "access:app",
            "Who may open the dashboard in which role: invite, list, revoke; roles, and the record of reads.",
        ),
        "keys": Room(
            "keys:app", "Keys of the epochs: status, rotate, export the bundle for producers."
        ),
        "backup": Room(
            "backup:app", "Backups of the lake and, apart from it, of the vault; each has an end."
        ),
        "restore": Room(
            "restore:restore",
            "Put a backup of the vault or the lake back where none is, and apply the erasures that were done since it was made.",
        ),
        "tenants": Room(
            "tenants:app",
            "Tenants: who has which edition and modules. While there are none, everybody has everything.",
        ),
        "campaigns": Room(
            "campaigns:app",
            "Campaigns: on which days they take entries. Outside of them no entry is taken.",
        ),
        "doctor": Room(
            "doctor:doctor",
            "Look at policy, keys, vault, folders and libraries; say what is wrong and how to mend it. Exit 1 if anything is.",
        ),
        "consent": Room(
            "consent:app",
            "What a subject agreed to: show, give, withdraw, hand over a receipt. The subject comes on standard input.",
        ),
        "subject": Room(
            "subject:app",
            "Take what somebody asks of their own data: access, correct, erase, restrict, cancel and more.",
        ),
        "requests": Room(
            "requests:app",
            "Requests of people about their own data: list, show, verify, fulfil, delay, deny, lift; tokens of the API.",
        ),
        "share": Room(
            "share:share",
            "Hand over what a recipient of the policy may get: its fields, of those who may, under names of its own.",
        ),
        "disclosures": Room("share:app", "Who got what: the record of what left."),
        "transfer": Room(
            "transfer:app",
            "A change of the controller: policy, tags, consents and receipts in a folder that proves itself.",
        ),
        "breach": Room(
            "breach:breach",
            "Say whom a breach concerns: categories, numbers, tenants, recipients, registers, what was unreadable, and a draft notice.",
        ),
    }
)
"""Every command."""

USAGE = 2
"""Exit code of a mistake in usage or configuration."""


def application(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """Make the command line, of all commands or of those named, each loaded."""
    app = _bare()
    for name in names:
        module, attribute = COMMANDS[name].place.split(":")
        command = getattr(import_module(f"remit_cli.{module}"), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def listing() -> typer.Typer:
    """Make the command line that knows each command's name and line, and has loaded none."""
    app = _bare()
    for name, room in COMMANDS.items():
        app.command(name, help=room.line)(_only_listed)
    return app


def _only_listed() -> None:
    """Refuse to pass for a command: whoever names one gets the real one."""
    raise typer.Abort


def _bare() -> typer.Typer:
    """Make the command line without a command."""
    app = typer.Typer(
        name="remit",
        help="Collects only what the policy allows, and keeps receipts anyone can check.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_remit)  # one command alone is still called by its name
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
    name = next((word for word in _words() if word in COMMANDS), None)
    try:
        _loaded(name)()
    except RemitError as error:
        sys.stderr.write(f"remit: {error}\n")
        return USAGE
    except BrokenPipeError:
        return 0
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def _loaded(name: str | None) -> Callable[[], object]:
    """Load a command, or the list of all, without looking for garbage among what stays: a tenth of a start (measured)."""
    gc.disable()
    try:
        return listing() if name is None else application([name])
    finally:
        gc.freeze()
        gc.enable()


def _words() -> list[str]:
    """Name the words of the call, or, where a shell asks how to complete them, those typed so far."""
    asked = (os.environ.get(name, "") for name in ("COMP_WORDS", "_TYPER_COMPLETE_ARGS"))
    return [*sys.argv[1:], *" ".join(asked).split()]
