"""Consent, from the app to the lake: what is optional is stored where it was agreed to, and nowhere else."""

import json
from collections.abc import Sequence

from deltalake import DeltaTable

from kit.installation import Installation, each_once

OPTIONAL = ("duration_ms", "hardware_cores", "viewport", "utc_offset", "referrer_domain")
REPORTING, IMPROVE = "analytics.reporting", "functional.service.improve"
SUBJECT = "canary-subject-17@birds.example"


def view(page: str, subject: str | None = SUBJECT, **fields: object) -> dict[str, object]:
    """A page view with everything optional on it."""
    return {
        "page": page,
        "subject": subject,
        "status": 200,
        "duration_ms": 17,
        "viewport": "1280x720",
        "utc_offset": "+08:00",
        "referrer": "https://www.google.com/search",
        **fields,
    }


def change(
    status: str, purpose: str = REPORTING, subject: str = SUBJECT, **fields: object
) -> dict[str, object]:
    """A consent change to the policy version that is shipped."""
    said = {"purpose": purpose, "status": status, "method": "api", "agreed_version": "2021-11-01"}
    return {"subject": subject, **said, **fields}


def emit(installed: Installation, contract: str, events: Sequence[object]) -> None:
    """Emit events and have them stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def stored(installed: Installation) -> dict[str, set[str]]:
    """For each page, which optional fields were stored."""
    found: dict[str, set[str]] = {}
    for row in installed.rows("page_view").to_pylist():
        there = {name for name in OPTIONAL if row.get(name) is not None}
        found.setdefault(row["page"], set()).update(there)
    return found


def test_what_was_agreed_to_is_stored_and_after_a_withdrawal_no_more(
    installed: Installation,
) -> None:
    emit(installed, "page_view", [view("/before")])
    emit(installed, "consent_change", [change("given"), change("given", IMPROVE)])
    emit(installed, "page_view", [view("/given"), view("/nobody", None), view("/other", "bob")])
    emit(installed, "consent_change", [change("withdrawn", IMPROVE)])
    emit(installed, "page_view", [view("/half")])
    emit(installed, "consent_change", [change("withdrawn")])
    emit(installed, "page_view", [view("/after")])
    found = stored(installed)
    assert found["/given"] == {"duration_ms", "viewport", "utc_offset", "referrer_domain"}
    assert found["/half"] == {"viewport", "utc_offset", "referrer_domain"}
    for page in ("/before", "/nobody", "/other", "/after"):
        assert found[page] == set(), page
    rows = installed.rows("page_view")
    assert each_once(rows)
    assert len(rows.column("tagset").unique()) == 3
    checks = installed.checks("--canaries", "-", stdin=f"{SUBJECT}\n")
    assert not {name: check["detail"] for name, check in checks.items() if not check["holds"]}


def test_the_ledger_names_nobody_and_says_what_was_said(embedded: Installation) -> None:
    emit(embedded, "consent_change", [change("given"), change("refused", IMPROVE)])
    table = DeltaTable(str(embedded.data / "lake" / "consents")).to_pyarrow_table()
    said = table.select(["purpose", "status", "agreed_version", "method"]).to_pylist()
    assert [tuple(row.values()) for row in said] == [
        (REPORTING, "given", "2021-11-01", "api"),
        (IMPROVE, "refused", "2021-11-01", "api"),
    ]
    names = set(table.column("subject").to_pylist())
    rows = set(embedded.rows("consent_change").column("subject").to_pylist())
    assert len(names) == len(rows) == 1
    assert not names & rows, "the ledger has a name of its own"
