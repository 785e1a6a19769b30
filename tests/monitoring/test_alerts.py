"""Every alert fires on what it is for and on nothing beside it: promtool runs the rules on series."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kit.prometheus import promtool
from kit.tree import ROOT

FOLDER = ROOT / "consumers" / "monitoring"
ALERTS, RECORDING = FOLDER / "alerts.yml", FOLDER / "recording.yml"
SEVERITIES = {"page", "ticket"}

Series = Mapping[str, str]


@dataclass(frozen=True)
class Case:
    """Series on which an alert fires, and others on which it does not.

    Attributes:
        alert: Its name.
        fires: Series, a value each step, on which it fires at `at`.
        quiet: Series on which it does not.
        at: When that is asked.
        soon: When it does not fire on `fires` yet, where it waits; empty where it does not.
        step: Between two values, and between two looks at the rules.
    """

    alert: str
    fires: Series
    quiet: Series
    at: str = "2h"
    soon: str = ""
    step: str = "1m"


def gauge(alert: str, name: str, bad: float, good: float, **when: str) -> Case:
    """A case of a gauge that stands at a value."""
    return Case(alert, {name: f"{bad}x200"}, {name: f"{good}x200"}, **when)


def counter(alert: str, name: str, **when: str) -> Case:
    """A case of a counter that should stand still: it grows by one; it stands where it stood for long."""
    return Case(alert, {name: "5x100 6x100"}, {name: "5x200"}, **{"at": "110m", **when})


def slow(name: str, alert: str, le: str) -> Case:
    """A case of waits that should all be within a bound: a fifth of them is not."""
    count, within = f"{name}_count", f'{name}_bucket{{le="{le}"}}'
    return Case(alert, {count: "0+5x200", within: "0+4x200"}, {count: "0+5x200", within: "0+5x200"})


def p99(alert: str, name: str, labels: str, soon: str) -> Case:
    """A case of a histogram of seconds: a tenth lies above 2.5; all lie below 1."""
    buckets = {le: f'{name}_bucket{{{labels}le="{le}"}}' for le in ("1.0", "2.5", "5.0", "+Inf")}
    steps = {"1.0": 9, "2.5": 9, "5.0": 10, "+Inf": 10}
    return Case(
        alert,
        {series: f"0+{steps[le]}x200" for le, series in buckets.items()},
        dict.fromkeys(buckets.values(), "0+10x200"),
        soon=soon,
    )


PAGE_VIEW = '{contract="page_view"}'
COME = '{contract="page_view",outcome="stored"}'
WEEK, DAY = 7 * 24 * 4, 24 * 4  # in quarters of an hour

CASES = (
    gauge("RemitConservationGap", f"remit_conservation_gap{PAGE_VIEW}", 3, 0, soon="5m"),
    counter("RemitProducerGaps", "remit_producer_gaps_total"),
    counter("RemitExpired", "remit_expired_total"),
    counter("RemitUnreadablePacks", "remit_unreadable_packs_total"),
    counter("RemitEventsLetGo", 'remit_lake_events{contract="page_view",outcome="let_go"}'),
    gauge("RemitVerifyFails", 'remit_verify_holds{check="chain"}', 0, 1),
    Case(
        "RemitNotVerified",
        {"remit_verified_timestamp_seconds": "0x800"},
        {"remit_verified_timestamp_seconds": "0x400 360000x400"},
        at="8d",
        soon="7d30m",
        step="15m",
    ),
    gauge("RemitAnchorOld", "remit_anchor_age_seconds", 200_000, 100_000, soon="30m"),
    gauge("RemitResidue", 'remit_verify_holds{check="residue"}', 0, 1),
    Case(
        "RemitPartnerPII",
        {'remit_pii_egress_total{class="advertising_analytics"}': "0x120 1x100"},
        {'remit_pii_egress_total{class="advertising_analytics"}': "1x220"},
        at="31h",
        step="15m",
    ),
    Case(
        "RemitRetentionOverdue",
        {'remit_retention_overdue_rows{category="user.device"}': "3x120"},
        {'remit_retention_overdue_rows{category="user.device"}': "3x90 0x30"},
        at="25h",
        soon="23h",
        step="15m",
    ),
    gauge("RemitBeyondUse", "remit_beyond_use_days", 15, 13, soon="30m"),
    gauge(
        "RemitQuarantineEnds",
        'remit_quarantine_left_seconds{reason="unknown_policy"}',
        86_000,
        87_000,
        soon="3m",
    ),
    gauge("RemitKeysOverdue", "remit_keys_overdue", 1, 0, soon="5m"),
    gauge("RemitRequestNearItsDay", 'remit_request_days_left{type="access"}', 5, 6),
    gauge("RemitRequestLate", 'remit_request_days_left{type="erasure"}', -1, 3),
    gauge("RemitErasureFails", 'remit_erasures_waiting{kind="ordered"}', 1, 0, soon="20m"),
    gauge("RemitNoticesUnsent", 'remit_notices{kind="erased",state="unsent"}', 1, 0, soon="30m"),
    gauge("RemitNoticesOverdue", 'remit_notices{kind="erased",state="overdue"}', 1, 0, soon="30m"),
    p99("RemitConsentStopLate", "remit_consent_stop_seconds", "", soon="3m"),
    slow("remit_revocation_seconds", "RemitRevocationLate", "60.0"),
    slow("remit_minor_erasure_seconds", "RemitMinorErasureLate", "60.0"),
    gauge("RemitDown", 'up{job="remit",instance="a:1"}', 0, 1, soon="3m"),
    Case(
        "RemitStands",
        {"remit_last_turn_timestamp_seconds": "0+60x60 3600x100"},
        {"remit_last_turn_timestamp_seconds": "0+60x200"},
        at="65m",
        soon="61m",
    ),
    Case(
        "RemitFaults",
        {'remit_faults_total{kind="lake"}': "0+1x200"},
        {'remit_faults_total{kind="lake"}': "0x50 2x150"},
        soon="7m",
    ),
    Case(
        "RemitLag",
        {'remit_lag_packs{instance="a"}': "60+1x200", 'remit_lag_packs{instance="b"}': "60x200"},
        {'remit_lag_packs{instance="a"}': "5000-10x200", 'remit_lag_packs{instance="b"}': "9x200"},
        soon="10m",
    ),
    p99("RemitSlow", "remit_latency_seconds", 'stage="stored",', soon="5m"),
    gauge("RemitPacksWait", "remit_waiting_packs", 1, 0, soon="5m"),
    Case(
        "RemitNoEvents",
        {
            f"remit_events_total{COME}": f"0+5x{WEEK} _x{DAY}",
            f"remit_last_event_timestamp_seconds{PAGE_VIEW}": f"0+900x{WEEK} _x{DAY}",
        },
        {
            f"remit_events_total{COME}": f"0+5x{WEEK + DAY}",
            f"remit_last_event_timestamp_seconds{PAGE_VIEW}": f"0+900x{WEEK + DAY}",
        },
        at="7d3h",
        soon="7d30m",
        step="15m",
    ),
    gauge("RemitSealingEnds", "remit_key_sealing_ends_timestamp_seconds", 7_300, 90_000, soon="3m"),
    Case(
        "RemitEdgeDisk",
        {'remit_edge_syncs_total{outcome="failed"}': "0+1x200"},
        {'remit_edge_syncs_total{outcome="done"}': "0+9x200"},
    ),
)


def groups(file: Path) -> list[dict[str, Any]]:
    """The groups of rules in a file."""
    found: list[dict[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    return found


ALL = {rule["alert"]: rule for group in groups(ALERTS) for rule in group["rules"]}


def firing(alert: str, at: str, *, is_expected: bool) -> dict[str, object]:
    """What promtool is asked: whether an alert fires, with its severity and clause, at a time."""
    labels = ALL[alert]["labels"]
    told = ",".join(f'{name}="{labels[name]}"' for name in sorted(labels))
    expression = f'count by (alertname,{",".join(labels)}) (ALERTS{{alertname="{alert}",alertstate="firing"}})'
    wanted = [{"labels": f'{{alertname="{alert}",{told}}}', "value": 1}] if is_expected else []
    return {"expr": expression, "eval_time": at, "exp_samples": wanted}


def tried(series: Series, *asked: dict[str, object], step: str = "1m") -> dict[str, object]:
    """One test of promtool."""
    inputs = [{"series": name, "values": values} for name, values in series.items()]
    return {"interval": step, "input_series": inputs, "promql_expr_test": asked}


def run(folder: Path, step: str, *tests: dict[str, object]) -> None:
    """Run tests of the rules."""
    form = {
        "rule_files": [str(ALERTS), str(RECORDING)],
        "evaluation_interval": step,
        "group_eval_order": [
            group["name"] for file in (RECORDING, ALERTS) for group in groups(file)
        ],
        "tests": tests,
    }
    file = folder / "tests.yml"
    file.write_text(json.dumps(form), encoding="utf-8")
    promtool("test", "rules", file)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.alert)
def test_an_alert_fires_on_its_fault_and_on_nothing_else(
    case: Case, tmp_path: Path, prometheus: None
) -> None:
    asked = [firing(case.alert, case.at, is_expected=True)]
    asked += [firing(case.alert, case.soon, is_expected=False)] if case.soon else []
    quiet = firing(case.alert, case.at, is_expected=False)
    both = tried(case.fires, *asked, step=case.step), tried(case.quiet, quiet, step=case.step)
    run(tmp_path, case.step, *both)


def test_a_counter_that_begins_above_zero_is_seen(tmp_path: Path, prometheus: None) -> None:
    late = {"remit_producer_gaps_total": "_x30 2x100"}
    asked = [
        firing("RemitProducerGaps", "40m", is_expected=True),
        firing("RemitProducerGaps", "2h", is_expected=False),
    ]
    run(tmp_path, "1m", tried(late, *asked))


def test_every_alert_is_tried() -> None:
    assert sorted(case.alert for case in CASES) == sorted(ALL)


def test_the_rules_are_sound(prometheus: None) -> None:
    promtool("check", "rules", ALERTS, RECORDING)


@pytest.mark.parametrize("alert", ALL)
def test_an_alert_says_how_urgent_it_is_and_what_to_do(alert: str) -> None:
    page = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    told = ALL[alert]
    assert told["labels"]["severity"] in SEVERITIES
    assert re.fullmatch(r"S\d{3}[a-z]?", told["labels"].get("clause", "S001"))
    assert told["annotations"]["runbook_url"] == f"docs/monitoring.md#{alert.lower()}"
    assert re.search(rf"^### {alert}$", page, re.MULTILINE)
    if clause := told["labels"].get("clause"):
        section = page.partition(f"### {alert}\n")[2].partition("\n### ")[0]
        assert clause in section
