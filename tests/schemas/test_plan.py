"""The rule: what becomes of a field is what the policy says, less what nobody consented to."""

import random
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.policies import (
    IMPROVE,
    OPERATE,
    REPORT,
    SERVE,
    make_contract,
    make_field,
    make_policy,
    make_rule,
)
from remit_schemas.category import Decision, Necessity
from remit_schemas.contract import builtin
from remit_schemas.decided import FieldPlan, Outcome
from remit_schemas.errors import PolicyError
from remit_schemas.plan import (
    NOT_NAMED,
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import Policy, find_policy
from remit_schemas.rule import Rule

OPTIONAL = (REPORT, IMPROVE)
KEEP, REDUCE, REFUSE = Decision


def plan_of(field: str, *rules: dict[str, object]) -> FieldPlan:
    return compile(make_contract(), make_policy(*rules)).fields[field]


# The table: a rule, and what it makes of visit.ip.


@pytest.mark.parametrize(
    ("rules", "decision"),
    [
        ([], REFUSE),
        ([make_rule()], KEEP),
        ([make_rule(reduce={"ip": {}})], REDUCE),
        ([make_rule(refuse=True)], REFUSE),
        ([make_rule(category="user.device.ip_address")], KEEP),
        ([make_rule(category="user.device")], REFUSE),
        ([make_rule(event="another")], REFUSE),
        ([make_rule(field="page")], REFUSE),
        ([make_rule(category="user.device.ip_address"), make_rule(refuse=True)], REFUSE),
        ([make_rule(refuse=True), make_rule(category="user.device.ip_address")], REFUSE),
        ([make_rule(), make_rule(category="user.device.ip_address", refuse=True)], KEEP),
        ([make_rule(category="user.device.ip_address"), make_rule(reduce={"ip": {}})], REDUCE),
    ],
)
def test_what_a_rule_makes_of_a_field(rules: list[dict[str, object]], decision: Decision) -> None:
    assert plan_of("ip", *rules).decision is decision


@pytest.mark.clause("S023b", "S025")
def test_a_field_that_no_rule_names_says_so_and_cites_nothing() -> None:
    plan = plan_of("ip", make_rule(field="page"))
    assert (plan.reason, plan.clause, plan.purposes, plan.keep_for) == (NOT_NAMED, None, (), None)
    assert not plan.is_prohibited


def test_a_field_plan_carries_what_the_rule_says() -> None:
    rule = make_rule(
        reduce={"ip": {"v4_bits": 16}},
        purposes=[SERVE, REPORT, OPERATE],
        recipients=["designers"],
    )
    plan = plan_of("ip", rule)
    assert plan.reducer == "ip"
    assert plan.parameters == {"v4_bits": 16, "v6_bits": 48}
    assert [purpose.key for purpose in plan.purposes] == sorted([SERVE, REPORT, OPERATE])
    assert [purpose.clause for purpose in plan.purposes] == ["S002", "S001", "S001"]
    assert (plan.keep_for, plan.recipients) == (timedelta(days=30), ("designers",))
    assert (plan.clause, plan.reason) == ("S003", "thirty is a number")


def test_a_refused_field_carries_the_clause_that_refuses_it() -> None:
    plan = plan_of("ip", make_rule(refuse=True, clause="S009", reason="promised"))
    assert (plan.clause, plan.reason, plan.is_prohibited) == ("S009", "promised", False)


@pytest.mark.parametrize("category", ["user.biometric", "user.financial.credit_card"])
def test_what_is_prohibited_is_refused_whatever_a_rule_says(category: str) -> None:
    contract = make_contract(make_field("ip", category))
    plan = compile(contract, make_policy(make_rule())).fields["ip"]
    assert plan.decision is REFUSE
    assert plan.is_prohibited


def test_a_prohibition_by_the_policy_cites_its_clause_and_one_by_the_vocabulary_none() -> None:
    contract = make_contract(
        make_field("face", "user.biometric"), make_field("card", "user.financial.credit_card")
    )
    fields = compile(contract, make_policy()).fields
    assert (fields["face"].clause, fields["face"].reason) == ("S004", "never")
    assert (fields["card"].clause, fields["card"].is_prohibited) == (None, True)


# It fails closed: every mistake is an error that names the field, none is a guess.


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (make_rule(field="ipp"), "visit has no field 'ipp'; did you mean \"ip\"?"),
        (make_rule(reduce={"timestamp": {}}), "visit.ip is string, and reducer 'timestamp' takes timestamp"),
        (make_rule(field="status", reduce={"page": {}}), "visit.status is int, and reducer 'page' takes string"),
        (make_rule(field="occurred_at", reduce={"ip": {}}), "visit.occurred_at is timestamp, and reducer 'ip' takes string"),
    ],
)  # fmt: skip
def test_a_rule_that_does_not_fit_the_contract_is_an_error(
    rule: dict[str, object], said: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        compile(make_contract(), make_policy(rule))
    assert said in str(caught.value)
    assert "policy test 2026-01-01" in str(caught.value)


def slipped_past(**changes: object) -> Policy:
    """Make a policy with a rule that pydantic never saw, as another program might hand one on."""
    rule = Rule.model_validate(make_rule()).model_copy(update=changes)
    return make_policy().model_copy(update={"rules": (rule,)})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"keep": None, "reduce": {"shred": {}}}, "unknown reducer 'shred'"),
        ({"keep": None, "reduce": {"ip": {"bits": 8}}}, "has no parameter 'bits'"),
        ({"keep": None, "reduce": {"ip": {"v4_bits": 32}}}, "is 32"),
        ({"keep": None}, "decides nothing"),
        ({"purposes": ("essential.servce",)}, "unknown purpose 'essential.servce'"),
        ({"purposes": ()}, "without a purpose"),
        ({"keep_for": None}, "without a purpose or a keep_for"),
    ],
)
def test_a_policy_that_was_never_validated_still_fails_closed(
    changes: dict[str, object], said: str
) -> None:
    with pytest.raises(PolicyError, match=said):
        compile(make_contract(), slipped_past(**changes))


