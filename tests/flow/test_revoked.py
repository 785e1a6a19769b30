"""What is stored when a denial arrives: from the app's withdrawal to the rewritten rows and their proof."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable

from kit.flowing import shares
from kit.installation import Installation, each_once
from kit.watching import until
from remit_schemas.log_address import KafkaLog, parse_log

REPORTING = "analytics.reporting"


def view(page: str, subject: str) -> dict[str, object]:
    """A page view with an optional field."""
    return {"page": page, "subject": subject, "status": 200, "utc_offset": "+08:00"}


def change(status: str, subject: str, at: datetime | None = None) -> dict[str, object]:
    """A consent change, said now or earlier."""
    said = {"purpose": REPORTING, "status": status, "method": "api", "agreed_version": "2021-11-01"}
    when = {"occurred_at": at.isoformat().replace("+00:00", "Z")} if at else {}
    return {"subject": subject, **said, **when}


def emit(installed: Installation, contract: str, events: Sequence[object], *more: str) -> None:
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, *more, stdin=lines)


def offsets(installed: Installation) -> dict[str, str | None]:
    """What of the optional field stands, by page."""
    return {row["page"]: row["utc_offset"] for row in installed.rows("page_view").to_pylist()}


def nulls(installed: Installation) -> int:
    """How many rows have nothing of it."""
    return int(installed.rows("page_view").column("utc_offset").null_count)


def test_a_withdrawal_and_one_that_arrives_late_take_what_was_stored(
    embedded: Installation,
) -> None:
    emit(
        embedded,
        "consent_change",
        [change("given", who) for who in ("ann", "bob", "eve")],
        "--wait",
    )
    emit(embedded, "page_view", [view(f"/{who}", who) for who in ("ann", "bob", "eve")], "--wait")
    assert set(offsets(embedded).values()) == {"+08:00"}
    late = datetime.now(UTC) - timedelta(hours=30)
    emit(embedded, "consent_change", [change("withdrawn", "ann")], "--wait")
    emit(embedded, "consent_change", [change("given", "bob", late - timedelta(hours=1))], "--wait")
    emit(embedded, "consent_change", [change("withdrawn", "bob", late)], "--wait")
    found = offsets(embedded)
    assert (found["/ann"], found["/eve"]) == (None, "+08:00")
    rows = embedded.rows("page_view")
    assert rows.num_rows == 3
    assert each_once(rows)
    told = embedded.facts("report")
    removals, waited = told["removals"], told["revocation_seconds"]
    assert isinstance(removals, dict)
    assert isinstance(waited, dict)
    assert removals["revoked.denied"]["narrowed"] >= 1
    assert waited["done"] >= 1
    contract = embedded.contract("page_view")
    assert (contract["stored"], contract["present"], contract["erased"]) == (3, 3, 0)
    assert embedded.breaches() == {}


def test_a_running_consumer_rewrites_within_seconds(embedded: Installation, tmp_path: Path) -> None:
    emit(embedded, "consent_change", [change("given", "ann")], "--wait")
    emit(embedded, "page_view", [view("/ann", "ann")], "--wait")
    consumer = embedded.consume(tmp_path / "run.log")
    emit(embedded, "consent_change", [change("withdrawn", "ann")])
    until(lambda: offsets(embedded)["/ann"] is None, "nothing is rewritten", 60)
    table = DeltaTable(str(embedded.data / "lake" / "withdrawn"))
    until(lambda: _is_applied(table), "nobody says that it is done", 60)
    consumer.terminate()
    assert consumer.wait(60) == 0, (tmp_path / "run.log").read_text()[-2000:]
    assert embedded.breaches() == {}


def _is_applied(table: DeltaTable) -> bool:
    table.update_incremental()
    return any(table.to_pyarrow_table().column("applied_at").to_pylist())


@pytest.mark.kafka
@pytest.mark.slow
def test_two_consumers_of_one_lake_rewrite_once(on_kafka: Installation, tmp_path: Path) -> None:
    people = [f"person {n}" for n in range(24)]
    log = parse_log(on_kafka.env["REMIT_LOG"])
    assert isinstance(log, KafkaLog)
    admin, group = AdminClient({"bootstrap.servers": log.bootstrap}), f"{log.prefix}.run"
    emit(on_kafka, "consent_change", [change("given", who) for who in people], "--wait")
    emit(on_kafka, "page_view", [view(f"/{who}", who) for who in people], "--wait")
    assert nulls(on_kafka) == 0
    both = [on_kafka.consume(tmp_path / f"{name}.log") for name in ("one", "two")]
    until(lambda: shares(admin, group) == [6, 6], "the two do not share the partitions")
    emit(on_kafka, "consent_change", [change("withdrawn", who) for who in people[:12]])
    until(lambda: nulls(on_kafka) == 12, "nothing is rewritten", 60)
    for consumer in both:
        consumer.terminate()
        assert consumer.wait(60) == 0
    rows = on_kafka.rows("page_view")
    assert (rows.num_rows, rows.column("utc_offset").null_count) == (24, 12)
    assert each_once(rows)
    told = on_kafka.facts("report")["removed_values"]
    assert isinstance(told, dict)
    assert told["page_view.utc_offset"] == {"revoked": 12}
    assert on_kafka.breaches() == {}
