"""`remit consent receipt` and `remit consent check`: what a subject is handed of the ledger, and whether it is genuine."""

from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from remit_cli.options import Data, Json, Subject, Tenant, print_json, read_subject, settings_of
from remit_schemas.errors import BundleError, SettingsError
from remit_schemas.export.consent_receipt import (
    STATUSES,
    ConsentReceipt,
    check_receipt,
    receipt_of,
)
from remit_schemas.read_json import read_json
from remit_schemas.trust import trust_of

File = Annotated[Path, typer.Argument(help="What `remit consent receipt --json` printed.")]
Trust = Annotated[
    str,
    typer.Option(
        "--trust",
        envvar="REMIT_TRUST",
        help="The verify key that `remit keys status` shows, or a file that holds it.",
        show_default=False,
    ),
]


def receipt(
    subject: Subject,
    *,
    by_record: Annotated[
        bool,
        typer.Option(
            "--by-record",
            help="Standard input names a record in place of a subject, as an app or a browser was told it.",
        ),
    ] = False,
    tenant: Tenant = "",
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Write the receipts to hand to a subject, one for each record of what they said; --json is signed.

    A visitor's name dies within 48 hours, and nobody finds by it what the visitor said; by its record it is found.

    Example: echo u17 | remit consent receipt - --json > receipts.json
    """
    from remit_consumers.deployment import Deployment  # noqa: PLC0415 - Arrow and Delta only where they are used

    deployment = Deployment.open(settings_of(data))
    plans, jurisdiction, found = deployment.plans(), None, list[ConsentReceipt]()
    ledger, asked = deployment.ledger(), read_subject(subject)
    rows = ledger.record(tenant, asked) if by_record else ledger.of(tenant, asked)
    for row in rows.to_pylist():
        jurisdiction = row["jurisdiction"] or jurisdiction  # stated once, it holds from then on
        if row["status"] in STATUSES:
            shown = plans.policy(row["agreed_version"]) if row["agreed_version"] else None
            record = row | {"jurisdiction": jurisdiction}
            found.append(receipt_of(record, (deployment.policy.name, shown), deployment.contracts))
    if as_json:
        print_json({"receipts": [deployment.keys.sign_receipt(one) for one in found]})
    else:
        _print(found)


def check(file: File, *, trust: Trust = "", as_json: Json = False) -> None:
    """Check receipts offline: each one's signature against the verify key. Exit 1 when one does not hold.

    Example: remit consent check receipts.json --trust verify.key
    """
    if not trust:
        raise SettingsError("no key to check the receipts against: name it with --trust")
    key = trust_of(trust)
    holds = [_holds(one, key) for one in _read(file)]
    if as_json:
        print_json({"receipts": len(holds), "genuine": sum(holds)})
    else:
        Console().print(f"{sum(holds)} of {len(holds)} receipts are genuine")
    raise typer.Exit(0 if holds and all(holds) else 1)


def _holds(signed: JsonValue, key: bytes) -> bool:
    try:
        check_receipt(signed, key)
    except BundleError:
        return False
    return True


def _read(file: Path) -> list[JsonValue]:
    try:
        written = read_json(file.read_bytes())
    except (OSError, ValueError):
        raise SettingsError("the file of receipts cannot be read as JSON") from None
    found = written.get("receipts") if isinstance(written, dict) else None
    if not isinstance(found, list):
        raise SettingsError('the file holds no "receipts"')
    return found


def _print(receipts: list[ConsentReceipt]) -> None:
    """One table for each receipt: its fields that say something, by name."""
    for one in receipts:
        table = Table("field", "value", title=f"Consent receipt {one.record_id}")
        for name, value in one.model_dump(mode="json", exclude_none=True).items():
            inner = value.items() if isinstance(value, dict) else [("", value)]
            for part, said in inner:
                words = ", ".join(said) if isinstance(said, list | dict) else str(said)
                table.add_row(f"{name} {part}".strip().replace("_", " "), words)
        Console().print(table)
    if not receipts:
        Console().print("the ledger holds nothing of this subject")