def test_a_field_of_an_unknown_category_is_an_error() -> None:
    with pytest.raises(PolicyError, match=r"visit\.mood is of an unknown category"):
        compile(make_contract(make_field("mood", "user.mood")), make_policy())


# Consent: what is left of a field is what a purpose that holds needs.


@pytest.mark.parametrize(
    ("purposes", "granted", "decision", "held"),
    [
        ([OPERATE], [], KEEP, [OPERATE]),
        ([OPERATE], [REPORT], KEEP, [OPERATE]),
        ([REPORT], [], REFUSE, []),
        ([REPORT], [IMPROVE], REFUSE, []),
        ([REPORT], [REPORT], KEEP, [REPORT]),
        ([REPORT, IMPROVE], [IMPROVE], KEEP, [IMPROVE]),
        ([REPORT, IMPROVE], [IMPROVE, REPORT], KEEP, [REPORT, IMPROVE]),
        ([OPERATE, REPORT], [], KEEP, [OPERATE]),
        ([OPERATE, REPORT], [REPORT], KEEP, [REPORT, OPERATE]),
        ([OPERATE], ["marketing", "nonsense"], KEEP, [OPERATE]),
    ],
)
def test_what_a_consent_makes_of_a_field(
    purposes: list[str], granted: list[str], decision: Decision, held: list[str]
) -> None:
    plan = compile(make_contract(), make_policy(make_rule(purposes=purposes)))
    decided = plan.outcome(frozenset(granted)).fields["ip"]
    assert (decided.decision, list(decided.purposes)) == (decision, held)


def test_the_basis_follows_the_purposes_that_hold() -> None:
    plan = compile(make_contract(), make_policy(make_rule(purposes=[OPERATE, REPORT])))
    assert plan.outcome().fields["ip"].basis == "contract"
    assert plan.outcome(frozenset({REPORT})).fields["ip"].basis == "consent,contract"
    assert plan.outcome().fields["page"].basis == ""


def test_a_field_refused_for_want_of_consent_says_which() -> None:
    plan = compile(make_contract(), make_policy(make_rule(purposes=[IMPROVE, REPORT])))
    reason = plan.outcome().fields["ip"].reason
    assert reason == "no consent to analytics.reporting, functional.service.improve"


@pytest.mark.parametrize(("granted", "precision"), [([], "day"), ([REPORT], "minute")])
def test_a_time_is_as_fine_as_the_purposes_that_hold_need_it(
    granted: list[str], precision: str
) -> None:
    rule = make_rule(
        field="occurred_at",
        purposes=[OPERATE, REPORT],
        reduce={"timestamp": {"precision": "day", "by_purpose": [f"{REPORT} minute"]}},
    )
    decided = compile(make_contract(), make_policy(rule)).outcome(frozenset(granted))
    assert decided.fields["occurred_at"].parameters["precision"] == precision


