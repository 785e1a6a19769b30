"""What leaves, of whom, and what is refused."""

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from kit.crowd import NOW
from kit.handed_over import read_rows
from kit.policies import IMPROVE, OPERATE, REPORT
from kit.sharing import crowded, people, policy_with, recipient, say, vault_of
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.sharing.disclosures import history, recipients_of
from remit_consumers.sharing.formats import Format
from remit_consumers.sharing.meter import DisclosureMeter
from remit_consumers.sharing.parcel import HIDDEN
from remit_consumers.sharing.share import Shared, planned, share
from remit_consumers.sharing.terms import Asked
from remit_consumers.views.names import ViewNames
from remit_schemas.errors import SettingsError, ShareRefused

CANARY = "customer-0"  # who comes most often
ACME = Asked("acme")


def refused(deployment: Deployment, place: Path, asked: Asked = ACME) -> str:
    """Why nothing leaves; nothing did, and it is on record."""
    with pytest.raises(ShareRefused) as caught:
        share(deployment, asked, place, NOW)
    assert not place.exists()
    records = history(deployment.settings.lake, NOW).to_pylist()
    assert ("refused", caught.value.reason) in {(one["outcome"], one["reason"]) for one in records}
    return caught.value.reason


def told_as(deployment: Deployment, stored: list[str]) -> list[str]:
    """The names of a day that acme knows somebody by."""
    days = [NOW.date() - timedelta(days=back) for back in range(30)]
    names = ViewNames(deployment.settings.keys, RECIPIENT_DOMAIN + "acme", "daily")
    each = [names.of(pa.array([name] * len(days)), pa.array(days, pa.date32())) for name in stored]
    return [one for found in each if found is not None for one in found.to_pylist()]


def held(shared: Shared) -> Mapping[str, int]:
    (part,) = shared.parts
    counts: Mapping[str, int] = json.loads(part.held_back)
    return counts


@pytest.mark.clause("S049", "S059c", "S071", "S072", "S110b")
def test_nothing_leaves_for_who_is_not_named_or_whose_time_is_up(tmp_path: Path) -> None:
    policy = policy_with(acme=recipient(expires_on="2026-03-12"), other=recipient())
    deployment = crowded(tmp_path, policy, 100, 10)
    assert refused(deployment, tmp_path / "out") == "expired"
    assert refused(deployment, tmp_path / "out", Asked("acme-2")) == "unlisted"
    names = {one["recipient"] for one in history(deployment.settings.lake, NOW).to_pylist()}
    assert names == {"acme", "unknown"}
    share(deployment, Asked("acme"), tmp_path / "out", NOW - timedelta(days=1))
    assert (tmp_path / "out" / "terms.json").exists()


@pytest.mark.clause("S050", "S074", "S053d")
@pytest.mark.parametrize(("role", "case"), [("authority", "legal"), ("public", "safety")])
def test_what_a_law_or_a_danger_asks_for_needs_an_order_and_somebody_who_approved_it(
    tmp_path: Path, role: str, case: str
) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient(role=role, case=case)), 100, 10)
    assert refused(deployment, tmp_path / "out") == "order"
    assert (
        refused(deployment, tmp_path / "out", Asked("acme", reference="A-1", approver=" "))
        == "order"
    )
    share(deployment, Asked("acme", reference="A-1", approver="Ada"), tmp_path / "out", NOW)
    records = history(deployment.settings.lake, NOW).to_pylist()
    (made,) = (one for one in records if one["outcome"] == "made")
    assert (made["order_reference"], made["approver"]) == ("A-1", "Ada")


