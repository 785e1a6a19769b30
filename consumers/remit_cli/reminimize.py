"""`remit reminimize`: what a newer version of the policy takes from stored rows, and taking it."""

from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.sweep import Applying, Planning, shown
from remit_consumers.settings import Settings
from remit_schemas.errors import SettingsError

To = Annotated[
    str | None,
    typer.Option("--to", help="The newer version; the newest in the policy's folder by default."),
]


def reminimize(
    *,
    planning: Planning = False,
    applying: Applying = False,
    to: To = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Say what of the stored rows a newer version of the policy does not allow any more; or take it away.

    Rows only ever lose something. What a law or a hold keeps stays whole.

    Example: remit reminimize --plan --to 2027-01-01
    """
    if planning == applying:
        message = "say what to do: --plan, or --apply"
        raise SettingsError(message)
    settings = settings_of(data, local=True)
    version, found = _done(settings, to, applying=applying)
    if as_json:
        print_json({"version": version, "applied": applying, "contracts": found})
        return
    title = f"{'Taken' if applying else 'To be taken'} under version {version}"
    table = Table("contract", "rows that go", "rows left with less", "values that go", title=title)
    for contract, facts in found.items():
        values = ", ".join(f"{name} {count:,}" for name, count in facts["values"].items())
        table.add_row(contract, f"{facts['rows']:,}", f"{facts['narrowed']:,}", values)
    Console().print(table)


def _done(
    settings: Settings, to: str | None, *, applying: bool
) -> tuple[str, dict[str, dict[str, Any]]]:
    """Look or take; then views are made anew, and the receipts are put where they are read.

    Raises:
        SettingsError: No such version is on record.
    """
    from remit_consumers.deployment import plans_on_record  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.lake.commit import Lake  # noqa: PLC0415 - as above
    from remit_consumers.reminimize.run import Newer  # noqa: PLC0415 - as above
    from remit_consumers.views.renewing import renew  # noqa: PLC0415 - as above

    plans, now = plans_on_record(settings), datetime.now(UTC)
    version = to or plans.newest
    if not plans.knows(version):
        message = "the policy's folder has no such version: `remit policy diff` names those it has"
        raise SettingsError(message)
    with shown("reminimizing") as progress:
        newer = Newer(settings.lake, plans.plan, version, now, progress)
        if not applying:
            return version, newer.plan()
        found = newer.apply()
        renew(settings, plans.policy(plans.newest), lambda: now, progress)
        Lake(settings.lake).materialise()
    return version, found
