"""Sharing, from the app to the folder that a recipient gets: who, what, of whom, on record."""

import json
import signal
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kit.installation import Installation
from kit.watching import until

REPORT = "analytics.reporting"
VERSION = "2021-11-01"
ANALYSIS = "usage-analysis-services"
CANARY = "canary-subject"


def emit(installed: Installation, contract: str, events: Sequence[object]) -> None:
    """Emit events and have them stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def said(subject: str, status: str) -> dict[str, str]:
    return {
        "subject": subject,
        "purpose": REPORT,
        "status": status,
        "method": "api",
        "agreed_version": VERSION,
    }


def view(subject: str) -> dict[str, object]:
    return {
        "page": f"/{subject}",
        "subject": subject,
        "ip": "203.0.113.7",
        "duration_ms": 17,
        "platform": "web",
        "referrer": "https://www.google.com/search",
    }


def parts_of(told: Mapping[str, object]) -> list[dict[str, object]]:
    """What of each contract, for each purpose."""
    parts = told["parts"]
    assert isinstance(parts, list)
    return parts


@pytest.fixture
def shop(embedded: Installation) -> Installation:
    """Twenty agreed to reports; the canary did not; all come."""
    people = [f"p{n:02}" for n in range(20)]
    emit(embedded, "consent_change", [said(one, "given") for one in people])
    emit(embedded, "page_view", [view(one) for one in [*people, CANARY]])
    return embedded


@pytest.mark.clause("S049", "S054a", "S059b", "S066a", "S058")
def test_a_recipient_gets_its_fields_of_those_who_agree_and_no_common_name(
    shop: Installation, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = shop.facts("share", ANALYSIS, "--out", str(out))
    rows = pq.read_table(out / f"page_view.{REPORT}.parquet")
    assert rows.num_rows == 20
    assert set(rows.column_names) <= {
        *("subject", "occurred_at", "page", "platform"),
        *(f"user_agent_{one}" for one in ("browser", "browser_major", "os", "os_major")),
        *("user_agent_device", "user_agent_bot"),
    }
    stored = set(shop.rows("page_view").column("subject").to_pylist())
    assert not stored & set(rows.column("subject").to_pylist())
    assert [part["subjects"] for part in parts_of(done)] == [20]
    terms = json.loads((out / "terms.json").read_text())
    assert terms["permission"][0]["constraint"][0]["rightOperand"] == [REPORT]
    assert set(terms["files"]) == {f"page_view.{REPORT}.parquet"}
    records = shop.facts("disclosures", "list")["disclosures"]
    assert isinstance(records, list)
    (listed,) = records
    assert (listed["recipient"], listed["outcome"], listed["rows"]) == (ANALYSIS, "made", 20)
    assert shop.breaches() == {}


@pytest.mark.clause("S051", "S060")
def test_who_does_not_agree_when_it_leaves_is_held_back_and_counted(
    shop: Installation, tmp_path: Path
) -> None:
    emit(shop, "consent_change", [said("p00", "withdrawn")])
    shop.remit("share", ANALYSIS, "--out", str(tmp_path / "out"))
    rows = pq.read_table(tmp_path / "out" / f"page_view.{REPORT}.parquet")
    assert rows.num_rows == 19
    bytes_out = b"".join(file.read_bytes() for file in (tmp_path / "out").iterdir())
    assert CANARY.encode() not in bytes_out


@pytest.mark.clause("S049", "S050", "S072")
def test_who_is_not_named_or_may_get_nothing_gets_nothing_and_it_is_on_record(
    shop: Installation, tmp_path: Path
) -> None:
    for one in ("somebody", "sellers"):
        refused = shop.remit("share", one, "--out", str(tmp_path / one), expect=2)
        assert len(refused.stderr.splitlines()) == 1
        assert not (tmp_path / one).exists()
    listed = shop.facts("disclosures", "list")["disclosures"]
    assert isinstance(listed, list)
    assert [(one["recipient"], one["outcome"], one["reason"]) for one in listed] == [
        ("unknown", "refused", "unlisted"),
        ("sellers", "refused", "nothing"),
    ]


@pytest.mark.clause("S062", "S063a", "S063b", "S064")
def test_partners_for_advertising_get_figures_of_ten_and_nothing_else(
    shop: Installation, tmp_path: Path
) -> None:
    out = tmp_path / "ads"
    shop.remit("share", "advertising-and-analytics-partners", "--out", str(out))
    assert sorted(file.name for file in out.iterdir()) == ["figures.json", "terms.json"]
    figures = {
        one["measure"]: one for one in json.loads((out / "figures.json").read_text())["figures"]
    }
    assert figures["reach"]["cells"] == [{"referrer_medium": "search", "count": 20}]
    assert figures["placement"]["cells"][0]["count"] == 20


def test_what_would_leave_can_be_asked_and_nothing_does(shop: Installation, tmp_path: Path) -> None:
    day = datetime.now(UTC).date().isoformat()
    plan = shop.facts("share", ANALYSIS, "--plan", "--from", day, "--to", day)
    assert plan["out"] is None
    assert [part["rows"] for part in parts_of(plan)] == [20]
    assert shop.facts("disclosures", "list")["disclosures"] == []
    assert not list(tmp_path.glob("*analysis*"))


def test_a_share_goes_on_until_it_is_asked_to_stop(shop: Installation, tmp_path: Path) -> None:
    out = tmp_path / "stream"
    shop.remit("share", ANALYSIS, "--follow", expect=2)  # the embedded log has no topics
    going = shop.start("share", ANALYSIS, "--follow", "--out", str(out))
    try:
        until(lambda: len(list(out.glob("2*"))) == 1, "the first turn leaves a folder", 60)
        emit(shop, "page_view", [view("p01")])
        until(
            lambda: len(list(out.glob("2*"))) == 2, "what is new comes in a folder of its own", 60
        )
    finally:
        going.send_signal(signal.SIGTERM)
        _, told = going.communicate(timeout=300)
    assert going.returncode == 0
    assert "21 rows went out" in told
    files = sorted(out.glob(f"2*/page_view.{REPORT}.parquet"))
    assert [pq.read_metadata(file).num_rows for file in files] == [20, 1]
