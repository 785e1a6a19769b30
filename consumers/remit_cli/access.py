"""`remit access`: who may open the dashboard in which role, and what the record of reads says of them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.options import BoundTo, Data, Json, print_json, settings_of
from remit_consumers.access import invitations as kept
from remit_consumers.access.roles import TABLE, Role
from remit_consumers.lake.queries import history

app = typer.Typer(
    help="Who may open the dashboard in which role: invite, list, revoke; roles, and the record of reads.\n\n"
    "Example: remit access invite ann --role privacy_officer",
    no_args_is_help=True,
)

HOURS_MAX = 24 * 30
"""A token that opens a month later is a key that lies about."""

AUDIT_COLUMNS = ("started_at", "user", "role", "tenant", "tables", "rows", "outcome", "reason")


@app.command()
def invite(
    name: Annotated[str, typer.Argument(help="Whom it is for, for people.")],
    *,
    role: Annotated[Role, typer.Option("--role", help="What they may do: `remit access roles`.")],
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=HOURS_MAX, help="When token and session end.")
    ] = 8,
    tenant: BoundTo = None,
    data: Data = None,
) -> None:
    """Print a token that opens the dashboard once (/enter?token=…); only its SHA-256 is kept, beside the keys.

    Example: remit access invite ann --role auditor --hours 4
    """
    now = datetime.now(UTC)
    opens = kept.Opens(role, tenant)
    typer.echo(kept.invite(settings_of(data).keys, name, opens, now + timedelta(hours=hours), now))


@app.command(name="list")
def listed(*, data: Data = None, as_json: Json = False) -> None:
    """List who is invited; never the tokens.

    Example: remit access list
    """
    now = datetime.now(UTC)
    found = [
        {
            "id": one.id,
            "name": one.name,
            "role": one.role,
            "tenant": one.tenant,
            "until": one.until,
            "state": "ended" if one.until <= now else "used" if one.is_used else "open",
        }
        for one in kept.read(settings_of(data).keys)
    ]
    if as_json:
        print_json({"invitations": found})
        return
    lines = (
        f"{one['name']}, {one['role']}{_of(one['tenant'])}, until {one['until']:%Y-%m-%d %H:%M} UTC, {one['state']} ({one['id']})"
        for one in found
    )
    Console().print("\n".join(lines) or "none")


def _of(tenant: object) -> str:
    """What a tenant adds to a role."""
    return "" if tenant is None else f" of tenant {tenant!r}"


@app.command()
def revoke(
    name: Annotated[str, typer.Argument(help="Whom it was for.")], *, data: Data = None
) -> None:
    """Take a token away, and the session that it opened; a running dashboard refuses it at once.

    Example: remit access revoke ann
    """
    kept.revoke(settings_of(data).keys, name)
    Console().print("revoked")


@app.command()
def roles(*, as_json: Json = False) -> None:
    """Show what each role may do.

    Example: remit access roles
    """
    found = {act.value: sorted(roles) for act, roles in TABLE.items()}
    if as_json:
        print_json({"acts": found})
    else:
        Console().print("\n".join(f"{act}: {', '.join(roles)}" for act, roles in found.items()))


@app.command()
def audit(*, data: Data = None, as_json: Json = False) -> None:
    """Show who read what, and who was refused, from the table of reads, oldest first.

    Example: remit access audit --json
    """
    rows = history(settings_of(data).lake, datetime.now(UTC)).select(AUDIT_COLUMNS).to_pylist()
    if as_json:
        print_json({"reads": rows})
        return
    lines = (
        f"{one['started_at']:%Y-%m-%d %H:%M:%S} {one['user']} {one['role'] or '-'} {one['tables'] or '-'} {one['outcome']} {one['reason']}"
        for one in rows
    )
    Console().print("\n".join(lines) or "none", soft_wrap=True, markup=False)