def test_a_precision_for_a_purpose_that_the_rule_does_not_have_is_an_error() -> None:
    rule = make_rule(
        field="occurred_at", reduce={"timestamp": {"by_purpose": [f"{REPORT} minute"]}}
    )
    with pytest.raises(PolicyError, match=f"precision for {REPORT}"):
        compile(make_contract(), make_policy(rule))


def test_a_contract_is_required_if_any_field_is() -> None:
    rules = [make_rule(purposes=[REPORT]), make_rule(field="page", purposes=[OPERATE, REPORT])]
    assert compile(make_contract(), make_policy(*rules)).necessity is Necessity.REQUIRED
    assert compile(make_contract(), make_policy(rules[0])).necessity is Necessity.OPTIONAL
    assert compile(make_contract(), make_policy()).necessity is Necessity.OPTIONAL


@pytest.mark.clause("S105a")
def test_a_row_goes_with_the_shortest_of_the_fields_it_stores() -> None:
    rules = [make_rule(), make_rule(field="page", keep_for="7 days", purposes=[REPORT])]
    plan = compile(make_contract(), make_policy(*rules))
    assert plan.outcome().keep_for == timedelta(days=30)
    assert plan.outcome(frozenset({REPORT})).keep_for == timedelta(days=7)
    assert compile(make_contract(), make_policy()).outcome().keep_for == timedelta()


def test_the_purposes_that_a_consent_could_change_are_known() -> None:
    plan = compile(make_contract(), make_policy(make_rule(purposes=[OPERATE, REPORT])))
    assert plan.optional_purposes == {REPORT}


def test_fields_stand_in_the_order_of_the_contract() -> None:
    plan = compile(make_contract(), make_policy(make_rule(field="status"), make_rule()))
    assert list(plan.fields) == ["ip", "page", "referrer", "status", "occurred_at"]
    assert list(plan.outcome().fields) == list(plan.fields)


def test_a_plan_cannot_be_changed() -> None:
    plan = compile(make_contract(), make_policy(make_rule()))
    with pytest.raises(TypeError):
        plan.fields["ip"] = plan.fields["page"]  # type: ignore[index] # that it fails is the point
    with pytest.raises(AttributeError):
        plan.policy = "other"  # type: ignore[misc] # the same


# Properties, over any rules for any fields.

REDUCERS: Mapping[str, dict[str, object]] = {
    "ip": {"ip": {}},
    "page": {"page": {}},
    "referrer": {"referrer": {}},
    "status": {},
    "occurred_at": {"timestamp": {"precision": "day"}},
}
CATEGORIES = ("user.device.ip_address", "user.behavior.browsing_history", "user.telemetry")
purposes = st.lists(st.sampled_from((OPERATE, SERVE, *OPTIONAL)), min_size=1, unique=True)
grants = st.frozensets(st.sampled_from((*OPTIONAL, "marketing")))


@st.composite
def rules(draw: st.DrawFn) -> dict[str, object]:
    target = draw(st.sampled_from([*REDUCERS, *CATEGORIES]))
    key = "field" if target in REDUCERS else "category"
    decision = draw(st.sampled_from(["keep", "reduce", "refuse"]))
    if decision == "refuse":
        return make_rule(**{key: target}, refuse=True)
    use: dict[str, object] = {"purposes": draw(purposes), "keep_for": draw(st.sampled_from(["1 day", "9 days"]))}  # fmt: skip
    if decision == "reduce" and REDUCERS.get(target):
        use["reduce"] = REDUCERS[target]
    return make_rule(**{key: target}, **use)


def target_of(rule: dict[str, object]) -> tuple[object, object]:
    return rule.get("field"), rule.get("category")


rule_lists = st.lists(rules(), max_size=8, unique_by=target_of)


def stored(outcome: Outcome) -> dict[str, frozenset[str]]:
    """Give the purposes of every field that is stored."""
    return {
        name: frozenset(field.purposes)
        for name, field in outcome.fields.items()
        if field.decision is not REFUSE
    }


@given(rule_lists, grants, grants)
def test_less_consent_never_keeps_more(
    written: list[dict[str, object]], more: frozenset[str], other: frozenset[str]
) -> None:
    plan = compile(make_contract(), make_policy(*written))
    much, less = stored(plan.outcome(more)), stored(plan.outcome(more & other))
    assert less.keys() <= much.keys()
    assert all(less[name] <= much[name] for name in less)


