"""Bad input on the log: each kind has a clear outcome, is counted, and stops nothing that is healthy around it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree

import pytest

from kit.crafted import Crafter, datums, drain, lay, lies, settings_of
from kit.installation import Installation, each_once
from kit.poison import DATUMS, EVENTS, PACKS
from kit.quarantined import breaches
from remit_consumers.deployment import Deployment
from remit_consumers.lake.commit import Lake
from remit_consumers.locks import claim_consumer
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import report
from remit_consumers.run import Runner
from remit_consumers.service import open_source
from remit_consumers.settings import Settings
from remit_schemas.policy import POLICIES

HEALTHY = 5
"""Events of the healthy pack before, and of the one behind."""

NEWER = "2099-01-01"
"""A policy version that nobody has written yet."""


@pytest.fixture
def settings(embedded: Installation) -> Settings:
    """The settings of an installation on the embedded log."""
    return settings_of(embedded)


def quarantined(settings: Settings) -> list[tuple[object, object]]:
    """Reason and count of everything in quarantine, in the order of the log."""
    rows = sorted(Lake(settings.lake).quarantined(), key=_place)
    return [(row["reason"], row["count"]) for row in rows]


def _place(row: Mapping[str, object]) -> tuple[int, ...]:
    return tuple(int(str(row[name] or 0)) for name in ("partition", "offset", "index"))


def told(settings: Settings) -> Mapping[str, Mapping[str, int]]:
    """What the report says of each contract."""
    return report(Lake(settings.lake)).contracts


def seen(metrics: Metrics, name: str, **labels: str) -> float:
    """The value of a metric."""
    return metrics.registry.get_sample_value(name, labels) or 0


def test_every_kind_of_bad_pack_is_quarantined_with_its_reason_and_what_is_healthy_is_stored(
    installed: Installation,
) -> None:
    settings = settings_of(installed)
    if settings.log:
        installed.remit("emit", "page_view", "--wait")  # makes the topic
    laid: list[bytes] = []
    for bad, _, _ in PACKS.values():
        crafter = Crafter(settings)
        laid += [crafter.pack(datums(HEALTHY)), bad(crafter), crafter.pack(datums(HEALTHY))]
    lay(settings, laid)
    problem, metrics = drain(settings)
    assert problem is None
    assert quarantined(settings) == [(reason, count) for _, reason, count in PACKS.values()]
    healthy = 2 * HEALTHY * len(PACKS)
    assert installed.rows("page_view").num_rows == healthy
    assert each_once(installed.rows("page_view"))
    assert seen(metrics, "remit_events_total", contract="page_view", outcome="stored") == healthy
    nameless = sum(reason in {"not_a_pack", "newer_format"} for _, reason, _ in PACKS.values()) + 1
    assert seen(metrics, "remit_unreadable_packs_total") == nameless
    contracts = installed.facts("report")["contracts"]
    assert isinstance(contracts, dict)
    assert contracts["page_view"]["stored"] == healthy
    count = sum(row["quarantined"] for row in contracts.values())
    assert count == sum(count for _, _, count in PACKS.values())
    listed = installed.facts("quarantine", "list")["quarantined"]
    assert isinstance(listed, list)
    assert len(listed) == len(PACKS)
    assert not any("sealed" in row for row in listed), "what is sealed is not shown"


@pytest.mark.parametrize("kind", PACKS)
def test_a_bad_pack_alone_leaves_a_lake_that_balances(
    embedded: Installation, settings: Settings, kind: str
) -> None:
    bad, reason, count = PACKS[kind]
    lay(settings, [bad(Crafter(settings))])
    problem, metrics = drain(settings)
    assert (problem, quarantined(settings)) == (None, [(reason, count)])
    assert not lies(embedded.data), "what is in the lake is no longer on the log"
    assert not any(row["in_flight"] for row in told(settings).values())
    assert breaches(settings) == {}
    assert seen(metrics, "remit_waiting_packs") == 0


def test_malformed_datums_go_to_quarantine_one_by_one_and_their_neighbours_are_stored(
    embedded: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    (good,) = datums()
    mixed = [each for bend in DATUMS.values() for each in (good, bend(good))]
    lay(settings, [crafter.pack(mixed), crafter.records(mixed), crafter.pack(datums(HEALTHY))])
    problem, metrics = drain(settings)
    assert problem is None
    assert quarantined(settings) == [("malformed", 1)] * (2 * len(DATUMS))
    rows = embedded.rows("page_view")
    assert rows.num_rows == 2 * len(DATUMS) + HEALTHY
    assert set(rows["index"].to_pylist()) == set(range(0, 2 * len(DATUMS), 2)) | set(range(HEALTHY))
    assert told(settings)["page_view"]["in_flight"] == 0
    assert breaches(settings) == {}
    labels = {"contract": "page_view", "reason": "malformed"}
    assert seen(metrics, "remit_refused_total", **labels) == 2 * len(DATUMS)


@pytest.mark.parametrize("kind", DATUMS)
def test_a_pack_of_nothing_but_malformed_datums_is_accounted_for(
    embedded: Installation, settings: Settings, kind: str
) -> None:
    (good,) = datums()
    lay(settings, [Crafter(settings).pack([DATUMS[kind](good)] * EVENTS)])
    assert drain(settings)[0] is None
    assert quarantined(settings) == [("malformed", 1)] * EVENTS
    assert told(settings)["page_view"]["in_flight"] == 0
    assert breaches(settings) == {}


def test_a_subject_that_is_not_utf_8_is_malformed_and_the_next_one_is_stored(
    embedded: Installation, settings: Settings
) -> None:
    lay(settings, [Crafter(settings).pack(datums(2), [b"\xff\xfe", b"user-1"])])
    assert drain(settings)[0] is None
    assert quarantined(settings) == [("malformed", 1)]
    assert embedded.rows("page_view").num_rows == 1


def test_a_pack_whose_key_was_destroyed_is_expired_and_counted(
    embedded: Installation, settings: Settings
) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=30)
    old = Crafter(settings, long_ago)
    laid = [old.pack(datums(EVENTS))]
    assert old.keys.destroy_due(datetime.now(UTC))
    lay(settings, [*laid, Crafter(settings).pack(datums(HEALTHY))])
    problem, metrics = drain(settings)
    assert problem is None
    figures = told(settings)["page_view"]
    assert (figures["expired"], figures["stored"], figures["in_flight"]) == (EVENTS, HEALTHY, 0)
    assert quarantined(settings) == []
    assert seen(metrics, "remit_expired_total") == EVENTS
    assert breaches(settings) == {}


@pytest.fixture
def own_policy(tmp_path: Path) -> Path:
    """The shipped policy in a folder where newer versions can appear."""
    return Path(copytree(POLICIES / "salesmartly", tmp_path / "policies")) / "2021-11-01.yaml"


@pytest.fixture
def under_own(tmp_path: Path, own_policy: Path) -> Installation:
    """An installation whose policy is a file."""
    return Installation(tmp_path, REMIT_POLICY=str(own_policy))


def write_newer(own_policy: Path) -> None:
    """Have the newer version appear in the policy's folder."""
    text = own_policy.read_text().replace("\nversion: 2021-11-01", f"\nversion: {NEWER}")
    (own_policy.parent / f"{NEWER}.yaml").write_text(text)


