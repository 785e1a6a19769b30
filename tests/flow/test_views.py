"""Views, from the app to the query: consent, two tenants, a withdrawal, and what is left on disk."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.installation import Installation
from remit_consumers.lake.columns import WITHDRAWN
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import open_table

REPORT, IMPROVE, OPERATE = (
    "analytics.reporting",
    "functional.service.improve",
    "essential.service.operations",
)
VERSION = "2021-11-01"


def emit(installed: Installation, contract: str, events: Sequence[object]) -> None:
    """Emit events and have them stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def given(subject: str, purpose: str, tenant: str = "") -> dict[str, str]:
    return {
        "subject": subject,
        "tenant": tenant,
        "purpose": purpose,
        "status": "given",
        "method": "api",
        "agreed_version": VERSION,
    }


def view(page: str, subject: str, tenant: str = "") -> dict[str, object]:
    return {
        "page": page,
        "subject": subject,
        "tenant": tenant,
        "ip": "203.0.113.7",
        "duration_ms": 17,
        "referrer": "https://www.google.com/search",
    }


def asked(installed: Installation, sql: str, purpose: str, *more: str) -> list[dict[str, object]]:
    """The rows of a query."""
    rows = installed.facts("query", sql, "--purpose", purpose, *more)["rows"]
    assert isinstance(rows, list)
    return rows


def pages(installed: Installation, purpose: str, *more: str) -> list[object]:
    return [
        row["page"]
        for row in asked(installed, "SELECT page FROM page_view ORDER BY page", purpose, *more)
    ]


@pytest.fixture
def shop(embedded: Installation) -> Installation:
    """Ann agreed to reports, Bob to improving, and so did Ann at another shop; all come to both."""
    changes = [given("ann", REPORT), given("bob", IMPROVE), given("ann", IMPROVE, "anna")]
    emit(embedded, "consent_change", changes)
    emit(
        embedded,
        "page_view",
        [
            view("/ann", "ann"),
            view("/bob", "bob"),
            view("/anna", "ann", "anna"),
            view("/bobby", "bob", "anna"),
        ],
    )
    return embedded


@pytest.mark.clause("S110a", "S110c")
def test_each_purpose_reads_the_rows_and_fields_that_were_agreed_to(shop: Installation) -> None:
    assert pages(shop, OPERATE) == ["/ann", "/bob"]
    assert pages(shop, OPERATE, "--tenant", "anna") == ["/anna", "/bobby"]
    assert pages(shop, REPORT) == ["/ann"]
    assert pages(shop, IMPROVE) == ["/bob"]
    assert pages(shop, IMPROVE, "--tenant", "anna") == ["/anna"]
    assert pages(shop, REPORT, "--tenant", "anna") == []
    assert asked(shop, "SELECT duration_ms AS ms FROM page_view", IMPROVE) == [{"ms": 17}]
    refused = shop.remit(
        "query", "SELECT duration_ms FROM page_view", "--purpose", REPORT, expect=2
    )
    assert len(refused.stderr.splitlines()) == 1
    names = [
        str(row["subject"])
        for purpose in (OPERATE, REPORT, IMPROVE)
        for tenant in ("", "anna")
        for row in asked(
            shop, "SELECT DISTINCT subject FROM page_view", purpose, "--tenant", tenant
        )
    ]
    assert len(names) == len(set(names)) == 7
    assert not set(names) & set(shop.rows("page_view").column("subject").to_pylist())


@pytest.mark.clause("S110a", "S110c")
def test_every_read_is_on_record_and_reported(shop: Installation) -> None:
    csv = shop.remit("query", "SELECT page FROM page_view", "--purpose", REPORT, "--csv").stdout
    assert csv.splitlines() == ['"page"', '"/ann"']
    shop.remit("query", "ATTACH 'canary.db'", "--purpose", REPORT, expect=2)
    shop.remit("query", "SELECT 1", "--purpose", "analytics.reporting.ad_performance", expect=2)
    queries = shop.facts("query", "--history")["queries"]
    assert isinstance(queries, list)
    assert [(read["purpose"], read["outcome"], read["rows"]) for read in queries] == [
        (REPORT, "done", 1),
        (REPORT, "refused", 0),
        ("unknown", "refused", 0),
    ]
    assert "canary" not in str(queries)
    assert shop.facts("report")["reads"] == {
        REPORT: {"done": 1, "refused": 1, "failed": 0, "rows": 1},
        "unknown": {"done": 0, "refused": 1, "failed": 0, "rows": 0},
    }


@pytest.mark.clause("S092", "S110c")
def test_who_withdrew_is_read_no_more_and_nothing_of_it_is_left_in_the_view(
    shop: Installation,
) -> None:
    assert pages(shop, REPORT) == ["/ann"]
    rows = shop.rows("page_view").to_pylist()
    ann = next(row["subject"] for row in rows if row["page"] == "/ann")
    now = datetime.now(UTC)
    said = {"effect_at": now, "recorded_at": now, "applied_at": None}
    said["keep_until"] = now + timedelta(days=30)
    row = {"tenant": "", "subject": ann, "purpose": REPORT, **said}
    table = open_table(shop.data / "lake", "withdrawn")
    files = write(table.path, pa.Table.from_pylist([row], WITHDRAWN))
    sync(files)
    append(table.path, table.version, Append(files, {}))
    assert pages(shop, REPORT) == []
    assert pages(shop, OPERATE) == ["/ann", "/bob"]
    left = [
        pq.read_table(file, partitioning=None)
        for file in (shop.data / "views" / REPORT).rglob("*.parquet")
    ]
    assert sum(table.num_rows for table in left) == 0


@pytest.mark.clause("S110a")
def test_any_engine_reads_views_and_verify_looks_into_them(
    shop: Installation, tmp_path: Path
) -> None:
    built = shop.facts("views", "build")["views"]
    assert isinstance(built, list)
    assert {(one["purpose"], one["contract"], one["rows"]) for one in built} >= {
        (REPORT, "page_view", 1),
        (IMPROVE, "page_view", 2),
        (OPERATE, "page_view", 4),
        ("essential.legal_obligation", "consent_change", 3),
    }
    assert not any(one["built"] for one in shop.facts("views", "build")["views"])  # type: ignore[attr-defined]
    folder = shop.data / "views" / OPERATE / "page_view"
    assert pq.read_table(folder / "tenant=anna", partitioning=None).num_rows == 2
    assert pq.read_table(folder, partitioning="hive").num_rows == 4
    assert not shop.breaches()
    planted = pa.table({"page": ["canary-17@birds.example"]})
    pq.write_table(planted, folder / "tenant=anna" / "planted.parquet")
    assert "residue" in shop.breaches()
