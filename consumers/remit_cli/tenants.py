"""`remit tenants`: who has which edition and modules."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_consumers.deployment import open_keys
from remit_consumers.keys import KeyStore
from remit_consumers.registering import with_tenant, without_tenant
from remit_schemas.policy import Policy, find_policy
from remit_schemas.tenancy import Tenant, told

app = typer.Typer(
    help="Tenants: who has which edition and modules. While there are none, everybody has everything.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(help='Name of the tenant; "" is the operator itself.')]
NOTED = "running producers learn it with the next bundle, consumers with the next flush"


def register_of(data: Path | None) -> tuple[KeyStore, Policy]:
    """Open the key store, where the register lies, and give the policy in force."""
    settings = settings_of(data)
    policy = find_policy(settings.policy)
    return open_keys(settings, policy), policy


@app.command(name="set")
def set_(
    name: Name,
    *,
    edition: Annotated[str, typer.Option("--edition", help="An edition of the policy.")],
    module: Annotated[
        list[str] | None,
        typer.Option("--module", help="A function that is subscribed to besides; again for more."),
    ] = None,
    data: Data = None,
) -> None:
    """Register a tenant, or give it another edition and modules. From the first one on, unknown tenants are refused.

    Example: remit tenants set anna --edition professional --module campaigns
    """
    store, policy = register_of(data)
    tenant = Tenant(edition=edition, modules=frozenset(module or ()))
    store.set_tenancy(with_tenant(policy, name, tenant))
    Console().print(f"set; {NOTED}")


@app.command(name="list")
def listed(*, data: Data = None, as_json: Json = False) -> None:
    """Show the tenants with their editions and modules.

    Example: remit tenants list
    """
    store, _ = register_of(data)
    tenancy = store.tenancy()
    if as_json:
        print_json({"tenants": told(tenancy)["tenants"]})
        return
    table = Table("tenant", "edition", "modules", title="Tenants")
    for name, tenant in sorted(tenancy.tenants.items()):
        table.add_row(name or '""', tenant.edition, ", ".join(sorted(tenant.modules)) or "none")
    if not tenancy.tenants:
        table.caption = "none: everybody has the widest edition with every module"
    Console().print(table)


@app.command()
def remove(name: Name, *, data: Data = None) -> None:
    """Remove a tenant: its events are refused. Once the last one is gone, everybody has everything again.

    Example: remit tenants remove anna
    """
    store, _ = register_of(data)
    left = store.set_tenancy(without_tenant(name))
    Console().print(f"removed; {NOTED}")
    if not left.tenants:
        Console().print("it was the last one: everybody has everything again")
