"""What the edge tells a tracker of the policy: which fields wait for an agreement."""

import pytest

from kit.edge_process import EdgeProcess
from kit.spooled import Home
from kit.watching import until
from remit_schemas.contract import builtin
from remit_schemas.notice import Notice
from remit_schemas.plan import compile as compile_plan


def optional_fields(edge: EdgeProcess) -> dict[str, list[str]]:
    """The fields and their purposes, as the edge says them now."""
    found = edge.ask("GET", "/v1/policy/summary").said["optional_fields"]
    assert isinstance(found, dict)
    return found


def test_the_fields_that_wait_for_an_agreement_are_those_that_a_refusal_of_everything_withholds(
    home: Home, edge: EdgeProcess
) -> None:
    plan = compile_plan(builtin().by_name("page_view"), home.bundle.policy)
    said = optional_fields(edge)
    assert set(said) == plan.withheld(plan.optional_purposes)
    for field, purposes in said.items():
        for purpose in purposes:
            assert field not in plan.withheld(plan.optional_purposes - {purpose})


def test_a_field_of_a_stopped_category_is_not_among_them(home: Home, edge: EdgeProcess) -> None:
    assert {"viewport", "hardware"} <= set(optional_fields(edge))
    home.publish(stopped=frozenset({"user.device"}))
    until(lambda: "viewport" not in optional_fields(edge), "the kill switch is not taken up")
    assert set(optional_fields(edge)) == {"referrer", "duration_ms", "utc_offset"}


@pytest.mark.clause("S114a", "S114b")
def test_what_the_policy_widens_is_told_to_whoever_shows_notices(
    home: Home, edge: EdgeProcess
) -> None:
    assert edge.ask("GET", "/v1/policy/summary").said["notice"] is None
    changes = ("page_view.ip: was kept for 7 days, is for 30 days",)
    home.publish(notice=Notice(since="2021-03-09", changes=changes))

    def told() -> object:
        return edge.ask("GET", "/v1/policy/summary").said["notice"]

    until(lambda: told() is not None, "the notice is not taken up")
    assert told() == {"since": "2021-03-09", "changes": [*changes]}
