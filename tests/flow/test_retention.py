"""Retention from outside: what is due is told, done once, and proven."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from kit.copied import copied
from kit.crafted import PAGE_VIEW, Crafter, drain, lay, settings_of
from kit.installation import Installation
from remit import PageView
from remit_consumers.deployment import Deployment
from remit_consumers.lake.lease import lease
from remit_consumers.metrics import Metrics
from remit_consumers.retention.sweeper import Sweeper
from remit_consumers.settings import Settings
from remit_schemas.codec import encoder

HOUR_MS = 3_600_000


def short(said: dict[str, Any]) -> None:
    """Page views are over within the hour after the beginning of their day."""
    for rule in said["rules"]:
        if rule["event"] == "page_view":
            rule["keep_for"] = "1 hour"


def view_of_long_ago(brief: Installation, subjects: Sequence[bytes]) -> None:
    """Have page views stored that were collected two hours ago: so their time is over at any time of the day."""
    at_ms = int(time.time() * 1000) - 2 * HOUR_MS
    said = {"page": "/a", "status": 200, "occurred_at": at_ms, "collected_at": at_ms}
    datum, settings = encoder(PAGE_VIEW)(PageView.of(said)), settings_of(brief)
    lay(settings, [Crafter(settings).pack([datum] * len(subjects), subjects)])
    assert drain(settings)[0] is None


def listed(installed: Installation, what: str, *words: str) -> list[dict[str, Any]]:
    """The list that a command prints under a name."""
    found = installed.facts(*words)[what]
    assert isinstance(found, list)
    return found


@pytest.fixture
def brief(tmp_path: Path) -> Installation:
    """An installation whose page views are over soon."""
    return Installation(tmp_path, REMIT_POLICY=str(copied(tmp_path, policy=short)))


def test_what_is_due_is_told_then_done_then_proven(brief: Installation) -> None:
    view_of_long_ago(brief, [b"a", b"b", b"c"])
    (item,) = listed(brief, "items", "sweep", "--plan")
    assert (item["rows"], item["subjects"]) == (3, "<10")
    assert (item["due"], item["at_end"]) == ("row", "delete")
    held = brief.facts("holds", "add", "--ground", "case 17", "--clause", "S108b")
    assert brief.facts("sweep", "--apply")["rows"] == 0
    assert listed(brief, "holds", "holds", "list")[0]["active"]
    brief.remit("holds", "end", str(held["hold"]))
    assert brief.facts("sweep", "--apply")["rows"] == 3
    assert brief.facts("sweep", "--apply")["rows"] == 0
    assert brief.rows("page_view").num_rows == 0
    contract = brief.contract("page_view")
    assert (contract["stored"], contract["present"], contract["swept"]) == (3, 0, 3)
    assert list((brief.data / "lake" / "events").glob("*/day=*/*.parquet")) == []
    assert brief.breaches() == {}


def test_the_plan_of_a_day_says_what_goes_then(embedded: Installation) -> None:
    embedded.remit("emit", "page_view", "--wait", stdin='{"page": "/a", "status": 200}\n')
    assert embedded.facts("sweep", "--plan")["items"] == []
    day = (datetime.now(UTC) + timedelta(days=31)).date().isoformat()
    (item,) = listed(embedded, "items", "sweep", "--plan", "--on", day)
    assert item["clause"] == "S105a"


def test_a_consumer_sweeps_by_itself_and_shows_what_it_could_not(brief: Installation) -> None:
    view_of_long_ago(brief, [b""])
    deployment = Deployment.open(Settings.from_env(brief.env))
    metrics = Metrics()
    sweeper = Sweeper(deployment, deployment.plans(), metrics)
    with lease(deployment.lake.root) as is_held:
        assert is_held
        sweeper.work()
    label = {"category": "user.behavior.browsing_history"}
    overdue = partial(metrics.registry.get_sample_value, "remit_retention_overdue_rows", label)
    assert (brief.rows("page_view").num_rows, overdue()) == (1, 1.0)
    sweeper.work()
    assert (brief.rows("page_view").num_rows, overdue()) == (0, None)
    swept = {"contract": "page_view", "outcome": "swept"}
    assert metrics.registry.get_sample_value("remit_events_total", swept) == 1.0
