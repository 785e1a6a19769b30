"""`remit report --tenant`: one tenant's figures, and nothing of anybody else."""

from rich.console import Console

from remit_cli.options import print_json
from remit_cli.tables import CONSENTS, OUTCOMES, READS, STANDING, table_of
from remit_consumers.epochs import REGISTER
from remit_consumers.keys import KeyStore
from remit_consumers.lake.commit import Lake
from remit_consumers.proof.tenant import PRESENT, TenantReport, tenant_report
from remit_consumers.settings import Settings
from remit_schemas.policy import find_policy

EARLIER = "counted before receipts told tenants: figures are too small for"
"""What is said before the contracts whose receipts are of format 4 or older."""


def print_of_tenant(settings: Settings, tenant: str, *, as_json: bool) -> None:
    """Print the report of one tenant.

    Raises:
        SettingsError: There is no such tenant.
        LakeError: The lake cannot be read.
    """
    told = tenant_report(Lake(settings.lake), tenant, _registered(settings))
    if as_json:
        print_json(told.to_dict())
    else:
        _show(told)


def _registered(settings: Settings) -> frozenset[str]:
    """The tenants of the register; none where its keys are not on this machine."""
    if not (settings.keys / REGISTER).is_file():
        return frozenset()
    return frozenset(KeyStore.open(settings.keys, find_policy(settings.policy)).tenancy().tenants)


def _show(told: TenantReport) -> None:
    """Print it as tables."""
    console = Console()
    title = "Events: what was offered and what became of it"
    known = {
        name: {word: count for word, count in row.items() if count is not None}
        for name, row in told.contracts.items()
    }
    parts = [table_of(title, "contract", OUTCOMES, known)]
    if any(row["stored"] != row["present"] for row in known.values()):
        title = "Rows: what became of those that were stored"
        parts.append(table_of(title, "contract", STANDING, known))
    title = "Values: how many of each data category stand now"
    parts.append(table_of(title, "category", PRESENT, told.categories))
    if told.consents:
        title = "Consent: what was said to each optional purpose"
        parts.append(table_of(title, "purpose", CONSENTS[:3], told.consents))
    if told.reads:
        parts.append(table_of("Reads of this tenant's views", "purpose", READS, told.reads))
    for part in parts:
        console.print(part, highlight=False)
    if told.untold:
        console.print(f"{EARLIER} {', '.join(told.untold)}", highlight=False)
