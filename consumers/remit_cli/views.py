"""`remit views`: what each purpose may see of the lake, as files that any engine reads."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, print_json, settings_of
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy
from remit_schemas.policy_file import nearest

app = typer.Typer(
    help="What each purpose may see of the lake, as files that any engine reads.\n\nExample: remit views build",
    no_args_is_help=True,
)


@app.callback()
def _views() -> None:
    """What each purpose may see of the lake, as files that any engine reads."""


@app.command()
def build(
    *,
    purpose: Annotated[
        str | None,
        typer.Option("--purpose", help="One purpose of the policy; else all.", show_default=False),
    ] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Make the views what they must be now, under DATA/views/PURPOSE/CONTRACT; those that are stay as they are.

    Example: remit views build --purpose analytics.reporting
    """
    from remit_consumers.backup.guard import check_readable  # noqa: PLC0415 - as below
    from remit_consumers.views.building import build as built_of  # noqa: PLC0415 - Arrow only where it is used
    from remit_consumers.views.building import forget  # noqa: PLC0415 - as above

    settings = settings_of(data)
    policy = find_policy(settings.policy)
    if purpose is not None and purpose not in policy.purposes:
        message = f"the policy has no such purpose{nearest(purpose, policy.purposes)}"
        raise SettingsError(message)
    check_readable(settings.lake, settings.keys)
    gone = forget(settings, policy.purposes)
    wanted = sorted(policy.purposes) if purpose is None else [purpose]
    now = datetime.now(UTC)
    built = [one for name in wanted for one in built_of(settings, policy, name, now)]
    if as_json:
        views = [
            {
                "purpose": one.purpose,
                "contract": one.contract,
                "rows": one.rows,
                "built": one.is_new,
            }
            for one in built
        ]
        print_json({"views": views, "gone": gone})
        return
    table = Table(
        "purpose",
        "contract",
        "rows",
        "",
        title="Views",
        caption=None if built else "nothing stored yet",
    )
    for one in built:
        table.add_row(
            one.purpose, one.contract, f"{one.rows:,}", "made" if one.is_new else "as it was"
        )
    Console().print(table)
