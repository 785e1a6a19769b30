"""`remit report`, its other forms: a page, for everybody, and what was never read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from remit_cli.options import print_json
from remit_cli.tables import table_of
from remit_consumers.evidence.anchor import stands
from remit_consumers.evidence.transparency import KEY, Blur, public
from remit_consumers.evidence.unread import unread
from remit_consumers.keyfiles import open_folder, own_key
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.queries import history as reads_of
from remit_consumers.lake.receipts import links
from remit_consumers.period import Period
from remit_consumers.settings import Settings
from remit_consumers.sharing.disclosures import history as disclosures_of
from remit_schemas.durable import replace_file
from remit_schemas.errors import SettingsError
from remit_schemas.policy import find_policy

OfTenant = Annotated[
    str | None,
    typer.Option("--tenant", help="Of one tenant's events alone; nothing of anybody else."),
]
FirstDay = Annotated[
    str, typer.Option("--from", help="First UTC day it tells of.", metavar="YYYY-MM-DD")
]
LastDay = Annotated[
    str, typer.Option("--to", help="Last UTC day it tells of.", metavar="YYYY-MM-DD")
]
AsHtml = Annotated[
    Path | None,
    typer.Option("--html", help="Write it to this file, a page that needs nothing else."),
]
AsPdf = Annotated[Path | None, typer.Option("--pdf", help="Write it to this file.")]
ForUnread = Annotated[
    bool, typer.Option("--unread", help="Instead: what was stored and never queried or shared.")
]
ForEverybody = Annotated[
    bool, typer.Option("--public", help="For everybody instead: no small counts, the rest vague.")
]
RoundedTo = Annotated[
    int, typer.Option("--round", help="With --public: counts are multiples of this.")
]
Noise = Annotated[
    float | None,
    typer.Option(
        "--noise", help="With --public: noise of this epsilon is added.", show_default=False
    ),
]

READABLE = 0o644
"""A report is made to be handed on."""


def write_pages(
    settings: Settings, facts: Mapping[str, Any], as_html: Path | None, as_pdf: Path | None
) -> None:
    """Write a report as HTML, as PDF, or as both.

    Raises:
        SettingsError: A file cannot be written.
    """
    from remit_consumers.evidence.written import About, html, pdf  # noqa: PLC0415 - what sets pages, only where there are any

    policy = find_policy(settings.policy)
    chains = stands(links(Lake(settings.lake).receipts()))
    about = About(datetime.now(UTC), f"{policy.name} {policy.version}", chains)
    pages: list[tuple[Path, bytes]] = []
    if as_html is not None:
        pages.append((as_html, html(facts, about).encode()))
    if as_pdf is not None:
        pages.append((as_pdf, pdf(facts, about)))
    for file, content in pages:
        try:
            replace_file(file.absolute(), content, mode=READABLE)
        except OSError as error:
            raise SettingsError(f"cannot write {file}: {error.strerror}") from None


def print_public(
    settings: Settings,
    facts: Mapping[str, Any],
    period: Period,
    blur: tuple[int, float | None],
    *,
    as_json: bool,
) -> None:
    """Print the report for everybody."""
    rounded_to, epsilon = blur
    key = b"" if epsilon is None else own_key(open_folder(settings.keys) / KEY)
    told = public(facts, period, Blur(rounded_to, epsilon, key), datetime.now(UTC).date())
    if as_json:
        print_json(told)
        return
    console = Console()
    tables: Any = told["tables"]
    for name, table in tables.items():
        rows = {row: {**counts, "total": table["row_totals"][row]} for row, counts in table["rows"].items()}  # fmt: skip
        rows["total"] = {**table["column_totals"], "total": table["total"]}
        columns = (*table["column_totals"], "total")
        console.print(table_of(name.capitalize(), name, columns, rows), highlight=False)
    parameters: Any = told["parameters"]
    for name, value in parameters.items():
        console.print(f"{name}: {value}", highlight=False, markup=False, soft_wrap=True)


def print_unread(settings: Settings, period: Period, *, as_json: bool) -> None:
    """Print what was collected and never read."""
    lake, now = Lake(settings.lake), datetime.now(UTC)
    found = unread(
        lake.receipts(),
        reads_of(lake.root, now),
        disclosures_of(lake.root, now),
        find_policy(settings.policy),
        period,
    )
    if as_json:
        print_json({"period": period.to_dict(), "unread": [one.to_dict() for one in found]})
        return
    console = Console()
    rows = {f"{one.contract}.{one.field} ({one.necessity})": {"values": one.values, "bytes": one.bytes} for one in found}  # fmt: skip
    title = "Collected but never read: stored in these days, and neither queried nor shared"
    console.print(table_of(title, "field", ("values", "bytes"), rows), highlight=False)
    for one in found:
        how = f"in place of rule {one.instead_of}" if one.instead_of else "one rule more"
        lists = f" (and off the lists of {', '.join(one.listed_by)})" if one.listed_by else ""
        console.print(f"{how}{lists}: {one.change}", highlight=False, markup=False, soft_wrap=True)
