"""Alternatives: what a policy may say of them, and what a plan makes of it."""

import pytest

from kit.policies import (
    BY_CONTRACT,
    OPERATE,
    PURPOSES,
    REPORT,
    make_contract,
    make_contracts,
    make_policy,
    make_rule,
)
from remit_schemas.category import Decision
from remit_schemas.check import check
from remit_schemas.errors import PolicyError
from remit_schemas.evolve import check_policy
from remit_schemas.explain import explain
from remit_schemas.plan import ANOTHER_SUFFICES, Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy

RULES = (
    make_rule(field="ip", reduce={"ip": {}}, purposes=[OPERATE, REPORT]),
    make_rule(field="page", reduce={"page": {}}, purposes=[OPERATE, REPORT]),
    make_rule(field="referrer", reduce={"referrer": {}}),
    make_rule(field="status", purposes=[REPORT]),
    make_rule(field="occurred_at", reduce={"timestamp": {}}),
)


def policy(*fields: str, **changes: object) -> Policy:
    """Make a policy in which one of these fields suffices."""
    one = {"event": "visit", "fields": list(fields), "clause": "S005", "reason": "one will do"}
    purposes = {OPERATE: BY_CONTRACT, REPORT: PURPOSES[REPORT]}
    return make_policy(*RULES, alternatives=[one | changes], purposes=purposes)


def plan(*fields: str) -> Plan:
    return compile_plan(make_contract(), policy(*fields))


def looser(before: Policy, after: Policy) -> list[str]:
    return check_policy(before, after, make_contracts())


@pytest.mark.parametrize(
    ("fields", "changes", "words"),
    [
        ((), {}, "at least 1"),
        (("ip", "ip"), {}, "names one twice"),
        (("ip", "page"), {"k": 5}, "k"),
        (("ip", "page"), {"clause": "first"}, "clause"),
    ],
)
def test_alternatives_that_cannot_be_are_refused(
    fields: tuple[str, ...], changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        policy(*fields, **changes)


def test_a_second_set_for_a_contract_is_refused() -> None:
    one = {"event": "visit", "fields": ["ip", "page"], "clause": "S005", "reason": "one"}
    with pytest.raises(ValueError, match="a second set of alternatives for visit"):
        make_policy(*RULES, alternatives=[one, one])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (("ip", "pag"), "'pag', which is no field of it"),
        (("ip", "status"), "'status', which is not stored for a required purpose"),
    ],
)
def test_what_could_not_suffice_does_not_compile(fields: tuple[str, ...], words: str) -> None:
    with pytest.raises(PolicyError, match=words):
        plan(*fields)


def test_alternatives_of_a_contract_that_is_not_there_are_named() -> None:
    assert any(
        "the alternatives of order: there is no contract" in problem
        for problem in check(policy("ip", "page", event="order"), make_contracts())
    )


@pytest.mark.clause("S023a", "S023b")
def test_what_stands_behind_the_first_that_is_there_is_spare() -> None:
    found = plan("ip", "page", "referrer")
    values = {"ip": None, "page": "/", "referrer": "x"}
    assert found.spare(values) == {"referrer"}
    assert found.spare(values | {"ip": "::1"}) == {"page", "referrer"}
    assert found.spare(values | {"ip": "", "page": ""}) == frozenset()
    assert found.spare(dict.fromkeys(values)) == frozenset()


@pytest.mark.clause("S028a")
def test_a_single_field_must_be_there_and_nothing_is_spare() -> None:
    found = plan("ip")
    assert found.spare({"ip": "::1", "page": "/"}) == frozenset()
    assert str(explain(found).to_json()["alternatives"]).startswith("ip must be there, or")
    none = make_policy(*RULES, purposes={OPERATE: BY_CONTRACT, REPORT: PURPOSES[REPORT]})
    assert looser(policy("ip"), none) == ["visit: ip had to be there"]


@pytest.mark.clause("S023b")
def test_what_is_spare_is_stored_for_nothing_but_what_is_agreed_to() -> None:
    found = plan("ip", "page", "referrer")
    spare = frozenset({"page", "referrer"})
    without, agreed = found.outcome(frozenset(), spare), found.outcome(frozenset({REPORT}), spare)
    assert without.fields["ip"].purposes == (OPERATE,)
    assert without.fields["page"].decision is Decision.REFUSE
    assert without.fields["page"].reason == f"no consent to {REPORT}"
    assert agreed.fields["page"].purposes == (REPORT,)
    assert agreed.fields["page"].basis == "consent"
    assert agreed.fields["referrer"].reason == ANOTHER_SUFFICES
    assert len({without.tagset, agreed.tagset, found.outcome().tagset}) == 3


def test_a_policy_without_alternatives_has_the_hash_it_had() -> None:
    assert b"alternatives" not in make_policy(*RULES).canonical
    assert b"alternatives" in policy("ip", "page").canonical


def test_a_policy_whose_alternatives_go_or_change_their_order_is_looser() -> None:
    both = policy("ip", "page")
    none = make_policy(*RULES, purposes={OPERATE: BY_CONTRACT, REPORT: PURPOSES[REPORT]})
    assert looser(none, both) == looser(both, both) == []
    assert looser(both, none) == ["visit: one of ip, page sufficed, and all are stored"]
    assert looser(both, policy("page", "ip")) == [
        "visit: page was more than is needed beside ip, and is not"
    ]
    assert looser(both, policy("ip", "page", "referrer")) == [
        "visit: referrer alone suffices, and did not"
    ]
    assert looser(policy("ip", "page", "referrer"), policy("ip", "referrer")) == [
        "visit: page was more than is needed beside ip, and is not",
        "visit: referrer was more than is needed beside page, and is not",
    ]


def test_an_explanation_says_which_suffices() -> None:
    said = explain(plan("ip", "page")).to_json()["alternatives"]
    assert str(said).startswith("One of ip, page must be there")
    assert "(S005)" in str(said)
