"""What coverage names as metric or report line exists, with the labels it names."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from remit.edge.metrics import EdgeMetrics
from remit_consumers.metrics import Metrics
from remit_consumers.proof.report import Report
from remit_consumers.proof.verify import verify
from remit_consumers.steps.authorize import MINOR_WITHOUT_GROUND, UNKNOWN_VERSION
from remit_consumers.steps.exclude import SUPPRESSED
from remit_schemas.category import CATEGORIES, Decision
from remit_schemas.contract import builtin
from remit_schemas.evidence import evidence_of
from remit_schemas.explain import Explanation
from remit_schemas.header import REASONS
from remit_schemas.policy import cited, find_policy
from remit_schemas.promises import PROMISES
from remit_schemas.recipients import COUNTED

METRIC = re.compile(r"(remit_[a-z_]+?)(?:_total)?(?:\{(.*)\})?")
VALUES: dict[str, set[str]] = {
    "reason": {*REASONS, MINOR_WITHOUT_GROUND, SUPPRESSED, UNKNOWN_VERSION},
    "category": set(CATEGORIES),
    "decision": {each.value for each in Decision},
    "outcome": {"stored", "refused", "quarantined", "expired"},
    "recipient": set(find_policy().recipients),
    "class": {str(role) for role in COUNTED},
}  # the closed lists that labels come from


def named() -> set[str]:
    """Everything that coverage can name for the shipped policy, and for the promises."""
    policy = find_policy()
    of_policy = {one for place, _ in cited(policy) for one in evidence_of(policy, place, builtin())}
    return of_policy | {one for promise in PROMISES.values() for one in promise.shown_by}


def labels() -> dict[str, set[str]]:
    """The labels of every metric there is."""
    running = {
        metric._name: set(metric._labelnames)  # noqa: SLF001 - no public way to the labels of an unused metric
        for metric in vars(Metrics()).values()
        if hasattr(metric, "_labelnames")
    }
    edge = {family.name: set(family._labelnames) for family in EdgeMetrics().collect()}  # noqa: SLF001
    shared = {family.name: set(family._labelnames) for family in Metrics().disclosures.collect()}  # noqa: SLF001
    return running | edge | shared


@pytest.mark.parametrize("evidence", sorted(one for one in named() if one.startswith("remit_")))
def test_a_metric_exists_with_its_labels(evidence: str) -> None:
    match = METRIC.fullmatch(evidence)
    assert match
    known = labels()
    assert match[1] in known
    for label in filter(None, (match[2] or "").split(",")):
        name, _, value = label.partition("=")
        assert name in known[match[1]]
        assert not value or value.strip('"') in VALUES[name]


@pytest.mark.parametrize("evidence", sorted(one for one in named() if ": " in one))
def test_a_line_of_report_proof_or_explanation_exists(evidence: str, tmp_path: Path) -> None:
    where, _, what = evidence.partition(": ")
    lines = {
        "report": {field.name for field in fields(Report)},
        "verify": set(verify(tmp_path).checks),
        "explain": {field.name for field in fields(Explanation)},
    }
    assert what.partition(".")[0] in lines[where]


def test_nothing_else_is_named() -> None:
    assert all(one.startswith("remit_") or ": " in one for one in named())
    assert len(named()) > len(PROMISES)
