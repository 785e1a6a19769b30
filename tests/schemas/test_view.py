"""What a policy asks of the view of a purpose."""

import json

import pytest

from kit.policies import REPORT, make_policy, make_rule
from remit_schemas.errors import PolicyError
from remit_schemas.policy import policy_from_json

TERMS = {"subjects_min": 10, "subject": "daily", "clause": "S003", "reason": "ten is a number"}


def test_a_policy_says_what_the_view_of_a_purpose_does() -> None:
    policy = make_policy(make_rule(), views={REPORT: TERMS})
    assert policy.views[REPORT].subjects_min == 10
    assert policy_from_json(policy.canonical) == policy


def test_a_policy_that_asks_nothing_of_views_keeps_its_hash() -> None:
    policy = make_policy(make_rule())
    assert b"views" not in policy.canonical


@pytest.mark.parametrize(
    "views",
    [
        {"marketing": TERMS},
        {REPORT: TERMS | {"subject": "weekly"}},
        {REPORT: TERMS | {"subjects_min": 1}},
        {REPORT: {"subjects_min": 10, "reason": "no clause"}},
    ],
    ids=["a purpose it has not", "an unknown word", "no crowd", "no clause"],
)
def test_views_that_cannot_be_are_refused(views: dict[str, object]) -> None:
    asked = make_policy(make_rule()).model_dump(mode="json", exclude_none=True) | {"views": views}
    with pytest.raises(PolicyError):
        policy_from_json(json.dumps(asked))
