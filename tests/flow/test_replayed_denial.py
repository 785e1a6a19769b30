"""What a replay records of a subject's consent holds at once for a consumer that runs beside it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.crafted import PAGE_VIEW, Crafter, lay, settings_of
from kit.installation import Installation
from kit.quarantined import OLD, assert_gone, own_policy, put_on_record
from remit import ConsentChange, PageView
from remit_consumers.deployment import Deployment
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.metrics import Metrics
from remit_consumers.quarantine.replay import replay
from remit_consumers.service import Service
from remit_consumers.settings import Settings
from remit_consumers.withdrawal.revoke import revoke
from remit_schemas.codec import encoder
from remit_schemas.contract import CONSENT_CHANGE, builtin

ANN = [b"ann"]
CONSENT = builtin().by_name(CONSENT_CHANGE)


def said(crafter: Crafter, status: str, minutes_ago: int, **header: object) -> bytes:
    """A pack in which ann speaks of the purpose of statistics."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    change = {
        "purpose": "analytics.reporting",
        "status": status,
        "agreed_version": "2021-11-01",
        "method": "api",
        "occurred_at": at,
        "collected_at": at,
    }
    datum = encoder(CONSENT)(ConsentChange.of(change))
    return crafter.pack([datum], ANN, fingerprint=CONSENT.fingerprint, **header)


def viewed(crafter: Crafter) -> bytes:
    """A pack in which ann looks at a page; the offset is kept for statistics alone."""
    return crafter.pack([encoder(PAGE_VIEW)(PageView(utc_offset="+01:00", page="/a"))], ANN)


def replayed(settings: Settings) -> None:
    """Replay, and have what is withdrawn taken from the rows that stand."""
    deployment, now = Deployment.open(settings), datetime.now(UTC)
    assert replay(deployment, now).stored == 1
    assert_gone(settings)
    done = revoke(settings.lake, deployment.plans().plan, now, Vacuum())
    assert done
    assert done.withdrawals


@pytest.mark.clause("S117")
def test_a_withdrawal_out_of_the_quarantine_holds_for_what_a_running_consumer_stores_next(
    tmp_path: Path,
) -> None:
    policy = own_policy(tmp_path)
    installation = Installation(tmp_path, REMIT_POLICY=str(policy))
    settings = settings_of(installation)
    here, elsewhere = Crafter(settings), Crafter(settings)
    lay(settings, [said(here, "given", 5), viewed(here)])
    lay(settings, [said(elsewhere, "withdrawn", 1, policy_version=OLD)], slot=8)
    service = Service.claim(settings, Metrics())
    assert service
    try:
        assert service.drain(lambda _: None) is None
        assert installation.rows("page_view")["utc_offset"].to_pylist() == ["+01:00"]
        put_on_record(policy)
        replayed(settings)
        lay(settings, [viewed(here)])
        assert service.drain(lambda _: None) is None
        assert installation.rows("page_view")["utc_offset"].to_pylist() == [None, None]
    finally:
        service.stop()
