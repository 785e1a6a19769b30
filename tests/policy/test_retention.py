"""The shipped policy's sentences on keeping (S084, S085, S105 to S109), and what no policy can say of it."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from kit.retained import Held, Said, Shelf
from kit.sweeping import SAID, policy_with
from remit_schemas.check import check
from remit_schemas.contract import builtin
from remit_schemas.errors import PolicyError
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy

THREE_YEARS = 1_095


def shelf(policy: Policy | None = None) -> Shelf:
    """Payments under a policy, the shipped one by default."""
    return Shelf(compile_plan(builtin().by_name("payment"), policy or find_policy()))


def plan_of(terms: dict[str, Any], **keep: str) -> Plan:
    return compile_plan(builtin().by_name("page_view"), policy_with(terms, keep))


def there(kept: Shelf, day: int, *holds: Held) -> int:
    """How many rows are there after the sweep of a day."""
    kept.sweep(day, holds)
    return len(kept.seen())


@pytest.mark.clause("S105b")
@pytest.mark.parametrize("progress", ["paid", "refunded"])
def test_a_transaction_stays_three_years_from_its_completion_and_no_longer(progress: str) -> None:
    kept = shelf()
    kept.store([Said(0, -2, "ann", progress, granted=False)])
    assert there(kept, THREE_YEARS - 2) == 1
    assert there(kept, THREE_YEARS - 1) == 0  # completed two days before, and that day is whole


@pytest.mark.clause("S105a", "S109")
@pytest.mark.parametrize("progress", ["started", "failed", "cancelled"])
def test_what_is_no_transaction_is_telemetry_and_goes_with_its_purpose(progress: str) -> None:
    kept = shelf()
    kept.store([Said(0, 0, None, progress, granted=False)])
    assert (there(kept, 29), there(kept, 30)) == (1, 0)


@pytest.mark.clause("S084", "S107a")
def test_what_led_to_a_deal_goes_when_questions_about_it_are_over() -> None:
    kept = shelf()
    kept.store([Said(0, 0, "ann", "started", granted=False)])
    kept.store([Said(0, 0, "bob", "started", granted=False)])
    kept.store([Said(3, 0, "ann", "cancelled", granted=False)])
    assert there(kept, 18) == 3
    assert there(kept, 19) == 1  # 15 days after the day of its end; bob's has not ended
    assert there(kept, 30) == 0


@pytest.mark.clause("S085", "S109")
def test_nothing_of_any_contract_stays_beyond_what_its_rules_and_laws_say() -> None:
    for contract in builtin():
        plan = compile_plan(contract, find_policy())
        lengths = [field.keep_for for field in plan.fields.values() if field.keep_for]
        if lengths:
            assert timedelta() < plan.outcome(plan.optional_purposes).keep_for <= max(lengths)
            assert plan.retention is None or plan.retention.at_end == "delete"


@pytest.mark.clause("S108a")
def test_only_a_consent_keeps_longer_and_its_withdrawal_ends_that() -> None:
    assert not any(terms.extensions for terms in find_policy().retention)
    longer = {"purpose": "analytics.reporting", "keep_for": "90 days", **SAID}
    plan = plan_of({"extensions": [longer]})
    assert plan.outcome().keep_for == timedelta(days=30)
    granted = plan.outcome(frozenset({"analytics.reporting"}))
    assert granted.keep_for == timedelta(days=90)
    assert plan.kept_for("status", granted.fields["status"].purposes) == timedelta(days=30)


@pytest.mark.clause("S108a")
def test_nobody_is_kept_longer_for_a_purpose_that_needs_no_consent() -> None:
    longer = {"purpose": "essential.service", "keep_for": "90 days", **SAID}
    with pytest.raises(ValidationError, match="nobody consents to it"):
        policy_with({"extensions": [longer]})


@pytest.mark.clause("S108b")
def test_an_order_holds_what_would_go_until_it_ends() -> None:
    kept = shelf()
    kept.store([Said(0, 0, "ann", "failed", granted=False)])
    kept.store([Said(0, 0, "bob", "failed", granted=False)])
    order = Held(begins=5, ends=100, subject="ann")
    assert there(kept, 60, order) == 1
    assert there(kept, 99, order) == 1
    assert there(kept, 100, order) == 0


FLOOR = {"keep_for": "60 days", "purpose": "essential.legal_obligation", **SAID}


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"floor": FLOOR}, "a law keeps all of it for 60 days"),
        ({"floor": FLOOR | {"counted_from": "status"}}, "no time that timestamp leaves"),
        ({"floor": FLOOR | {"counted_from": "referrer"}}, "not stored as one column"),
        ({"floor": FLOOR | {"field": "user_agent", "values": ["a"]}}, "not stored as one column"),
        ({"floor": FLOOR | {"field": "duration_ms", "values": ["7"]}}, "not stored for a required"),
        (
            {"ends_with": {"field": "status", "values": ["200"], "then": "30 days", **SAID}},
            "which is gone 30 days after it",
        ),
        (
            {"at_end": "anonymise", "cells": {"columns": ["occurred_at"], "subjects_min": 5}},
            "no stored column that tells no time",
        ),
    ],
)
def test_a_retention_that_cannot_be_kept_does_not_compile(
    terms: dict[str, Any], words: str
) -> None:
    with pytest.raises(PolicyError, match=words):
        plan_of(terms)


@pytest.mark.clause("S109")
@pytest.mark.parametrize(
    "terms",
    [
        {"at_end": "anonymise"},
        {"at_end": "anonymise", "cells": {"columns": ["status"]}},
        {"cells": {"columns": ["status"], "subjects_min": 5}},
        {"floor": FLOOR | {"purpose": "analytics.reporting"}},
        {"floor": FLOOR | {"values": ["a"]}},
    ],
)
def test_what_no_retention_can_say_is_no_policy(terms: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        policy_with(terms)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (
            {"extensions": [{"purpose": "analytics.reporting", "keep_for": "20 days", **SAID}]},
            "keeps nothing longer",
        ),
        (
            {
                "ends_with": {
                    "event": "nothing",
                    "field": "a",
                    "values": ["b"],
                    "then": "1 day",
                    **SAID,
                }
            },
            "there is no contract 'nothing'",
        ),
    ],
)
def test_what_has_no_effect_is_told(terms: dict[str, Any], words: str) -> None:
    assert any(words in problem for problem in check(policy_with(terms), builtin()))


def test_a_time_that_becomes_coarser_after_it_is_gone_is_told() -> None:
    decay = {"timestamp": {"precision": "minute", "decay": ["40 days hour"]}}
    problems = check(policy_with(None, x_access_time=decay), builtin())
    assert any("becomes coarser after 40 days, and is gone" in problem for problem in problems)


def test_a_policy_without_the_section_is_the_same_bytes_as_before() -> None:
    told = find_policy().model_copy(update={"retention": ()})
    assert b"retention" not in told.canonical