@pytest.mark.clause("S051", "S053b", "S054b", "S073")
@pytest.mark.parametrize(
    ("role", "case", "form"),
    [
        ("affiliate", "consent", Format.PARQUET),
        ("public", "public", Format.CSV),
        ("affiliate", "consent", Format.JSONL),
        ("affiliate", "consent", Format.AVRO),
    ],
)
def test_a_canary_without_a_consent_of_its_own_is_in_no_file(
    tmp_path: Path, role: str, case: str, form: Format
) -> None:
    one = recipient(role=role, case=case, consent=IMPROVE)
    deployment = crowded(tmp_path, policy_with(acme=one))
    say(deployment, set(people()) - {CANARY}, IMPROVE)
    done = share(deployment, Asked("acme", form=form), tmp_path / "out", NOW)
    assert held(done) == {"no_consent": 1}
    stored = Pseudonyms(vault_of(deployment), STORAGE_DOMAIN).known("", CANARY)
    (file,) = (tmp_path / "out").glob(f"page_view.*.{form}")
    whole = (
        str(pq.read_table(file).to_pydict())
        if form is Format.PARQUET
        else file.read_text("latin-1")
    )
    assert not any(name in whole for name in told_as(deployment, stored))
    assert recipients_of(deployment.settings.lake, "", stored, NOW) == []
    someone = Pseudonyms(vault_of(deployment), STORAGE_DOMAIN).known("", "customer-1")
    assert any(name in whole for name in told_as(deployment, someone))
    assert recipients_of(deployment.settings.lake, "", someone, NOW) == ["acme"]
    assert recipients_of(deployment.settings.lake, "elsewhere", someone, NOW) == []


@pytest.mark.clause("S051", "S060")
def test_the_consent_that_counts_is_the_one_that_stands_when_it_leaves(tmp_path: Path) -> None:
    deployment = crowded(
        tmp_path, policy_with(acme=recipient(purposes=[REPORT], fields={"page_view": ["page"]}))
    )
    say(deployment, people(), REPORT)
    first = planned(deployment, Asked("acme"), NOW)
    assert held(first) == {}
    say(deployment, [CANARY], REPORT, "withdrawn", at=NOW - timedelta(hours=1))
    then = planned(deployment, Asked("acme"), NOW)
    assert held(then) == {"no_consent": 1}
    assert then.parts[0].subjects == first.parts[0].subjects - 1
    assert history(deployment.settings.lake, NOW).num_rows == 0


@pytest.mark.clause("S054c", "S060", "S070")
def test_rows_and_consents_from_before_a_recipient_got_a_purpose_do_not_reach_it(
    tmp_path: Path,
) -> None:
    before = policy_with(acme=recipient(purposes=[IMPROVE], fields={"page_view": ["page"]}))
    deployment = crowded(tmp_path, before, 300, 20)
    say(deployment, people(20), REPORT)
    wider = policy_with(
        "2026-01-01",
        acme=recipient(purposes=[IMPROVE, REPORT], fields={"page_view": ["page"]}),
    )
    folder = tmp_path / "policies"
    folder.mkdir()
    changed = replace(deployment, policy=wider, policy_folder=folder)
    assert sum(part.rows for part in planned(changed, Asked("acme"), NOW).parts) == 0
    (folder / f"{before.version}.yaml").write_text(before.canonical.decode())
    reports = [one for one in planned(changed, Asked("acme"), NOW).parts if one.purpose == REPORT]
    assert json.loads(reports[0].held_back)["purpose_changed"] > 0


@pytest.mark.clause("S053a", "S053c", "S053e", "S054a", "S058", "S059b", "S066a")
def test_each_recipient_has_names_fields_and_an_order_of_its_own(tmp_path: Path) -> None:
    policy = policy_with(
        acme=recipient(subjects_min=2),
        affiliate=recipient(
            role="affiliate", case="affiliate", sub_recipients=["acme"], subjects_min=2
        ),
    )
    deployment = crowded(tmp_path, policy)
    files = []
    for name in ("acme", "affiliate"):
        share(deployment, Asked(name), tmp_path / name, NOW)
        files.append(pq.read_table(tmp_path / name / f"page_view.{OPERATE}.parquet"))
    names = [set(one["subject"].to_pylist()) for one in files]
    assert not names[0] & names[1]
    for file in files:
        assert not {"pack", "index", "tagset", "tenant", "day", "ip", "keep_until"} & {
            *file.column_names
        }
    orders = [one["page"].drop_null().to_pylist() for one in files]
    assert len(orders[0]) > 1_000
    assert orders[0] != orders[1]
    terms = json.loads((tmp_path / "affiliate" / "terms.json").read_text())
    assert terms["prohibition"][0] == {"action": "distribute", "except": ["acme"]}


