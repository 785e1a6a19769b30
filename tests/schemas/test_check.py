"""What is said against a policy that can be read."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.policies import REPORT, make_contract, make_contracts, make_field, make_policy, make_rule
from remit_schemas.check import check
from remit_schemas.contract import CONSENT_CHANGE, Contract, builtin
from remit_schemas.plan import (
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import Policy, find_policy


def test_nothing_is_said_against_what_is_shipped() -> None:
    assert check(find_policy(), builtin()) == []


def said_against(policy: Policy, contract: Contract | None = None) -> str:
    return "\n".join(check(policy, make_contracts(contract or make_contract())))


def test_every_field_without_a_rule_is_said() -> None:
    said = said_against(make_policy(make_rule(reduce={"ip": {}})))
    assert "visit.page: no rule names it" in said
    assert "visit.ip" not in said


def test_a_contract_that_is_shipped_and_that_no_rule_names_is_not_in_use() -> None:
    known = [make_contract(), builtin().by_name("page_view")]
    rules = [make_rule(category=one.category, field=None, refuse=True) for one in known[0].fields]
    unique = {str(rule["category"]): rule for rule in rules}
    policy = make_policy(*unique.values())
    assert "page_view" not in "\n".join(check(policy, make_contracts(*known)))
    assert "other.page: no rule names it" in "\n".join(
        check(policy, make_contracts(*known, make_contract(name="other")))
    )


def test_a_text_that_nothing_makes_smaller_is_said() -> None:
    assert "visit.ip is a text that is kept as it came" in said_against(make_policy(make_rule()))
    number = make_policy(make_rule(field="status"))
    assert "kept as it came" not in said_against(number)


def test_a_field_that_is_refused_on_purpose_is_not_said() -> None:
    assert "visit.ip" not in said_against(make_policy(make_rule(refuse=True)))


def test_a_rule_for_a_contract_that_does_not_exist_is_said() -> None:
    assert "there is no contract 'visti'" in said_against(make_policy(make_rule(event="visti")))


def test_a_rule_for_a_category_that_no_field_has_left_is_said() -> None:
    lonely = make_policy(make_rule(category="user.device.ip_address"), make_rule())
    assert "visit, user.device.ip_address matches no field" in said_against(lonely)
    assert "matches no field" in said_against(make_policy(make_rule(category="user.device")))


def test_a_purpose_without_a_rule_is_said() -> None:
    assert f"purpose '{REPORT}': no rule uses it" in said_against(make_policy(make_rule()))


def test_what_does_not_compile_is_said_and_the_rest_still_checked() -> None:
    other = make_contract(name="call")
    contracts = make_contracts(make_contract(), other)
    said = "\n".join(check(make_policy(make_rule(reduce={"timestamp": {}})), contracts))
    assert "visit.ip is string" in said
    assert "call.ip: no rule names it" in said


def test_a_rule_that_a_prohibition_beats_is_said() -> None:
    contract = make_contract(make_field("ip", "user.biometric"))
    assert "has no effect: its category is prohibited" in said_against(
        make_policy(make_rule()), contract
    )


def test_a_consent_that_shortens_the_life_of_a_row_is_said() -> None:
    rules = [make_rule(), make_rule(field="page", purposes=[REPORT], keep_for="7 days")]
    said = said_against(make_policy(*rules))
    assert "visit.page is kept for 7 days, its row without it for 30 days" in said
    rules[1]["keep_for"] = "40 days"
    assert "kept longer" not in said_against(make_policy(*rules))


@given(st.sampled_from(["5 days", "6 days"]), st.sampled_from(["5 days", "6 days"]))
def test_where_nothing_is_said_no_consent_changes_how_long_a_row_is_kept(
    one: str, other: str
) -> None:
    rules = [
        make_rule(purposes=[REPORT], keep_for=one),
        make_rule(field="page", purposes=["functional.service.improve"], keep_for=other),
    ]
    policy = make_policy(*rules)
    plan = compile(make_contract(), policy)
    both = plan.outcome(plan.optional_purposes).keep_for
    less = plan.outcome(frozenset({REPORT})).keep_for
    assert ("kept longer" in said_against(policy)) or less == both


SAID = {
    "purpose": [REPORT, "functional.service.improve"],
    "status": ["given", "withdrawn"],
    "agreed_version": ["2026-01-01"],
}


@pytest.mark.parametrize(
    ("changed", "words", "said"),
    [
        ("purpose", [REPORT], "purpose: its list lacks functional.service.improve"),
        ("status", ["withdrawn"], "status: its list lacks given"),
        ("agreed_version", ["2025-01-01"], "agreed_version: its list lacks 2026-01-01"),
        ("agreed_version", None, "agreed_version is refused"),
    ],
)
def test_a_consent_that_the_ledger_could_not_hear_is_said(
    changed: str, words: Sequence[str] | None, said: str
) -> None:
    contract = make_contract(*(make_field(name) for name in SAID), name=CONSENT_CHANGE)

    def rule(name: str, values: Sequence[str] | None) -> dict[str, object]:
        same: dict[str, object] = {"event": CONSENT_CHANGE, "field": name}
        way: dict[str, object] = {"reduce": {"closed": {"values": values}}}
        return make_rule(**same, **(way if values else {"refuse": True}))

    whole = [rule(name, values) for name, values in SAID.items()]
    assert CONSENT_CHANGE not in said_against(make_policy(*whole), contract)
    less = [rule(name, values) for name, values in (SAID | {changed: words}).items()]
    assert f"{CONSENT_CHANGE}.{said}" in said_against(make_policy(*less), contract)
