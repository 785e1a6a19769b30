"""What could not be read is read after all: once, by the stricter of then and now, and nothing else of it is kept."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.compute as pc
import pytest
import yaml

from kit.crafted import Crafter, datums, drain, lay, settings_of
from kit.installation import Installation, each_once
from kit.quarantined import OLD, assert_gone, breaches, die, own_policy, put_on_record
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.suppression import Entry, Suppression
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.restrictions import restrict
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import report
from remit_consumers.quarantine.replay import Outcome, replay
from remit_consumers.retention.sweep import Sweep
from remit_consumers.settings import Settings
from remit_schemas.header import NO_CONTRACT

EVENTS = 3
SUBJECT = b"user-1"
OTHERS = [SUBJECT, b"user-2", b"user-3"]


NOW = datetime.now(UTC)


def without_rule(text: str, event: str, category: str) -> str:
    """A policy that names a category of an event no more."""
    policy = yaml.safe_load(text)
    policy["rules"] = [
        rule
        for rule in policy["rules"]
        if not (rule["event"] == event and rule.get("category") == category)
    ]
    return yaml.safe_dump(policy, sort_keys=False)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    """A policy beside which other versions can appear."""
    return own_policy(tmp_path)


@pytest.fixture
def installation(tmp_path: Path, policy: Path) -> Installation:
    """An installation whose policy is a file."""
    return Installation(tmp_path, REMIT_POLICY=str(policy))


@pytest.fixture
def settings(installation: Installation) -> Settings:
    """Its settings."""
    return settings_of(installation)


def quarantine(settings: Settings, subjects: list[bytes] | None = None, count: int = 1) -> Crafter:
    """Have packs of a policy version that is not on record come, and a healthy one behind."""
    crafter = Crafter(settings)
    given = subjects or [b""] * EVENTS
    packs = [crafter.pack(datums(len(given)), given, policy_version=OLD) for _ in range(count)]
    lay(settings, [*packs, crafter.pack(datums())])
    assert drain(settings)[0] is None
    assert len(Lake(settings.lake).quarantined()) == count
    return crafter


def replayed(installation: Installation, *more: str) -> Mapping[str, object]:
    """Replay, and give what was said of it."""
    return installation.facts("quarantine", "replay", *more)


def test_a_pack_whose_policy_came_on_record_is_stored_once_and_its_sealed_bytes_go(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    quarantine(settings)
    assert installation.breaches() == {}
    assert replayed(installation)["left"] == {"unknown_policy": EVENTS}
    put_on_record(policy)
    dry = replayed(installation, "--dry-run")
    assert (dry["packs"], dry["events"], dry["stored"]) == (1, EVENTS, EVENTS)
    assert len(Lake(settings.lake).quarantined()) == 1
    told = replayed(installation)
    assert (told["packs"], told["stored"], told["left"]) == (1, EVENTS, {})
    assert_gone(settings)
    rows = installation.rows("page_view")
    assert rows.num_rows == EVENTS + 1
    assert each_once(rows)
    figures = installation.contract("page_view")
    assert (figures["stored"], figures["quarantined"], figures["in_flight"]) == (EVENTS + 1, 0, 0)
    assert installation.breaches() == {}
    assert replayed(installation)["packs"] == 0
    assert installation.rows("page_view").num_rows == EVENTS + 1


def again(settings: Settings, now: datetime | None = None) -> Outcome:
    """Replay in this process."""
    deployment = Deployment.open(settings)
    done = replay(deployment, now or datetime.now(UTC))
    deployment.lake.materialise()
    return done


def test_somebody_who_was_erased_or_restricted_meanwhile_is_not_stored_and_others_are(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(3), OTHERS)])  # so that all have a name
    lay(settings, [crafter.pack(datums(3), OTHERS, policy_version=OLD)])
    lay(settings, [crafter.pack(datums(2), OTHERS[:2], policy_version=OLD)])
    assert drain(settings)[0] is None
    put_on_record(policy)
    entry = Entry(before=2**62, added=0, keep_until=2**62, until_agreed=False)
    suppression = Suppression.open(settings.keys)
    suppression.put({suppression.index_of("", "user-1"): entry})
    names = Deployment.open(settings).names()
    held = names.ever("", "user-2", ["", *Deployment.open(settings).plans().epochs(NOW)])
    restrict(settings.lake, "r1", "", held, NOW)
    told = again(settings)
    assert told.stored == 1
    assert told.refused == {"restricted": 2, "suppressed": 2}
    assert breaches(settings) == {}
    assert_gone(settings)


def test_what_was_agreed_to_and_withdrawn_meanwhile_is_not_stored_for_that_purpose(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    purpose = "analytics.reporting"
    for subject in ("user-1", "user-2"):
        installation.remit("consent", "give", "-", "--purpose", purpose, stdin=subject)
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(2), OTHERS[:2], policy_version=OLD)])
    installation.remit("consent", "withdraw", "-", "--purpose", purpose, stdin="user-1")
    assert drain(settings)[0] is None
    put_on_record(policy)
    assert again(settings).stored == 2
    receipts = Lake(settings.lake).receipts()
    granted = receipts.filter(pc.equal(receipts["purposes"], purpose))
    told = {
        row["decision"]: row["values_in"] for row in granted.to_pylist() if row["kind"] == "purpose"
    }
    assert told == {"granted": 1, "withheld": 1}
    assert breaches(settings) == {}


def test_a_category_that_was_stopped_meanwhile_is_not_stored(
    settings: Settings, policy: Path
) -> None:
    quarantine(settings)
    put_on_record(policy)
    Deployment.open(settings).keys.stop("user.device.ip_address")
    told = again(settings)
    assert (told.stored, told.refused) == (0, {"stopped": EVENTS})
    assert breaches(settings) == {}


def test_what_the_policy_in_force_prohibits_is_not_stored_whatever_an_older_version_said(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    quarantine(settings)
    put_on_record(policy)
    old = (policy.parent / f"{OLD}.yaml").read_text()
    newest = old.replace(f"\nversion: {OLD}", "\nversion: 2031-01-01")
    (policy.parent / "2031-01-01.yaml").write_text(
        without_rule(newest, "page_view", "user.device.ip_address")
    )
    assert again(settings).stored == EVENTS
    rows = installation.rows("page_view")
    mine = rows.filter(pc.equal(rows["policy_version"], OLD))
    assert mine.num_rows == EVENTS
    assert mine["ip"].null_count == EVENTS
    assert mine["page"].null_count == 0, "what both allow is kept"
    assert breaches(settings) == {}


def test_a_copy_that_comes_late_and_one_that_stands_in_quarantine_twice_are_stored_once(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    crafter = Crafter(settings)
    pack = crafter.pack(datums(EVENTS), policy_version=OLD)
    lay(settings, [pack, pack])
    assert drain(settings)[0] is None
    put_on_record(policy)
    told = again(settings)
    assert (told.stored, told.resent) == (EVENTS, EVENTS)
    assert breaches(settings) == {}
    lay(settings, [pack])
    assert drain(settings)[0] is None
    assert installation.rows("page_view").num_rows == EVENTS
    assert breaches(settings) == {}
    assert_gone(settings)


def test_what_is_past_the_raw_limit_is_expired_and_never_stored(
    settings: Settings, policy: Path
) -> None:
    quarantine(settings)
    put_on_record(policy)
    told = again(settings, datetime.now(UTC) + timedelta(hours=73))
    assert (told.stored, told.expired) == (0, EVENTS)
    figures = report(Lake(settings.lake)).contracts["page_view"]
    assert (figures["expired"], figures["quarantined"], figures["in_flight"]) == (EVENTS, 0, 0)
    assert breaches(settings) == {}
    assert_gone(settings)


def test_events_of_a_replayed_pack_that_are_none_stay_one_by_one_until_they_expire(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    crafter = Crafter(settings)
    good, bad, other = datums(3)
    lay(settings, [crafter.pack([good, bad[:-1], other], policy_version=OLD)])
    assert drain(settings)[0] is None
    put_on_record(policy)
    told = again(settings)
    assert (told.stored, told.malformed) == (2, 1)
    rows = Lake(settings.lake).quarantined()
    assert [(row["reason"], row["index"], row["count"]) for row in rows] == [("malformed", 1, 1)]
    assert breaches(settings) == {}
    assert again(settings).left == {"malformed": 1}
    assert again(settings, datetime.now(UTC) + timedelta(hours=73)).expired == 1
    assert breaches(settings) == {}
    assert installation.rows("page_view").num_rows == 2


@pytest.mark.parametrize(
    "where",
    ["synced", "published", "stored", "rewritten"]
    + (["decided", "rewriting", "vacuumed"] if os.environ.get("REMIT_PROVE") else []),
)
def test_a_replay_that_is_killed_at_any_step_balances_at_once_and_the_next_one_ends_it(
    installation: Installation, settings: Settings, policy: Path, where: str
) -> None:
    quarantine(settings, count=2)
    put_on_record(policy)
    die(installation, where)
    assert breaches(settings) == {}
    again(settings)
    rows = installation.rows("page_view")
    assert rows.num_rows == 2 * EVENTS + 1
    assert each_once(rows)
    assert breaches(settings) == {}
    assert_gone(settings)


def test_a_dry_run_tells_what_the_replay_then_does_and_changes_nothing(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(3), OTHERS)])  # so that all have a name
    good, bad, *more = datums(5)
    mixed = [b"user-1", *[b"user-2"] * 2, b"user-4", b"user-5"]
    old = crafter.pack([good, bad[:-1], *more], mixed, policy_version=OLD)
    other = crafter.pack(datums(2), policy_version="1998-01-01")
    lay(settings, [old, old, other])
    assert drain(settings)[0] is None
    put_on_record(policy)
    entry = Entry(before=2**62, added=0, keep_until=2**62, until_agreed=False)
    suppression = Suppression.open(settings.keys)
    suppression.put({suppression.index_of("", "user-1"): entry})
    deployment = Deployment.open(settings)
    rows, secrets = installation.rows("page_view").num_rows, len(deployment.vault)
    foreseen = replay(deployment, datetime.now(UTC), dry_run=True)
    assert len(Deployment.open(settings).vault) == secrets
    assert installation.rows("page_view").num_rows == rows
    assert len(Lake(settings.lake).quarantined()) == 3
    assert again(settings) == foreseen
    told = (foreseen.stored, foreseen.refused, foreseen.malformed, foreseen.resent, foreseen.left)
    assert told == (3, {"suppressed": 1}, 1, 5, {"unknown_policy": 2})
    assert len(Deployment.open(settings).vault) > secrets
    assert breaches(settings) == {}


def test_malformed_events_of_a_pack_whose_key_was_destroyed_expire_together(
    installation: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings, datetime.now(UTC))
    good, *bad = datums(4)
    lay(settings, [crafter.pack([good, *(each[:-1] for each in bad)])])
    assert drain(settings)[0] is None
    later = datetime.now(UTC) + timedelta(days=30)
    assert Deployment.open(settings).keys.destroy_due(later)
    assert again(settings).expired == 3
    assert_gone(settings)
    assert breaches(settings) == {}


def test_a_sweep_behind_a_replay_that_was_killed_expires_nothing_that_is_stored(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    quarantine(settings, count=2)
    put_on_record(policy)
    die(installation, "stored")
    plans = Deployment.open(settings).plans()
    done = Sweep(settings.lake, plans.plan, Vacuum()).apply(NOW + timedelta(hours=73))
    assert done is not None
    assert done.expired == 0
    assert_gone(settings)
    figures = report(Lake(settings.lake)).contracts["page_view"]
    assert (figures["stored"], figures["expired"]) == (2 * EVENTS + 1, 0)
    assert breaches(settings) == {}


def test_a_sweep_expires_what_is_over_its_time_under_the_contract_and_tenant_it_came_with(
    settings: Settings,
) -> None:
    quarantine(settings)
    plans = Deployment.open(settings).plans()
    metrics = Metrics()
    done = Sweep(settings.lake, plans.plan, Vacuum()).apply(NOW + timedelta(hours=73))
    assert done is not None
    metrics.count_removed(done.receipts)
    labels = {"contract": "page_view", "outcome": "expired"}
    assert metrics.registry.get_sample_value("remit_events_total", labels) == EVENTS
    figures = report(Lake(settings.lake)).contracts["page_view"]
    told = ("expired", "quarantined", "swept", "in_flight", "present", "stored")
    assert tuple(figures[name] for name in told) == (EVENTS, 0, 0, 0, 1, 1)
    assert breaches(settings) == {}
    assert_gone(settings)


def test_a_pack_whose_only_event_is_none_stands_as_malformed_and_expires_as_such(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    lay(settings, [Crafter(settings).pack([b"no datum"], policy_version=OLD)])
    assert drain(settings)[0] is None
    put_on_record(policy)
    assert again(settings).malformed == 1
    (only,) = Lake(settings.lake).quarantined()
    assert (only["reason"], only["index"]) == ("malformed", 0)
    assert again(settings, datetime.now(UTC) + timedelta(hours=73)).expired == 1
    assert_gone(settings)
    assert breaches(settings) == {}


def test_a_pack_that_only_counts_what_no_contract_names_keeps_no_other_from_being_replayed(
    installation: Installation, settings: Settings, policy: Path
) -> None:
    crafter = Crafter(settings)
    counting = crafter.pack([], fingerprint=NO_CONTRACT, policy_version=OLD)
    lay(settings, [counting, crafter.pack(datums(EVENTS), policy_version=OLD)])
    assert drain(settings)[0] is None
    put_on_record(policy)
    told = again(settings)
    assert (told.stored, told.left_packs) == (EVENTS, 1)
    assert breaches(settings) == {}
    again(settings, datetime.now(UTC) + timedelta(hours=73))
    assert_gone(settings)
    assert breaches(settings) == {}
