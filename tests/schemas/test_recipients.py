"""The section on recipients: what it can say, and what is refused before anything runs."""

from typing import Any

import pytest
from pydantic import ValidationError

from kit.policies import IMPROVE, OPERATE, REPORT, make_contract, make_field, make_policy, make_rule
from remit_schemas.contract import builtin
from remit_schemas.errors import PolicyError
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy
from remit_schemas.recipients import ADVERTISING, CELL_MIN, COUNTED, CROWD


def recipient(**changes: object) -> dict[str, Any]:
    """Make a recipient that gets `visit.ip` to run the service; None takes a key away."""
    one = {
        "role": "processor",
        "case": "entrusted",
        "purposes": [OPERATE],
        "fields": {"visit": ["ip"]},
        "clause": "S006",
        "reason": "a task is a task",
    }
    return {key: value for key, value in (one | changes).items() if value is not None}


def policy(*rules: dict[str, object], **recipients: object) -> Policy:
    return make_policy(*(rules or (make_rule(),)), recipients=recipients)


def complaint(one: dict[str, Any], **others: object) -> str:
    with pytest.raises(ValidationError) as caught:
        policy(acme=one, **others)
    return str(caught.value)


ADS: dict[str, Any] = {"role": "advertising_analytics", "fields": None}
REACH = {"event": "visit", "by": ["page"]}


@pytest.mark.clause("S062", "S063a", "S064", "S066b")
@pytest.mark.parametrize("role", COUNTED)
def test_who_gets_figures_gets_no_field(role: str) -> None:
    assert "no field" in complaint(recipient(role=role)) or "no record" in complaint(
        recipient(role=role)
    )
    small = recipient(role=role, fields=None, subjects_min=CELL_MIN - 1)
    assert "10 subjects at least" in complaint(small)


@pytest.mark.clause("S063a")
def test_partners_for_advertising_get_three_figures_and_no_others() -> None:
    for name in ADVERTISING:
        assert policy(acme=recipient(**ADS, measures={name: REACH})).recipients["acme"].measures
    assert "placement, reach" in complaint(recipient(**ADS, measures={"spend": REACH}))
    assert "figures are for" in complaint(recipient(measures={"reach": REACH}))


@pytest.mark.clause("S059a", "S053e")
@pytest.mark.parametrize("word", ["*", "all", "any", "essential.*"])
def test_there_is_no_wildcard(word: str) -> None:
    assert "no wildcard" in complaint(recipient(purposes=[word]))
    assert "no wildcard" in complaint(recipient(sub_recipients=[word]))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"purposes": ["essential.servce"]}, "no purpose"),
        ({"purposes": []}, "at least 1"),
        ({"sub_recipients": ["somebody"]}, "is no recipient of this policy"),
        ({"case": "legal"}, "in the case entrusted only"),
        ({"role": "vendor", "case": "consent"}, 'needs "consent"'),
        ({"role": "public", "case": "public"}, 'needs "consent"'),
        ({"role": "vendor", "case": "consent", "consent": OPERATE}, "no optional purpose"),
        ({"exact": True}, "is exact"),
        ({"field": ["ip"]}, "field"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, object], words: str) -> None:
    assert words in complaint(recipient(**changes))


@pytest.mark.clause("S054a", "S059b")
def test_a_recipient_lists_only_what_is_stored_for_its_purposes() -> None:
    contract = make_contract()
    plan = compile_plan(contract, policy(acme=recipient()))
    assert plan.fields["ip"].recipients == ("acme",)
    assert plan.fields["page"].recipients == ()
    for changes, words in (
        ({"fields": {"visit": ["pages"]}}, "no field of it"),
        ({"fields": {"visit": ["page"]}}, "nothing is stored"),
        ({"purposes": [IMPROVE]}, "no rule stores for its purposes"),
    ):
        with pytest.raises(PolicyError, match=words):
            compile_plan(contract, policy(acme=recipient(**changes)))


@pytest.mark.clause("S054b")
def test_what_is_sensitive_takes_a_consent_of_its_own_but_where_a_law_asks() -> None:
    contract = make_contract(make_field("proof", "user.government_id"))
    rule = make_rule(field="proof", purposes=[OPERATE, REPORT])
    listed = {"visit": ["proof"]}
    with pytest.raises(PolicyError, match="S054b"):
        compile_plan(contract, policy(rule, acme=recipient(fields=listed)))
    for allowed in (
        recipient(fields=listed, consent=REPORT),
        recipient(fields=listed, role="authority", case="legal"),
    ):
        plan = compile_plan(contract, policy(rule, acme=allowed))
        assert plan.fields["proof"].recipients == ("acme",)


def test_rule_and_list_agree() -> None:
    contract = make_contract()
    agreed = make_rule(recipients=["acme"])
    assert compile_plan(contract, policy(agreed, acme=recipient())).fields["ip"].recipients == (
        "acme",
    )
    with pytest.raises(PolicyError, match="other recipients"):
        compile_plan(contract, policy(agreed, acme=recipient(), other=recipient()))
    with pytest.raises(ValidationError, match="no recipient of this policy"):
        policy(make_rule(recipients=["nobody"]), acme=recipient())


@pytest.mark.clause("S063a")
def test_figures_are_by_closed_lists_only() -> None:
    contract = make_contract()
    closed = make_rule(field="page", reduce={"closed": {"values": ["a", "b"]}})
    ads = recipient(**ADS, measures={"reach": REACH})
    assert compile_plan(contract, policy(closed, acme=ads)).fields["page"].reducer == "closed"
    open_ended = make_rule(field="page", reduce={"identifier": {}})
    with pytest.raises(PolicyError, match="no closed list"):
        compile_plan(contract, policy(open_ended, acme=ads))


def test_a_policy_without_recipients_is_the_policy_that_it_was() -> None:
    assert b'"recipients":{}' not in make_policy(make_rule()).canonical


@pytest.mark.clause("S039", "S040", "S052", "S053a", "S053b", "S053d", "S058", "S066a")
def test_the_recipients_that_are_shipped_are_those_of_the_text() -> None:
    shipped = find_policy().recipients
    plans = [compile_plan(builtin().by_name(name), find_policy()) for name in builtin().names]
    got = {
        name: {
            f"{plan.contract}.{field.field}"
            for plan in plans
            for field in plan.fields.values()
            if name in field.recipients
        }
        for name in shipped
    }
    payment = {f"payment.{one}" for one in ("occurred_at", "method", "progress", "source")}
    assert got["alipay"] == got["wechat-pay"] == payment
    nothing = {name for name, fields in got.items() if not fields}
    assert nothing == {
        *("sellers", "successor", "research", "advertising-and-analytics-partners"),
        *("affiliated-account-services", "affiliated-recommendations", "affiliated-protection"),
    }
    assert all(one.exact or one.subjects_min >= CELL_MIN for one in shipped.values())
    assert {one.subjects_min for name, one in shipped.items() if name not in nothing} == {CROWD}
    assert not any(field.endswith(".ip") for fields in got.values() for field in fields)
