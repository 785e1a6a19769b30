"""What a purpose may see: told by the tagsets of the rows."""

import pytest

from kit.opened import PAGE_VIEW
from kit.policies import (
    BY_CONTRACT,
    IMPROVE,
    OPERATE,
    PURPOSES,
    REPORT,
    make_contract,
    make_policy,
    make_rule,
)
from remit_consumers.lake.receipt import canonical
from remit_consumers.lake.tagsets import tagset_of
from remit_consumers.views.allowed import Allowed, allowed
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy

PLAN = compile_plan(PAGE_VIEW, find_policy())


def catalogue(*granted: str, policy: Policy | None = None) -> list[dict[str, str]]:
    """The tagset of page views whose subjects granted these purposes."""
    plan = compile_plan(PAGE_VIEW, policy) if policy else PLAN
    one = tagset_of(plan, plan.outcome(frozenset(granted)))
    return [{"tagset": one.tagset, "contract": one.contract, "fields": one.fields}]


def seen(rows: list[dict[str, str]], purpose: str) -> Allowed:
    return allowed(rows, purpose)["page_view"]


@pytest.mark.clause("S110c")
def test_a_purpose_sees_the_columns_that_are_stored_for_it_and_no_others() -> None:
    rows = catalogue(REPORT, IMPROVE)
    assert "duration_ms" not in seen(rows, REPORT).columns
    assert "referrer_domain" not in seen(rows, IMPROVE).columns
    assert {"referrer_domain", "page", "occurred_at"} <= seen(rows, REPORT).columns.keys()
    assert {"ip", "day"} <= seen(rows, OPERATE).columns.keys()
    assert "day" not in seen(rows, REPORT).columns


def test_a_purpose_that_nobody_granted_sees_no_row() -> None:
    rows = catalogue(IMPROVE)
    assert allowed(rows, REPORT) == {}
    assert len(seen([*rows, *catalogue(REPORT)], REPORT).tagsets) == 1


def test_a_purpose_with_nothing_but_times_sees_no_row() -> None:
    fields = {
        name: {
            "decision": "reduce",
            "reducer": "timestamp",
            "parameters": {"precision": "day"},
            "purposes": [OPERATE],
        }
        for name in ("occurred_at", "collected_at")
    }
    assert (
        allowed([{"tagset": "a", "contract": "visit", "fields": canonical(fields)}], OPERATE) == {}
    )


def test_what_an_unknown_reducer_made_is_not_shown() -> None:
    fields = {
        "page": {
            "decision": "reduce",
            "reducer": "of_tomorrow",
            "parameters": {},
            "purposes": [OPERATE],
        },
        "status": {"decision": "keep", "reducer": None, "parameters": {}, "purposes": [OPERATE]},
    }
    found = allowed([{"tagset": "a", "contract": "visit", "fields": canonical(fields)}], OPERATE)
    assert found["visit"].columns.keys() == {"status"}


def with_precisions(*by_purpose: str) -> Policy:
    """The policy that is shipped, with precisions for some purposes of page views' times."""
    written = find_policy().model_dump(mode="json", exclude_none=True)
    for rule in written["rules"]:
        if rule["event"] == "page_view" and rule.get("category") == "user.telemetry.x_access_time":
            rule["reduce"] = {"timestamp": {"precision": "hour", "by_purpose": [*by_purpose]}}
    return Policy.model_validate(written)


def test_each_purpose_sees_times_as_finely_as_its_own_precision() -> None:
    policy = with_precisions(f"{OPERATE} minute", f"{REPORT} day")
    rows = catalogue(REPORT, IMPROVE, policy=policy)
    found = {
        purpose: {*seen(rows, purpose).precisions["occurred_at"].values()}
        for purpose in (OPERATE, REPORT, IMPROVE)
    }
    assert found == {OPERATE: {"minute"}, REPORT: {"day"}, IMPROVE: {"hour"}}


def test_a_tagset_of_before_that_does_not_say_it_gives_the_coarsest_time() -> None:
    rows = catalogue(IMPROVE, policy=with_precisions(f"{OPERATE} minute"))
    rows[0]["fields"] = rows[0]["fields"].replace(',"precision":"hour","purposes"', ',"purposes"')
    assert {*seen(rows, IMPROVE).precisions["occurred_at"].values()} == {"day"}


def test_columns_that_another_purpose_may_see_are_told_apart() -> None:
    found = seen(catalogue(REPORT, IMPROVE), IMPROVE)
    assert "page" in found.shared
    assert "duration_ms" not in found.shared


@pytest.mark.clause("S027", "S033b", "S044", "S053c")
def test_what_serves_to_verify_somebody_or_to_contact_them_is_in_no_other_purposes_view() -> None:
    verify, guard, tell = (
        "essential.service.security",
        "essential.fraud_detection",
        "essential.service",
    )
    policy = make_policy(
        make_rule(field="ip", purposes=[verify, guard]),
        make_rule(field="referrer", purposes=[tell]),
        make_rule(field="page", purposes=[OPERATE]),
        purposes={**PURPOSES, verify: BY_CONTRACT, guard: BY_CONTRACT},
    )
    plan = compile_plan(make_contract(), policy)
    one = tagset_of(plan, plan.outcome(frozenset()))
    rows = [{"tagset": one.tagset, "contract": one.contract, "fields": one.fields}]
    found = {
        key: set(allowed(rows, key)["visit"].columns) for key in (verify, guard, tell, OPERATE)
    }
    assert found == {verify: {"ip"}, guard: {"ip"}, tell: {"referrer"}, OPERATE: {"page"}}
    assert allowed(rows, REPORT) == {}
