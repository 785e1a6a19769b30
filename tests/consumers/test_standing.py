"""How an installation stands is told as it is; what cannot be read is counted, and the rest goes on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kit.erasing import ErasingShop
from kit.lake import KEEP_UNTIL, LOG, make_flush, make_quarantined
from kit.shop import NOON
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.quarantined import stands
from remit_consumers.lake.replayed import Settled
from remit_consumers.lake.settling import ending, settle
from remit_consumers.metrics import Metrics
from remit_consumers.proof.verified import last, note
from remit_consumers.proof.verify import Check, Verification
from remit_consumers.standing import Standing


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    return ErasingShop(tmp_path)


def told(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def look(shop: ErasingShop) -> Metrics:
    """What is told at noon."""
    metrics = Metrics()
    Standing(shop.deployment, metrics).work()
    return metrics


def test_the_last_verification_is_told_and_no_check_that_is_gone(shop: ErasingShop) -> None:
    metrics = look(shop)
    assert told(metrics, "remit_verified_timestamp_seconds") == 0
    data = shop.settings.data
    note(data, Verification({"old": Check(holds=True, detail="")}), NOON)
    standing = Standing(shop.deployment, metrics)
    standing.work()
    note(data, Verification({"chain": Check(holds=False, detail="a detail")}), NOON)
    standing.work()
    assert told(metrics, "remit_verified_timestamp_seconds") == NOON.timestamp()
    assert told(metrics, "remit_verify_holds", check="chain") == 0
    assert told(metrics, "remit_verify_holds", check="old") is None
    assert "a detail" not in (data / "verified.json").read_text()


def test_a_note_that_cannot_be_read_is_none(shop: ErasingShop) -> None:
    (shop.settings.data / "verified.json").write_text('{"at": "yesterday"}')
    assert last(shop.settings.data) is None


def test_what_cannot_be_read_is_counted(shop: ErasingShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("remit_consumers.standing.SUBJECTS_FIRST_S", 0.0)
    metrics = Metrics()
    shop.store(shop.view())
    (shop.root / "events" / "page_view" / "_delta_log" / f"{0:020d}.json").write_text("{")
    Standing(shop.deployment, metrics).work()
    assert told(metrics, "remit_faults_total", kind="standing") == 1


def test_keys_are_told_by_what_they_do(shop: ErasingShop) -> None:
    metrics = Metrics()
    status = shop.deployment.keys.status(NOON)
    metrics.standing.show_keys(status)
    assert told(metrics, "remit_key_epochs", state="seals") == 1
    ends = status.epochs[-1].not_after.timestamp()
    assert told(metrics, "remit_key_sealing_ends_timestamp_seconds") == ends
    over = replace(status, epochs=(replace(status.epochs[-1], state="destroyed"),), overdue=2)
    metrics.standing.show_keys(over)
    assert told(metrics, "remit_key_epochs", state="seals") == 0
    assert told(metrics, "remit_key_sealing_ends_timestamp_seconds") == 0
    assert told(metrics, "remit_keys_overdue") == 2


def test_what_stands_in_quarantine_is_told_by_reason_until_it_is_gone(shop: ErasingShop) -> None:
    lake = Lake(shop.root)
    lake.claim(LOG, 0)
    lake.commit(make_flush(0, make_quarantined(0, events=2)))
    metrics, now = Metrics(), KEEP_UNTIL + timedelta(seconds=60)
    Standing(shop.deployment, metrics, lambda: now).work()
    names = ("packs", "events", "oldest_seconds", "left_seconds")
    figures = [told(metrics, f"remit_quarantine_{name}", reason="tampered") for name in names]
    assert figures == [1, 2, 60, -60]
    assert told(metrics, "remit_quarantine_packs", reason="pack") is None
    settle(shop.root, {}, ending(stands(shop.root).to_pylist(), Settled.EXPIRED))
    Standing(shop.deployment, metrics, lambda: now).work()
    assert told(metrics, "remit_quarantine_packs", reason="tampered") is None
