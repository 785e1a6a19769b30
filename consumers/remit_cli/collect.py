"""`remit emit` and `remit import`: events from standard input, and from real log files."""

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.options import Data, Json, Wait, print_json, settings_of
from remit_cli.storing import make_ready, wait_until_stored
from remit_consumers.deployment import contracts_of
from remit_consumers.settings import Settings
from remit_schemas.errors import EncodeError, SettingsError
from remit_schemas.event import Event
from remit_schemas.own_event import event_class
from remit_schemas.read_json import read_json

importer = typer.Typer(
    help="Real log files, plain or .gz, as events.\n\nExample: remit import access-log access.log --wait",
    no_args_is_help=True,
)

ON_THE_LOG = "what was accepted lies on the log: `remit up` or `remit run` stores it, or this command with --wait"
"""What is said where nothing was waited for: the report does not know of it yet."""

FLUSH_TIMEOUT_S = 60.0
"""How long the end of a command waits for its packs to reach the log."""

Files = Annotated[
    list[Path],
    typer.Argument(help="Log files, plain or .gz.", dir_okay=False),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on with an import of the same file that was interrupted."),
]

Tenant = Annotated[
    str,
    typer.Option(
        "--tenant", help="Whose log it is; without it, the operator's own.", show_default=False
    ),
]

Follow = Annotated[
    bool,
    typer.Option(
        "--follow",
        help="Go on as the file grows, over rotation and restarts, until it is told to end.",
    ),
]


def emit(
    contract: Annotated[str, typer.Argument(help="A contract, such as page_view.")],
    *,
    data: Data = None,
    wait: Wait = False,
    as_json: Json = False,
) -> None:
    """Emit events, one JSON object a line on standard input; "subject" and "tenant" are keys beside the fields.

    Example: echo '{"page": "/orders/17", "subject": "u1"}' | remit emit page_view --wait
    """
    from remit import Accepted, Client  # noqa: PLC0415 - the SDK only where it is used

    settings = settings_of(data)
    kind = _kind_of(contract, settings)
    make_ready(settings)
    client = Client("remit-emit", log=settings.log, data=settings.data)
    answers: Counter[str] = Counter()
    for number, line in enumerate(sys.stdin, 1):
        try:
            values, subject, tenant = _read(line)
            answer = client.emit(kind.of(values), subject=subject, tenant=tenant)
        except (EncodeError, ValueError) as error:
            answers["unreadable"] += 1
            sys.stderr.write(f"remit: line {number}: {error}\n")
            continue
        answers["accepted" if isinstance(answer, Accepted) else answer.reason] += 1
    done = client.flush(FLUSH_TIMEOUT_S, durable=True) and client.close(FLUSH_TIMEOUT_S)
    if wait and done:
        wait_until_stored(settings, Console(stderr=True))
    _tell(answers, as_json=as_json)
    if done and not (wait or as_json) and answers["accepted"]:
        typer.echo(ON_THE_LOG, err=True)
    raise typer.Exit(0 if done and set(answers) <= {"accepted"} else 1)


def _kind_of(contract: str, settings: Settings) -> type[Event]:
    """The class of a contract's events, be it remit's or one of one's own.

    Raises:
        SettingsError: There is no such contract.
    """
    from remit_schemas.events import EVENTS  # noqa: PLC0415 - only where it is used

    for kind, name in EVENTS.items():
        if name == contract:
            return kind
    own = contracts_of(settings.policy)
    if contract not in own.names:
        raise SettingsError(f"no contract of this name; there are {', '.join(own.names)}")
    return event_class(own.by_name(contract))


def _read(line: str) -> tuple[dict[str, object], str | None, str | None]:
    """One line of standard input: the event's values, its subject, its tenant."""
    try:
        values = read_json(line)
    except ValueError:
        message = f"no JSON object in {len(line)} characters"
        raise ValueError(message) from None
    if not isinstance(values, dict):
        message = "a JSON object is wanted"
        raise ValueError(message)  # noqa: TRY004 - for the one who types it, it is a bad value
    subject, tenant = values.pop("subject", None), values.pop("tenant", None)
    if not isinstance(subject, str | None) or not isinstance(tenant, str | None):
        message = "subject and tenant are text"
        raise ValueError(message)  # noqa: TRY004
    return values, subject, tenant


