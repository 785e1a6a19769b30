"""`remit campaigns`: when campaigns take entries."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json
from remit_cli.tenants import NOTED, register_of
from remit_consumers.registering import with_campaign, without_campaign
from remit_schemas.errors import SettingsError
from remit_schemas.tenancy import Campaign, told

app = typer.Typer(
    help="Campaigns: on which days they take entries. Outside of them no entry is taken.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help="Name of the campaign, as its entries give it.")]
DAY = ["%Y-%m-%d"]


@app.command(name="open")
def open_(
    name: Name,
    *,
    first: Annotated[datetime, typer.Option("--from", formats=DAY, help="First day, UTC.")],
    last: Annotated[datetime, typer.Option("--until", formats=DAY, help="Last day, UTC.")],
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Whose it is; without it, everybody's.")
    ] = None,
    data: Data = None,
) -> None:
    """Open a campaign for some days, or give it others.

    Example: remit campaigns open spring --from 2026-03-01 --until 2026-03-31
    """
    if last < first:
        raise SettingsError("--until lies before --from")
    store, _ = register_of(data)
    campaign = Campaign(starts_on=first.date(), ends_on=last.date(), tenant=tenant)
    store.set_tenancy(with_campaign(name, campaign))
    Console().print(f"open from {first:%Y-%m-%d} until {last:%Y-%m-%d}; {NOTED}")


@app.command(name="list")
def listed(*, data: Data = None, as_json: Json = False) -> None:
    """Show the campaigns with their days.

    Example: remit campaigns list
    """
    tenancy = register_of(data)[0].tenancy()
    if as_json:
        print_json({"campaigns": told(tenancy)["campaigns"]})
        return
    today = datetime.now(UTC).date()
    table = Table("campaign", "from", "until", "tenant", "today", title="Campaigns")
    for name, one in sorted(tenancy.campaigns.items()):
        is_live = one.starts_on <= today <= one.ends_on
        whose = "everybody's" if one.tenant is None else one.tenant
        state = "live" if is_live else "over" if one.ends_on < today else "to come"
        table.add_row(name, f"{one.starts_on}", f"{one.ends_on}", whose, state)
    Console().print(table)


@app.command()
def close(name: Name, *, data: Data = None) -> None:
    """Close a campaign now: no entry is taken any more, not even one that is still on its way.

    Example: remit campaigns close spring
    """
    register_of(data)[0].set_tenancy(without_campaign(name))
    Console().print(f"closed; {NOTED}")