@pytest.mark.clause("S052")
def test_what_a_contract_asks_for_goes_out_as_it_is_stored(tmp_path: Path) -> None:
    exact = recipient(role="vendor", case="contract", exact=True)
    deployment = crowded(tmp_path, policy_with(acme=exact, crowd=recipient()), 300, 30)
    for name in ("acme", "crowd"):
        share(deployment, Asked(name), tmp_path / name, NOW)
    shown = {
        name: pq.read_table(tmp_path / name / f"page_view.{OPERATE}.parquet")
        .column("page")
        .null_count
        for name in ("acme", "crowd")
    }
    assert shown["acme"] == 0 < shown["crowd"]


def test_only_the_days_that_are_asked_for_leave(tmp_path: Path) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 300, 30)
    day = date(2026, 3, 10)
    whole = planned(deployment, Asked("acme"), NOW)
    some = planned(deployment, Asked("acme", from_day=day, to_day=day), NOW)
    assert 0 < some.parts[0].rows < whole.parts[0].rows == 300
    nobody = planned(deployment, Asked("acme", tenant="elsewhere"), NOW)
    assert sum(part.rows for part in nobody.parts) == 0


def test_a_disclosure_overwrites_nothing_and_leaves_nothing_hidden(tmp_path: Path) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 100, 10)
    share(deployment, Asked("acme"), tmp_path / "files" / "out", NOW)
    with pytest.raises(SettingsError, match="overwrites nothing"):
        share(deployment, Asked("acme"), tmp_path / "files" / "out", NOW)
    assert [one.name for one in (tmp_path / "files").iterdir()] == ["out"]
    left, fresh = (tmp_path / "files" / f"{HIDDEN}{name}" for name in ("left", "fresh"))
    for folder in (left, fresh):
        folder.mkdir()
    os.utime(left, (0, 0))  # a crash left it long ago
    share(deployment, Asked("acme"), tmp_path / "files" / "next", NOW)
    assert not left.exists()
    assert fresh.exists()


def test_every_format_holds_the_same_rows(tmp_path: Path) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 300, 30)
    found: list[pa.Table] = []
    for form in Format:
        share(deployment, Asked("acme", form=form), tmp_path / form, NOW)
        file = tmp_path / form / f"page_view.{OPERATE}.{form}"
        rows = read_rows(file, found[0].schema if found else pa.schema([]))
        keys = [(name, "ascending") for name in rows.column_names]
        found.append(rows.sort_by(keys))
        terms = json.loads((tmp_path / form / "terms.json").read_text())
        assert [*terms["files"]] == [file.name]
    assert found[0].num_rows == 300
    assert all(rows.equals(found[0]) for rows in found[1:])


def test_the_metrics_tell_what_is_on_record(tmp_path: Path) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 100, 10)
    registry = CollectorRegistry()
    meter = DisclosureMeter()
    meter.lake = deployment.settings.lake
    registry.register(meter)
    assert b'remit_pii_egress_total{class="advertising_analytics"} 0.0' in generate_latest(registry)
    share(deployment, Asked("acme"), tmp_path / "out", NOW)
    refused(deployment, tmp_path / "other", Asked("nobody"))
    text = generate_latest(registry).decode()
    assert (
        'remit_disclosures_total{category="user.behavior.browsing_history",recipient="acme"} 1.0'
        in text
    )
    assert 'remit_disclosures_refused_total{reason="unlisted"} 1.0' in text
