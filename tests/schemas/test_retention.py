"""What a policy says of retention: in words, in a newer version, and in its own bytes."""

from kit.sweeping import SAID, policy_with
from remit_schemas.change import ChangeKind
from remit_schemas.contract import builtin
from remit_schemas.evolve import widened
from remit_schemas.explain import explain
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy, policy_from_json

LONGER = {"purpose": "analytics.reporting", "keep_for": "90 days", **SAID}


def test_it_is_told_in_sentences() -> None:
    told = explain(compile_plan(builtin().by_name("payment"), find_policy())).retention
    assert told is not None
    for words in ("1095 days from occurred_at", "S105b", "15 days after payment.progress", "S107a"):
        assert words in told
    assert explain(compile_plan(builtin().by_name("page_view"), find_policy())).retention is None


def test_a_longer_law_and_a_longer_consent_widen_a_policy() -> None:
    before = find_policy().model_copy(update={"retention": ()})
    changes = [one for one in widened(before, find_policy(), builtin()) if one.where == "payment"]
    assert [one.kind for one in changes] == [ChangeKind.KEPT]
    assert "1095 days" in changes[0].words
    consented = policy_with({"extensions": [LONGER]})
    (change,) = [one for one in widened(before, consented, builtin()) if one.where == "page_view"]
    assert "90 days" in change.words
    assert widened(find_policy(), before, builtin()) == []


def test_it_comes_back_from_a_bundle_as_it_was() -> None:
    policy = find_policy()
    assert policy_from_json(policy.canonical).retention == policy.retention
