"""`remit notices`: what recipients are told of erasures, and what they answered."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of

app = typer.Typer(
    help="Notices to recipients: who was told of an erasure, and who has answered.\n\nExample: remit notices list",
    no_args_is_help=True,
)


@app.command("list")
def list_(*, data: Data = None, as_json: Json = False) -> None:
    """List the notices: to whom, since when, how often sent, what came back. They name nobody.

    Example: remit notices list --json
    """
    from remit_consumers.erasure.notices import notices  # noqa: PLC0415 - Arrow only where it is used

    now = datetime.now(UTC)
    found = [one.told(now) for one in notices(settings_of(data).lake)]
    if as_json:
        print_json({"notices": found})
        return
    names = ("notice", "to", "kind", "state", "due_at", "tries", "exception")
    table = Table(*names, title="Notices", caption=None if found else "none")
    for one in found:
        table.add_row(*("" if one[name] is None else str(one[name]) for name in names))
    Console().print(table)


@app.command()
def send(*, data: Data = None, as_json: Json = False) -> None:
    """Send what is due: to the address that the policy names, else into the outbox below the data folder.

    Example: remit notices send
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - as above
    from remit_consumers.erasure.telling import send as send_due  # noqa: PLC0415

    sent = send_due(Deployment.open(settings_of(data)), datetime.now(UTC))
    if as_json:
        print_json({"sent": sent})
    else:
        many = ", ".join(f"{to}: {n}" for to, n in sorted(sent.items()))
        Console().print(f"sent: {many}" if sent else "nothing is due", highlight=False)


@app.command()
def acknowledge(
    notice: Annotated[str, typer.Argument(help="The notice, as `remit notices list` names it.")],
    *,
    exception: Annotated[
        str | None,
        typer.Option(
            "--exception",
            help="Why the recipient keeps what it got: legal_obligation or independent_authorisation.",
            show_default=False,
        ),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Note that a recipient has done what it was told, or why it need not; its names of the subject go.

    Example: remit notices acknowledge 0123456789abcdef0123456789abcdef
    """
    from remit_consumers.erasure.notices import acknowledge as note  # noqa: PLC0415 - as above
    from remit_consumers.erasure.telling import withdraw_file  # noqa: PLC0415

    settings, now = settings_of(data), datetime.now(UTC)
    done = note(settings.lake, notice, now, exception)
    withdraw_file(settings.data, done)
    if as_json:
        print_json({"notice": done.told(now)})
    else:
        Console().print(f"acknowledged: {done.notice}", highlight=False)