@pytest.mark.clause("S059a", "S105a")
@given(rule_lists, grants)
def test_a_field_is_stored_only_for_a_purpose_and_never_beyond_its_own_time(
    written: list[dict[str, object]], granted: frozenset[str]
) -> None:
    plan = compile(make_contract(), make_policy(*written))
    outcome = plan.outcome(granted)
    for name, held in stored(outcome).items():
        assert held
        assert held <= granted | {OPERATE, SERVE}
        assert outcome.keep_for <= (plan.fields[name].keep_for or timedelta())


@given(rule_lists, rules(), grants)
def test_adding_a_rule_never_loosens_another_field(
    written: list[dict[str, object]], added: dict[str, object], granted: frozenset[str]
) -> None:
    before = [rule for rule in written if target_of(rule) != target_of(added)]
    old = compile(make_contract(), make_policy(*before))
    new = compile(make_contract(), make_policy(*before, added))
    for name, field in old.fields.items():
        if added.get("field") != name and added.get("category") != field.category:
            assert new.fields[name] == field
            assert new.outcome(granted).fields[name] == old.outcome(granted).fields[name]


@given(rule_lists, grants, st.randoms(use_true_random=False))
def test_compiling_is_deterministic_and_does_not_see_the_order_of_rules(
    written: list[dict[str, object]], granted: frozenset[str], order: random.Random
) -> None:
    plan = compile(make_contract(), make_policy(*written))
    order.shuffle(written)
    again = compile(make_contract(), make_policy(*written))
    assert again == plan
    assert again.outcome(granted) == plan.outcome(granted)


@given(rule_lists)
def test_outcomes_share_a_tagset_exactly_when_they_decide_the_same(
    written: list[dict[str, object]],
) -> None:
    plan = compile(make_contract(), make_policy(*written))
    all_grants = [frozenset(), {REPORT}, {IMPROVE}, {REPORT, IMPROVE}, {"marketing"}]
    outcomes = [plan.outcome(frozenset(granted)) for granted in all_grants]
    for one, other in pairwise([*outcomes, outcomes[0]]):
        same = (stored(one), one.keep_for) == (stored(other), other.keep_for)
        assert (one.tagset == other.tagset) is same


@given(rule_lists, rule_lists)
def test_plans_that_decide_differently_have_other_tagsets(
    written: list[dict[str, object]], others: list[dict[str, object]]
) -> None:
    one = compile(make_contract(), make_policy(*written))
    other = compile(make_contract(), make_policy(*others))
    granted = frozenset(OPTIONAL)
    assert (one == other) == (one.outcome(granted).tagset == other.outcome(granted).tagset)


def test_a_tagset_is_sixteen_hex_digits_of_contract_policy_and_version() -> None:
    rule = make_rule()
    tagset = compile(make_contract(), make_policy(rule)).outcome().tagset
    assert len(tagset) == 16
    assert int(tagset, 16) >= 0
    later = make_policy(rule, version="2026-01-02")
    assert compile(make_contract(), later).outcome().tagset != tagset
    named = make_policy(rule, name="other")
    assert compile(make_contract(), named).outcome().tagset != tagset
    contract = make_contract(name="call")
    assert compile(contract, make_policy(make_rule(event="call"))).outcome().tagset != tagset


def test_all_that_is_shipped_compiles_and_refuses_what_rests_on_consent_or_is_the_ledgers() -> None:
    refused = {
        f"{contract.name}.{name}"
        for contract in builtin()
        for name, field in compile(contract, find_policy()).outcome().fields.items()
        if field.decision is REFUSE
        and not compile(contract, find_policy()).fields[name].is_prohibited
    }
    optional = {"campaign_entry", "profile_change", "store_change", "survey_answer"}
    assert {name.partition(".")[0] for name in refused} == {
        *("page_view", "consent_change"),
        *optional,
    }
    assert {name for name in refused if name.partition(".")[0] not in optional} == {
        "page_view.referrer",
        "page_view.duration_ms",
        "page_view.hardware",
        "page_view.screen",
        "page_view.viewport",
        "page_view.utc_offset",
        "consent_change.age_band",  # for the ledger alone
        "consent_change.guardian",
        "consent_change.jurisdiction",
        "consent_change.minor_basis",
    }
