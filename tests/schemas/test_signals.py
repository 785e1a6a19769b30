"""What a policy may say of signals and volumes, and what a plan, an explanation and a comparison make of it."""

import json
from pathlib import Path

import pytest

from kit.policies import (
    IMPROVE,
    OPERATE,
    REPORT,
    make_contract,
    make_contracts,
    make_policy,
    make_rule,
)
from remit_schemas.check import check
from remit_schemas.errors import PolicyError
from remit_schemas.evolve import check_policy
from remit_schemas.explain import explain
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import (
    Policy,
    find_policy,
    load_policy,
    policy_from_json,
    policy_path,
)

RULES = (
    make_rule(field="ip", reduce={"ip": {}}),
    make_rule(field="page", keep=True, purposes=[REPORT]),
    make_rule(field="referrer", keep=True, purposes=[REPORT, IMPROVE]),
    make_rule(field="status", purposes=[OPERATE, REPORT]),
    make_rule(field="occurred_at", reduce={"timestamp": {}}),
)


def signalled(**changes: object) -> Policy:
    """A policy in which Global Privacy Control withholds reports."""
    gpc = {"withholds": [REPORT], "clause": "S005", "reason": "they said so"} | changes
    return make_policy(*RULES, signals={"gpc": gpc})


def bounded(**changes: object) -> Policy:
    """A policy that takes one subject in ten."""
    volume = {"event": "visit", "sample": "1 of 10", "clause": "S005", "reason": "ten is a number"}
    given = {key: value for key, value in (volume | changes).items() if value is not None}
    return make_policy(*RULES, volumes=[given])


def planned(policy: Policy) -> Plan:
    return compile_plan(make_contract(), policy)


def test_what_a_signal_withholds_is_what_no_other_purpose_needs() -> None:
    plan = planned(signalled())
    assert plan.withheld(frozenset(plan.signals["gpc"].withholds)) == {"page"}
    assert plan.withheld(frozenset({REPORT, IMPROVE})) == {"page", "referrer"}
    assert plan.withheld(frozenset()) == plan.withheld(frozenset({OPERATE})) == frozenset()


@pytest.mark.parametrize(
    ("signals", "words"),
    [
        ({"gcp": {}}, 'unknown signal "gcp"; did you mean "gpc"'),
        ({"gpc": {"withholds": []}}, "at least 1"),
        ({"gpc": {"withholds": [OPERATE]}}, "is required"),
        ({"gpc": {"withholds": ["analytics.report"]}}, "no purpose"),
        ({"gpc": {"withholds": [REPORT, REPORT]}}, "names one twice"),
        ({"gpc": {"witholds": [REPORT]}}, '"witholds" is not a key of a signal'),
        ({"gpc": {"clause": None}}, "clause"),
    ],
)
def test_a_policy_can_only_say_of_signals_what_can_be(
    signals: dict[str, dict[str, object]], words: str
) -> None:
    whole = {
        name: {"withholds": [REPORT], "clause": "S005", "reason": "so"} | terms
        for name, terms in signals.items()
    }
    with pytest.raises(ValueError, match=words):
        make_policy(*RULES, signals=whole)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sample": None}, 'a volume says "sample"'),
        ({"sample": "1 of 1"}, "1 of 10"),
        ({"sample": "2 of 10"}, "1 of 10"),
        ({"sample": "10 %"}, "1 of 10"),
        ({"events_max": 5}, "go together"),
        ({"window": "1 hour"}, "go together"),
        ({"events_max": 0, "window": "1 hour"}, "greater than or equal to 1"),
        ({"event": "consent_change"}, "never left out"),
        ({"rate": 5}, "not a key of a volume"),
    ],
)
def test_a_policy_can_only_say_of_volumes_what_can_be(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        bounded(**changes)


def test_a_contract_has_one_volume_at_most() -> None:
    volume = {"event": "visit", "sample": "1 of 2", "clause": "S005", "reason": "so"}
    with pytest.raises(ValueError, match="a second volume for visit"):
        make_policy(*RULES, volumes=[volume, volume])


def test_an_explanation_says_what_signals_and_volumes_do() -> None:
    said = explain(planned(signalled())).to_json()
    assert said["signals"] == {
        "gpc": f"Refuses {REPORT}: events are taken without page (S005). they said so"
    }
    said = explain(planned(bounded(events_max=500, window="1 hour"))).to_json()
    assert said["volume"] == (
        "Of its events are taken 1 of 10 subjects, wholly; at most 500 events in 1 hour from each process"
        " (S005). ten is a number"
    )
    assert explain(planned(make_policy(*RULES))).volume is None


def test_a_volume_for_no_contract_is_a_problem() -> None:
    problems = check(bounded(event="visits"), make_contracts())
    assert "the volume of visits: there is no contract 'visits'" in problems


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        (signalled(), make_policy(*RULES), [f"signals.gpc: withheld {REPORT}, and does not"]),
        (signalled(), signalled(withholds=[REPORT, IMPROVE]), []),
        (make_policy(*RULES), signalled(), []),
        (bounded(), make_policy(*RULES), ["visit: 1 of 10 was taken, everything is"]),
        (bounded(), bounded(sample="1 of 5"), ["visit: 1 of 10 was taken, 1 of 5 is"]),
        (bounded(), bounded(sample="1 of 20"), []),
        (
            bounded(events_max=10, window="1 day"),
            bounded(events_max=10, window="1 hour"),
            ["visit: more events are taken in an hour than before"],
        ),
        (
            bounded(events_max=10, window="1 hour"),
            bounded(),
            ["visit: more events are taken in an hour than before"],
        ),
        (make_policy(*RULES), bounded(), []),
    ],
)
def test_a_policy_that_takes_more_is_looser(old: Policy, new: Policy, reasons: list[str]) -> None:
    assert check_policy(old, new, make_contracts()) == reasons


def test_sections_that_came_later_change_no_hash_where_they_are_empty() -> None:
    plain = json.loads(make_policy(*RULES).canonical)
    assert not {"signals", "volumes"} & plain.keys()
    whole = signalled()
    assert policy_from_json(whole.canonical).sha256 == whole.sha256


@pytest.mark.clause("S016")
def test_the_policy_that_is_shipped_honours_both_signals() -> None:
    shipped = find_policy(None)
    assert set(shipped.signals) == {"gpc", "dnt"}
    assert {terms.clause for terms in shipped.signals.values()} == {"S016"}


@pytest.mark.parametrize(
    ("clause", "words"), [("S999", "is beyond the last"), ("S000", "is no sentence")]
)
def test_a_clause_that_the_text_has_not_is_refused(tmp_path: Path, clause: str, words: str) -> None:
    text = policy_path(None).read_text("utf-8").replace("clause: S016", f"clause: {clause}")
    (tmp_path / "mine.yaml").write_text(text, "utf-8")
    with pytest.raises(PolicyError, match=f'"{clause}" {words}'):
        load_policy(tmp_path / "mine.yaml")
