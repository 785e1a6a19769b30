"""Coverage of a small policy: each sentence by its rule, its tests and its metric, or as what it is instead."""

import pytest

from kit.policies import make_contracts, make_policy, make_rule
from remit_schemas.clauses import Clauses, sentence_sha256
from remit_schemas.coverage import Coverage, Status, coverage

TESTS = {"S003": ["t::one"], "S004": ["t::two"], "S001": ["t::three"], "S002": ["t::four"]}


def register(**changes: dict[str, object]) -> Clauses:
    """Make the register of a policy of `make_policy`: nine sentences, the first four cited."""
    sentences = {}
    for number in range(1, 10):
        name = f"S{number:03}"
        entry = {
            "sha256": sentence_sha256(name),
            "characters": 4,
            "kinds": ["C"] if number <= 4 else ["I"],
            "summary": name,
        }
        sentences[name] = entry | changes.get(name, {})
    return Clauses.model_validate(
        {
            "format": "remit sentences 1",
            "policy": "test",
            "version": "2026-01-01",
            "document_sha256": "0" * 64,
            "sentences": sentences,
        }
    )


def covered(
    clauses: Clauses, tests: dict[str, list[str]] | None = None, **changes: object
) -> Coverage:
    """Hold a policy that decides every field of `visit` against a register."""
    names = ("ip", "page", "referrer", "status", "occurred_at")
    rules = [make_rule(field=name) for name in names]
    return coverage(
        make_policy(*rules, **changes), clauses, make_contracts(), TESTS if tests is None else tests
    )


def statuses(found: Coverage) -> dict[str, Status]:
    return {row.clause: row.status for row in found.rows}


def test_a_sentence_is_covered_by_rule_test_and_metric_and_information_asks_for_nothing() -> None:
    found = covered(register())
    assert found.problems == ()
    assert statuses(found)["S003"] is Status.COVERED
    assert statuses(found)["S009"] is Status.INFORMATION
    row = next(row for row in found.rows if row.clause == "S003")
    assert "rules: visit.ip" in row.rules
    assert 'remit_values_total{category="user.device.ip_address"}' in row.metrics
    assert "report: clauses.S003" in row.metrics


def test_without_a_test_or_a_rule_a_sentence_is_open() -> None:
    found = covered(register(S005={"kinds": ["R"]}), {**TESTS, "S003": []})
    assert found.problems == ("S003 has no test: S003", "S005 has no rule: S005")
    assert (statuses(found)["S003"], statuses(found)["S005"]) == (Status.OPEN, Status.OPEN)


def test_a_sentence_with_parts_is_accounted_for_by_its_parts() -> None:
    parts = {
        "a": {"kinds": ["C"], "summary": "cited"},
        "b": {"kinds": ["R"], "summary": "not cited"},
    }
    promises = {"chained": {"clauses": ["S005a"], "reason": "needed"}}
    tests = {**TESTS, "S005a": ["t::five"]}
    found = covered(register(S005={"kinds": ["C", "R"], "parts": parts}), tests, promises=promises)
    assert found.problems == ("S005b has no rule: not cited",)
    whole = next(row for row in found.rows if row.clause == "S005")
    assert (whole.status, whole.rules, whole.tests) == (
        Status.OPEN,
        ("promises: chained",),
        ("t::five",),
    )
    assert [row.clause for row in found.rows].index("S005a") == 5


def test_what_waits_is_accounted_for_and_stands_apart() -> None:
    found = covered(register(S005={"kinds": ["R"], "later": "rights"}))
    assert found.problems == ()
    assert found.waiting == {"rights": ("S005",)}
    told = found.to_json()
    assert told["summary"] == {
        "sentences": 9,
        "accounted_for": 9,
        "open": 0,
        "later": 1,
        "covered": 4,
        "information": 4,
        "waiting": {"rights": ["S005"]},
    }
    assert isinstance(told["sentences"], list)
    assert told["sentences"][4] == {
        "sentence": "S005",
        "kind": "R",
        "status": "later",
        "summary": "S005",
        "rule": ["later: rights"],
        "test": [],
        "metric": [],
    }


def test_information_waits_for_nothing() -> None:
    with pytest.raises(ValueError, match="asks for nothing, now or later"):
        register(S009={"later": "rights"})


def test_a_field_that_no_rule_names_is_a_problem() -> None:
    policy, contracts = make_policy(make_rule()), make_contracts()
    problems = coverage(policy, register(), contracts, TESTS).problems
    assert "visit.page has no clause: no rule names it" in problems
    assert not [problem for problem in problems if problem.startswith("visit.ip ")]
