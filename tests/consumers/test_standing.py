"""How an installation stands is told as it is; what cannot be read is counted, and the rest goes on."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.erasure.ledger import APPLIED, FILE
from remit_consumers.erasure.notices import acknowledge, make, record, tried
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
    Standing(shop.deployment, metrics, lambda: NOON).look()
    return metrics


def test_notices_that_somebody_must_look_after_are_told(shop: ErasingShop) -> None:
    root = shop.settings.lake
    long_ago = NOON - timedelta(days=16)
    unsent, sent, late, done = (
        make(to, "erased", "erasure", ["name"], at)
        for to, at in (("a", NOON), ("b", NOON), ("c", long_ago), ("d", NOON))
    )
    record(root, [unsent, sent, late, done])
    for one in (sent, late):
        tried(root, one, NOON)
    acknowledge(root, done.notice, NOON)
    metrics = look(shop)
    for state in ("unsent", "overdue"):
        assert told(metrics, "remit_notices_due", state=state) == 1
    assert told(metrics, "remit_notices_due", state="open") is None


def test_an_erasure_that_is_not_finished_is_told(shop: ErasingShop) -> None:
    shop.erase("ann")
    assert told(look(shop), "remit_erasures_pending") == 0
    (shop.settings.lake / APPLIED).unlink()  # as in a lake that was restored from before it
    assert told(look(shop), "remit_erasures_pending") == 1


def test_the_last_verification_is_told_and_no_check_that_is_gone(shop: ErasingShop) -> None:
    metrics = look(shop)
    assert told(metrics, "remit_verified_timestamp_seconds") == 0
    data = shop.settings.data
    note(data, Verification({"old": Check(holds=True, detail="")}), NOON)
    standing = Standing(shop.deployment, metrics, lambda: NOON)
    standing.look()
    note(data, Verification({"chain": Check(holds=False, detail="a detail")}), NOON)
    standing.look()
    assert told(metrics, "remit_verified_timestamp_seconds") == NOON.timestamp()
    assert told(metrics, "remit_verify_holds", check="chain") == 0
    assert told(metrics, "remit_verify_holds", check="old") is None
    assert "a detail" not in (data / "verified.json").read_text()


def test_a_note_that_cannot_be_read_is_none(shop: ErasingShop) -> None:
    (shop.settings.data / "verified.json").write_text('{"at": "yesterday"}')
    assert last(shop.settings.data) is None


def test_what_cannot_be_read_is_counted_and_stays_as_it_was(shop: ErasingShop) -> None:
    metrics = Metrics()
    standing = Standing(shop.deployment, metrics, lambda: NOON)
    standing.look()
    (shop.settings.keys / FILE).mkdir()
    standing.look()
    assert told(metrics, "remit_faults_total", kind="standing") == 1
    assert told(metrics, "remit_erasures_pending") == 0


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
