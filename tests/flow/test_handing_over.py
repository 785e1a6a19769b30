"""A change of the controller and a breach, through the command: a bundle that proves itself, and what has to be told."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.installation import Installation
from remit_consumers.sharing.transferred import invalidated, verify
from remit_schemas.contract import builtin
from remit_schemas.errors import TransferError
from remit_schemas.policy import Policy, find_policy

REPORT = "analytics.reporting"


def emit(installed: Installation, contract: str, events: list[dict[str, object]]) -> None:
    """Emit events and have them stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


@pytest.fixture
def shop(embedded: Installation) -> Installation:
    """Twelve agreed to reports, one took it back; all come."""
    said = {"purpose": REPORT, "method": "api", "agreed_version": "2021-11-01"}
    people = [f"p{n:02}" for n in range(12)]
    changes: list[dict[str, object]] = [
        {"subject": one, "status": "given", **said} for one in people
    ]
    emit(embedded, "consent_change", [*changes, {"subject": "p00", "status": "withdrawn", **said}])
    emit(
        embedded,
        "page_view",
        [{"subject": one, "page": "/a", "ip": "203.0.113.7"} for one in people],
    )
    return embedded


def change(file: Path, old: bytes, new: bytes) -> None:
    data = file.read_bytes()
    assert old in data
    file.write_bytes(data.replace(old, new, 1))


SPOILT: dict[str, Callable[[Path], object]] = {
    "signature": lambda at: change(at / "manifest.json", b'"to": "successor"', b'"to": "somebody"'),
    "files": lambda at: (at / "more.txt").write_text("more"),
    "chain": lambda at: change(at / "receipts.jsonl", b'"version":', b'"version":1'),
    "policy": lambda at: change(at / "policy.json", b'"raw_limit_h":72', b'"raw_limit_h":71'),
    "consents": lambda at: (at / "consents.parquet").write_bytes(b"PAR1"),
}


@pytest.mark.clause("S068", "S069", "S070")
def test_a_bundle_proves_itself_and_says_which_consents_a_successor_asks_anew(
    shop: Installation, tmp_path: Path
) -> None:
    bundle = tmp_path / "handover"
    refused = shop.remit(
        "transfer", "make", str(bundle), "--to", "alipay", "--contact", "x", expect=2
    )
    assert len(refused.stderr.splitlines()) == 1
    told = shop.facts(
        "transfer",
        "make",
        str(bundle),
        "--to",
        "successor",
        "--contact",
        "Acme, privacy@example.com",
    )
    assert told["consents"] == 13
    alone = Installation(tmp_path / "elsewhere")  # no data, no keys: nothing but the bundle
    assert alone.facts("transfer", "verify", str(bundle))["holds"] is True
    assert not alone.data.exists()
    for check, spoil in SPOILT.items():
        spoilt = tmp_path / check
        shutil.copytree(bundle, spoilt)
        spoil(spoilt)
        found = verify(spoilt)
        assert found.checks[check] or (check == "chain" and found.checks["files"]), check
        assert not found.holds
    same = find_policy()
    assert invalidated(bundle, same, builtin()) == {}
    assert invalidated(bundle, longer(same), builtin()) == {REPORT: 11}
    with pytest.raises(TransferError):
        verify(tmp_path)


def longer(policy: Policy) -> Policy:
    """The policy, but a trait of page views stays longer."""
    written = policy.model_dump(mode="json", exclude_none=True)
    for rule in written["rules"]:
        if (rule["event"], rule.get("field")) == ("page_view", "referrer"):
            rule["keep_for"] = "60 days"
    return Policy.model_validate(written)


def test_a_breach_is_told_with_its_clock_and_few_people_stay_few(shop: Installation) -> None:
    now = datetime.now(UTC)
    emit(shop, "page_view", [{"subject": "q", "tenant": "anna", "page": "/a"}])
    shop.remit("share", "infrastructure-services", "--out", str(shop.data.parent / "out"))
    days = "--from", str(now.date()), "--to", str(datetime.now(UTC).date())
    told = shop.facts("breach", *days, "--found", now.isoformat())
    assert told["notify_by"] == (now + timedelta(hours=72)).isoformat()
    assert told["subjects"] == 13
    assert told["tenants"] == {"": 12, "anna": "<10"}
    assert told["recipients"] == ["infrastructure-services"]
    categories = told["categories"]
    assert isinstance(categories, list)
    assert "user.device.ip_address" in categories
    sealed = told["sealed"]
    assert isinstance(sealed, list)
    assert [one["unreadable_since"] for one in sealed] == [None]
    assert "GDPR article 33" in str(told["draft"])
    before = shop.facts("breach", "--from", "2020-01-01", "--to", "2020-01-02")
    assert (before["rows"], before["subjects"], before["sealed"]) == ({}, 0, [])
    of_epoch = shop.facts("breach", "--epoch", sealed[0]["epoch"])
    assert of_epoch["rows"] == told["rows"]
    shop.remit("breach", "--epoch", "none", expect=2)
    shop.remit("breach", expect=2)
