"""Which version of the text the policy is of, and since when it holds."""

from datetime import date

import pytest

from remit_schemas.policy import find_policy


@pytest.mark.clause("S002", "S003")
def test_the_policy_came_into_force_and_was_changed_on_the_days_that_its_text_says() -> None:
    policy = find_policy("salesmartly/2021-11-01")
    assert policy.effective_on == date(2021, 3, 9)
    assert policy.updated_on == date(2021, 11, 1)
    assert policy.version == policy.updated_on.isoformat()