@pytest.mark.clause("S003")
def test_packs_of_a_newer_policy_wait_and_are_stored_once_it_is_there(
    under_own: Installation, own_policy: Path
) -> None:
    settings = settings_of(under_own)
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS), policy_version=NEWER), crafter.pack(datums())])
    other = Crafter(settings)
    lay(settings, [other.pack(datums(HEALTHY))], slot=8)
    said = under_own.remit("emit", "page_view", "--wait", expect=2).stderr.splitlines()[-1]
    assert said.startswith("remit: not everything is stored, and it is still on the log")
    assert f"newer_policy {NEWER}" in said
    assert under_own.rows("page_view").num_rows == HEALTHY, "no other partition stands still"
    assert lies(under_own.data) == 2
    write_newer(own_policy)
    under_own.settle()
    rows = under_own.rows("page_view")
    assert rows.num_rows == HEALTHY + EVENTS + 1
    assert rows["policy_version"].to_pylist().count(NEWER) == EVENTS
    assert each_once(rows)
    assert quarantined(settings) == []
    assert breaches(settings) == {}


def test_a_pack_that_waited_an_hour_for_its_policy_is_quarantined_and_its_partition_goes_on(
    embedded: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    lay(settings, [crafter.pack(datums(EVENTS), policy_version=NEWER), crafter.pack(datums())])
    lock = claim_consumer(settings.locks)
    assert lock
    now = datetime.now(UTC)
    deployment = Deployment.open(settings)
    deployment.keys.ensure(now)
    runner = Runner(deployment, open_source(settings, lock, None), Metrics(), lambda: now)
    runner.turn(hurry=True)
    assert runner.waits_for
    assert NEWER in runner.waits_for
    now += timedelta(hours=1)
    while not runner.is_drained:
        runner.turn(hurry=True)
    runner.stop()
    lock.release()
    assert quarantined(settings) == [("newer_policy", EVENTS)]
    assert embedded.rows("page_view").num_rows == 1


def test_packs_wait_while_the_keys_are_out_of_reach_and_are_stored_when_they_are_back(
    embedded: Installation, settings: Settings
) -> None:
    lay(settings, [Crafter(settings).pack(datums(EVENTS))])
    lock = claim_consumer(settings.locks)
    assert lock
    metrics, deployment = Metrics(), Deployment.open(settings)
    deployment.keys.ensure(datetime.now(UTC))
    runner = Runner(deployment, open_source(settings, lock, None), metrics)
    away = settings.keys.with_name("unmounted")
    settings.keys.rename(away)
    runner.turn(hurry=True)
    assert runner.waits_for
    assert "keys_out_of_reach" in runner.waits_for
    assert seen(metrics, "remit_waiting_packs") == 1
    away.rename(settings.keys)
    while not runner.is_drained:
        runner.turn(hurry=True)
    runner.stop()
    lock.release()
    assert seen(metrics, "remit_waiting_packs") == 0
    assert embedded.rows("page_view").num_rows == EVENTS
    assert quarantined(settings) == []


def test_a_pack_with_the_numbers_of_another_is_seen_as_sent_again(
    embedded: Installation, settings: Settings
) -> None:
    crafter = Crafter(settings)
    pack = crafter.pack(datums(EVENTS))
    lay(settings, [pack, pack])
    _, metrics = drain(settings)
    assert embedded.rows("page_view").num_rows == EVENTS
    assert seen(metrics, "remit_resent_packs_total") == 1
    assert breaches(settings) == {}


def test_a_contract_without_a_category_is_refused_by_name_of_file_and_field(
    own_policy: Path, under_own: Installation
) -> None:
    folder = own_policy.parent / "contracts"
    folder.mkdir()
    (folder / "visit.avsc").write_text(
        '{"type": "record", "name": "visit", "fields": [{"name": "page", "type": ["null", "string"], "default": null}]}'
    )
    said = under_own.remit("policy", "check", expect=2).stderr.splitlines()
    assert len(said) == 1
    assert "visit.avsc" in said[0]
    assert "page" in said[0]


def test_a_policy_with_a_misspelt_key_is_refused_by_file_line_and_the_nearest_right_key(
    own_policy: Path, under_own: Installation
) -> None:
    lines = own_policy.read_text().splitlines()
    at = lines.index("language: en")
    lines[at] = "langage: en"
    own_policy.write_text("\n".join(lines))
    for command in (["policy", "check"], ["run"], ["emit", "page_view"]):
        said = under_own.remit(*command, expect=2).stderr.splitlines()
        assert len(said) == 1
        assert f"{own_policy.name}:{at + 1}" in said[0]
        assert "language" in said[0]
