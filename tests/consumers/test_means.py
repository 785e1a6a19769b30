"""What reducers need beside values reaches them: keys, days and places, from the policy to the row."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from kit.means import KEY, WITHOUT_REGIONS, write_places
from kit.opened import PAGE_VIEW, make_datums, make_opened
from kit.own_policy import own
from kit.walks import make_walk
from remit import PageView
from remit_consumers.deployment import Deployment
from remit_consumers.lake.tables import fitted
from remit_consumers.pipeline import Refined, refine
from remit_consumers.plans import Plans
from remit_consumers.reducers.final import Final
from remit_consumers.reducers.means import Means
from remit_consumers.settings import Settings
from remit_consumers.steps.open import Opened
from remit_consumers.vault import Vault
from remit_schemas.contract import builtin
from remit_schemas.errors import ReducerError, SettingsError
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import load_policy

PLACE = "ip_place: {place: region}"
FIRST = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = FIRST + timedelta(days=30)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open(tmp_path / "vault", b"k" * 32)


def packs_of(*events: tuple[str, datetime, str]) -> Iterator[Opened]:
    """A pack for each tenant: (address, time of collection, tenant), all of one subject."""
    for number, tenant in enumerate(dict.fromkeys(event[2] for event in events), 1):
        views = [PageView(ip=ip, collected_at=at) for ip, at, whose in events if whose == tenant]
        yield make_opened(number, tenant=tenant, datums=make_datums(views, ["ann"] * len(views)))


def refined(
    vault: Vault, policy: Path, means: Means, *events: tuple[str, datetime, str]
) -> Refined:
    plan = compile_plan(PAGE_VIEW, load_policy(policy))
    walk = make_walk(vault, policy.parent / "data", means)
    return refine(list(packs_of(*events)), builtin(), plan, walk)


def rows(done: Refined) -> list[dict[str, object]]:
    """The rows as they are stored, in the order of packs."""
    stored = fitted(done.rows, done.schema)
    assert not [kind for kind in stored.schema.types if isinstance(kind, pa.BaseExtensionType)]
    return sorted(stored.to_pylist(), key=lambda row: (row["pack"], row["index"]))


def test_an_address_is_stored_encrypted_under_the_key_of_its_tenant_and_day(
    tmp_path: Path, vault: Vault
) -> None:
    policy = own(tmp_path, "ip_encrypted: {rotate_days: 30}")
    address = "192.31.196.7"
    events = [
        (address, FIRST, "a"),
        (address, LATER, "a"),
        (address, FIRST, "b"),
        ("-", FIRST, "b"),
    ]
    found = [row["ip"] for row in rows(refined(vault, policy, Means.of(KEY, None), *events))]
    assert len({*found[:3]}) == 3
    assert found[3] is None
    again = [row["ip"] for row in rows(refined(vault, policy, Means.of(KEY, None), *events))]
    assert again == found, "a replay gives the same"


def test_a_subject_is_called_by_another_name_after_the_period_of_the_policy(
    tmp_path: Path, vault: Vault
) -> None:
    policy = own(tmp_path, "ip: {}")
    events = [("", at, "") for at in (FIRST, FIRST + timedelta(hours=1), LATER)]
    same, again, other = [
        r["subject"] for r in rows(refined(vault, policy, Means.of(KEY, None), *events))
    ]
    assert same == again != other


def test_place_and_network_are_stored_and_every_value_is_counted(
    tmp_path: Path, vault: Vault
) -> None:
    means = Means.of(KEY, write_places(tmp_path / "city.mmdb"))
    done = refined(
        vault, own(tmp_path, PLACE), means, ("192.31.196.7", FIRST, ""), ("x", FIRST, "")
    )
    placed, nowhere = rows(done)
    assert (placed["ip"], placed["ip_country"], placed["ip_region"]) == (
        "192.31.196.0",
        "NZ",
        "NZ-AUK",
    )
    assert (nowhere["ip"], nowhere["ip_country"], nowhere["ip_region"]) == (None, None, None)
    counts = [(c.decision, c.values_in, c.bytes_out) for c in done.counts if c.field == "ip"]
    assert counts == [("reduce", 1, len("192.31.196.0NZNZ-AUK")), ("refuse", 1, 0)]


def test_a_batch_that_was_minimized_is_not_minimized_again(tmp_path: Path, vault: Vault) -> None:
    policy = own(tmp_path, "ip_encrypted: {}")
    done = refined(vault, policy, Means.of(KEY, None), ("192.31.196.7", FIRST, ""))
    (batch,) = done.parts
    assert isinstance(batch.subject.type, Final)
    assert isinstance(batch.table.column("ip").type, Final)
    raw = batch.table.append_column("collected_at", pa.array([FIRST]))
    with pytest.raises(ReducerError):
        make_walk(vault, tmp_path, Means.of(KEY, None)).minimize(
            replace(batch, table=raw), done.plan
        )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_env({"REMIT_POLICY": str(own(tmp_path, PLACE))}, data=tmp_path / "data")


def test_a_policy_that_asks_for_regions_does_not_start_without_a_file_that_has_them(
    settings: Settings, tmp_path: Path
) -> None:
    flat = write_places(tmp_path / "flat.mmdb", WITHOUT_REGIONS)
    for places in (None, flat, tmp_path / "none.mmdb"):
        with pytest.raises(SettingsError, match="REMIT_PLACES"):
            Deployment.open(replaced(settings, places))
    city = write_places(tmp_path / "city.mmdb")
    assert Deployment.open(replaced(settings, city)).means.places().has_regions


def test_a_newer_version_whose_places_cannot_be_told_is_not_on_record(
    settings: Settings, tmp_path: Path
) -> None:
    path = own(tmp_path, "ip_place: {}")
    policy = load_policy(path)
    own(tmp_path, PLACE, "2026-02-01")
    own(tmp_path, "ip_place: {}", "2026-03-01")
    plans = Plans(builtin(), policy, tmp_path, check=Means.of(KEY, None).check)
    assert (plans.knows("2026-02-01"), plans.knows("2026-03-01")) == (False, True)


def test_no_database_is_opened_for_a_policy_that_asks_for_no_places(
    settings: Settings, tmp_path: Path
) -> None:
    own(tmp_path, "ip: {}")
    Deployment.open(replaced(settings, tmp_path / "none.mmdb"))


def replaced(settings: Settings, places: Path | None) -> Settings:
    environ = {"REMIT_POLICY": settings.policy or "", "REMIT_PLACES": str(places or "")}
    return Settings.from_env(environ, data=settings.data)


def test_no_key_of_addresses_is_made_before_a_policy_needs_one(
    settings: Settings, tmp_path: Path
) -> None:
    own(tmp_path, "ip: {}")
    Deployment.open(settings)
    assert not (settings.keys / "address.key").exists()


def test_an_installation_keeps_its_key_and_no_two_have_one(
    settings: Settings, tmp_path: Path
) -> None:
    own(tmp_path, "ip_encrypted: {}")
    first, again = (Deployment.open(settings).means.key() for _ in range(2))
    other = Deployment.open(
        Settings.from_env({"REMIT_POLICY": str(settings.policy)}, data=tmp_path / "b")
    )
    assert first == again != other.means.key()
    file = settings.keys / "address.key"
    assert file.read_bytes() == first
    assert file.stat().st_mode & 0o777 == 0o600


def test_the_tagset_names_the_data_that_places_were_looked_up_in(
    tmp_path: Path, vault: Vault
) -> None:
    city, registries = Means.of(KEY, write_places(tmp_path / "city.mmdb")), Means.of(KEY, None)
    policy, event = own(tmp_path, "ip_place: {}"), ("192.31.196.7", FIRST, "")
    with_city, with_registries = (
        refined(vault, policy, means, event).tagsets[0] for means in (city, registries)
    )
    assert with_city.places == city.places().name
    assert with_registries.places == registries.places().name
    assert with_city.tagset != with_registries.tagset
    (plain,) = refined(vault, own(tmp_path, "ip: {}"), city, event).tagsets
    assert plain.places == ""


@pytest.mark.parametrize("rule", ["refuse: true", ""], ids=["refused", "not named"])
def test_a_row_has_its_day_though_the_policy_does_not_store_when_it_was_collected(
    tmp_path: Path, vault: Vault, rule: str
) -> None:
    policy = own(tmp_path, "ip: {}")
    head, _, _ = policy.read_text().partition("  - event: page_view\n    category: user.telemetry")
    more = f"  - event: page_view\n    field: collected_at\n    {rule}\n    clause: S003\n    reason: x\n"
    policy.write_text(head + (more if rule else ""))
    (row,) = rows(refined(vault, policy, Means.of(KEY, None), ("192.31.196.7", FIRST, "")))
    assert (row["day"], row["ip"]) == (FIRST.date(), "192.31.196.0")
    assert "occurred_at" not in row


def test_a_contract_of_which_nothing_is_stored_refuses_its_events_and_stops_nobody(
    tmp_path: Path, vault: Vault
) -> None:
    policy = own(tmp_path, "ip: {}")
    head, _, _ = policy.read_text().partition("rules:\n")
    policy.write_text(f"{head}rules: []\n")
    done = refined(vault, policy, Means.of(KEY, None), ("192.31.196.7", FIRST, ""))
    assert done.events.refused == {"no_rule": 1}
    assert done.rows.num_rows == 0
