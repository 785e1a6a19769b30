"""What a policy may say of the engine's promises: which sentences rest on them, and nothing else."""

import pytest
from pydantic import ValidationError

from kit.policies import make_policy, make_rule
from remit_schemas.policy import cited, find_policy
from remit_schemas.promises import PROMISES

CHAINED = {"clauses": ["S001", "S002a"], "reason": "needed"}


def test_a_promise_cites_each_of_its_sentences() -> None:
    policy = make_policy(make_rule(), promises={"chained": CHAINED})
    places = {clause: place for place, clause in cited(policy) if place[0] == "promises"}
    assert places == {
        "S001": ("promises", "chained", "clauses", 0),
        "S002a": ("promises", "chained", "clauses", 1),
    }


@pytest.mark.parametrize(
    ("promises", "said"),
    [
        ({"chaind": CHAINED}, 'unknown promise "chaind"; did you mean "chained"'),
        ({"chained": CHAINED | {"clauses": []}}, "at least 1 item"),
        ({"chained": CHAINED | {"clauses": ["S001", "S001"]}}, "names one twice"),
        ({"chained": CHAINED | {"enabled": False}}, '"enabled" is not a key of a promise'),
        ({"chained": CHAINED | {"clauses": ["S1"]}}, "pattern"),
    ],
)
def test_nothing_else_can_be_said_of_a_promise(promises: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_policy(make_rule(), promises=promises)


def test_a_policy_without_promises_keeps_its_hash() -> None:
    assert make_policy(make_rule()).sha256 == make_policy(make_rule(), promises={}).sha256
    assert b"promises" not in make_policy(make_rule()).canonical


def test_the_shipped_policy_rests_a_sentence_on_every_promise() -> None:
    assert find_policy().promises.keys() == PROMISES.keys()
