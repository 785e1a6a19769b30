"""Which version governs whom: nobody comes under one that takes something from them before they agree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.policies import OPERATE, REPORT, make_contracts, make_policy, make_rule
from remit_schemas.evolve import widened
from remit_schemas.governing import Versions, notice_of
from remit_schemas.policy import Policy

CONTRACTS = make_contracts()


def version(name: str, *rules: dict[str, object], **changes: object) -> Policy:
    return make_policy(*rules, version=name, updated_on=name, **changes)


def kept_for(days: int, **changes: object) -> dict[str, object]:
    return make_rule(keep_for=f"{days} days", **changes)


NARROW, SAME, WIDER, NARROWER = (
    version("2026-01-01", kept_for(30)),
    version("2026-02-01", kept_for(30)),
    version("2026-03-01", kept_for(60)),
    version("2026-04-01", kept_for(20)),
)


def on_record(*policies: Policy) -> Versions:
    return Versions({policy.version: policy for policy in policies}, CONTRACTS)


ALL = on_record(NARROW, SAME, WIDER, NARROWER)


@pytest.mark.clause("S112", "S113")
@pytest.mark.parametrize(
    ("accepted", "in_force", "governs"),
    [
        ("2026-01-01", "2026-01-01", "2026-01-01"),
        ("2026-01-01", "2026-02-01", "2026-02-01"),
        ("2026-01-01", "2026-03-01", "2026-02-01"),
        ("2026-03-01", "2026-03-01", "2026-03-01"),
        ("2026-01-01", "2026-04-01", "2026-04-01"),
        ("2026-03-01", "2026-04-01", "2026-04-01"),
        ("2026-04-01", "2026-03-01", "2026-04-01"),
        ("2026-03-01", "2026-01-01", "2026-01-01"),
    ],
    ids=[
        "the version that was accepted",
        "a newer one that takes nothing",
        "the newest that takes nothing, where the one in force widens",
        "the wider one, once it was accepted",
        "one that takes back what a version between had widened",
        "a narrower one at once",
        "what was accepted, where an older one in force is wider",
        "an older one in force that is narrower",
    ],
)
def test_a_subject_is_governed_by(accepted: str, in_force: str, governs: str) -> None:
    assert ALL.governing(accepted, in_force) == governs


def test_what_is_not_on_record_governs_nobody() -> None:
    assert ALL.governing("2025-01-01", "2026-01-01") is None


@pytest.mark.clause("S113")
def test_an_agreement_holds_under_versions_that_widen_nothing_of_it() -> None:
    assert ALL.covering("2026-02-01") == {"2026-01-01", "2026-02-01", "2026-03-01"}
    assert ALL.covering("2026-03-01") == {"2026-03-01"}


@pytest.mark.clause("S113")
@given(st.lists(st.integers(1, 90), min_size=1, max_size=6), st.data())
def test_the_version_that_governs_never_takes_anything_from_what_was_accepted(
    days: list[int], data: st.DataObject
) -> None:
    policies = [version(f"2026-{n + 1:02}-01", kept_for(each)) for n, each in enumerate(days)]
    accepted, in_force = (data.draw(st.sampled_from(policies)) for _ in range(2))
    governs = on_record(*policies).governing(accepted.version, in_force.version)
    governing = next(policy for policy in policies if policy.version == governs)
    assert not widened(accepted, governing, CONTRACTS)
    if not widened(accepted, in_force, CONTRACTS):
        assert governing is in_force


@pytest.mark.clause("S114a", "S114b")
def test_a_notice_says_what_the_newest_version_widens_of_the_one_before() -> None:
    told = notice_of(WIDER, [NARROW, SAME, WIDER, NARROWER], CONTRACTS)
    assert told is not None
    assert told.since == "2026-02-01"
    assert told.changes == ("visit.ip: was kept for 30 days, is for 60 days",)


@pytest.mark.clause("S114a", "S114b")
@pytest.mark.parametrize("policy", [NARROW, SAME, NARROWER])
def test_who_loses_nothing_is_told_nothing(policy: Policy) -> None:
    assert notice_of(policy, [NARROW, SAME, WIDER, NARROWER], CONTRACTS) is None


def test_a_new_purpose_and_a_purpose_that_is_no_longer_optional_are_widenings() -> None:
    one = version("2026-01-01", make_rule(purposes=[OPERATE]))
    more = version("2026-02-01", make_rule(purposes=[OPERATE, REPORT]))
    assert on_record(one, more).governing("2026-01-01", "2026-02-01") == "2026-01-01"
