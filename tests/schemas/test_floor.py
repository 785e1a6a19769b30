"""The floor of a policy: what it may say, and what a plan makes of it."""

import pytest

from kit.policies import OPERATE, make_contract, make_contracts, make_policy, make_rule
from remit_schemas.errors import PolicyError
from remit_schemas.evolve import check_policy
from remit_schemas.explain import explain
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy

RULES = (
    make_rule(field="ip", reduce={"ip": {}}),
    make_rule(field="page", reduce={"page": {}}),
    make_rule(field="status"),
    make_rule(field="occurred_at", reduce={"timestamp": {}}),
)


def make_floor(**changes: object) -> dict[str, object]:
    """Make a floor under `visit.page` and `visit.ip`."""
    return {
        "event": "visit",
        "columns": ["page", "ip"],
        "subjects_min": 10,
        "window": "1 day",
        "clause": "S005",
        "reason": "ten is a number",
    } | changes


def floored(**changes: object) -> Policy:
    return make_policy(*RULES, floors=[make_floor(**changes)])


def test_a_plan_has_the_floor_of_its_contract() -> None:
    floor = compile_plan(make_contract(), floored()).floor
    assert floor is not None
    assert dict(floor.columns) == {"page": "page", "ip": "ip"}
    assert (floor.subjects_min, floor.window.days) == (10, 1)


def test_a_policy_without_floors_or_for_another_contract_gives_none() -> None:
    assert compile_plan(make_contract(), make_policy(*RULES)).floor is None
    assert compile_plan(make_contract(), floored(event="other")).floor is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subjects_min": 1}, "greater than or equal to 2"),
        ({"subjects_min": "10"}, "valid integer"),
        ({"columns": []}, "at least 1"),
        ({"columns": ["page", "page"]}, "names one twice"),
        ({"window": "3 days"}, "from 1 hour to 47 hours"),
        ({"window": "soon"}, "number of hours or days"),
        ({"k": 5}, "k"),
    ],
)
def test_a_floor_that_cannot_be_is_refused(changes: dict[str, object], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        floored(**changes)


def test_a_second_floor_for_a_contract_is_refused() -> None:
    with pytest.raises(ValueError, match="second floor for visit"):
        make_policy(*RULES, floors=[make_floor(), make_floor()])


@pytest.mark.parametrize("column", ["pgae", "status", "occurred_at", "referrer"])
def test_a_column_that_is_no_text_a_reducer_leaves_is_refused(column: str) -> None:
    with pytest.raises(PolicyError, match="no text that a reducer leaves"):
        compile_plan(make_contract(), floored(columns=[column]))


def test_another_floor_gives_another_tagset_only_where_it_decides() -> None:
    outcome = compile_plan(make_contract(), floored()).outcome()
    names = {outcome.tagset, outcome.above("a").tagset, outcome.above("b").tagset}
    assert len(names) == 3
    assert outcome.above("a") == outcome.above("a")
    assert outcome.above("a").fields == outcome.fields


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"columns": ["page"]}, "visit: the floor spoke of ip, and does not"),
        ({"subjects_min": 9}, "visit: the floor was 10 subjects, is 9"),
        ({"window": "47 hours"}, "visit: the floor counted 1 day, counts 47 hours"),
    ],
)
def test_a_floor_that_lets_more_stand_is_looser(changes: dict[str, object], reason: str) -> None:
    contracts = make_contracts()
    assert check_policy(floored(), floored(**changes), contracts) == [reason]
    assert check_policy(floored(**changes), floored(), contracts) == []


def test_taking_a_floor_away_is_looser() -> None:
    contracts = make_contracts()
    assert check_policy(floored(), make_policy(*RULES), contracts) == [
        "visit: had a floor, and has none"
    ]
    assert check_policy(make_policy(*RULES), floored(), contracts) == []


def test_a_floor_is_explained_with_its_number_its_window_and_its_sentence() -> None:
    said = explain(compile_plan(make_contract(), floored())).floor or ""
    assert all(words in said for words in ("page, ip", "10 subjects", "1 day", "S005"))
    assert OPERATE not in said