def _tell(answers: Counter[str], *, as_json: bool) -> None:
    """Say what became of the lines."""
    if as_json:
        print_json(dict(answers))
    else:
        Console().print(
            ", ".join(f"{count:,} {answer}" for answer, count in answers.items())
            or "nothing came in"
        )


@importer.command("access-log")
def access_log(  # noqa: PLR0913 - one for each option
    files: Files,
    *,
    data: Data = None,
    wait: Wait = False,
    resume: Resume = False,
    follow: Follow = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Import access logs in the combined format as page views.

    Example: remit import access-log /var/log/nginx/access.log --wait

    As it grows: remit import access-log /var/log/nginx/access.log --follow
    """
    if follow:
        _follow("access-log", files, settings_of(data), (wait, resume, tenant), as_json=as_json)
    else:
        _import("access-log", files, settings_of(data), (wait, resume, tenant), as_json=as_json)


@importer.command("log")
def text_log(  # noqa: PLR0913 - one for each option
    files: Files,
    *,
    data: Data = None,
    wait: Wait = False,
    resume: Resume = False,
    follow: Follow = False,
    tenant: Tenant = "",
    as_json: Json = False,
) -> None:
    """Import logs of any service as service logs: each line is a message, and scrubbed.

    Example: remit import log /var/log/app.log.gz --wait

    As it grows: remit import log /var/log/app.log --follow
    """
    if follow:
        _follow("log", files, settings_of(data), (wait, resume, tenant), as_json=as_json)
    else:
        _import("log", files, settings_of(data), (wait, resume, tenant), as_json=as_json)


def _import(
    kind: str, files: list[Path], settings: Settings, how: tuple[bool, bool, str], *, as_json: bool
) -> None:
    """Import files, wait where that is wished, and say what became of the lines."""
    from remit_cli.importing import How, import_files  # noqa: PLC0415 - the SDK only where used

    wait, resume, tenant = how
    for file in files:
        _check_readable(file)
    console = Console(stderr=True)
    done = import_files(kind, files, settings, How(resume, wait, tenant), console)
    if wait:
        wait_until_stored(settings, console)
    if as_json:
        print_json({"files": {name: imported.to_dict() for name, imported in done.items()}})
        return
    for name, imported in done.items():
        typer.echo(f"{name}: {imported}")
    if not wait and any(imported.accepted for imported in done.values()):
        typer.echo(ON_THE_LOG, err=True)
    if any(imported.is_of_another_kind for imported in done.values()):
        typer.echo(
            f"no line of a file could be read as {kind}; see `remit import --help`", err=True
        )
        raise typer.Exit(1)


def _follow(
    kind: str, files: list[Path], settings: Settings, how: tuple[bool, bool, str], *, as_json: bool
) -> None:
    """Follow files until a signal ends it, and say what became of the lines meanwhile."""
    from remit_cli.following import follow  # noqa: PLC0415 - the SDK only where used

    *whiles, tenant = how
    if any(whiles):
        raise SettingsError(
            "--follow goes on by itself and never ends: without --wait and --resume"
        )
    if packed := [file.name for file in files if file.suffix == ".gz"]:
        raise SettingsError(f"{packed[0]}: a packed file does not grow: without --follow")
    if odd := [file.name for file in files if file.exists() and not file.is_file()]:
        raise SettingsError(f"{odd[0]}: only a regular file can be followed")
    done = follow(
        kind, files, settings, lambda words: typer.echo(f"remit: {words}", err=True), tenant
    )
    if as_json:
        print_json({"files": {name: told.to_dict() for name, told in done.items()}})
    else:
        for name, told in done.items():
            typer.echo(f"{name}: {told}")


def _check_readable(file: Path) -> None:
    """Refuse a file that is not there or cannot be read."""
    if not file.is_file():
        raise SettingsError(f"{file}: no such file (with --follow it may come later)")
    if not os.access(file, os.R_OK):
        raise SettingsError(f"{file}: cannot be read")
