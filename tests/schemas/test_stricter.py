"""The stricter of two plans stores nothing that either of them refuses, for no purpose that either lacks, no longer."""

from datetime import timedelta
from types import MappingProxyType

from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.category import Basis, Decision, Necessity
from remit_schemas.contract import builtin
from remit_schemas.decided import FieldPlan, Purpose
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy
from remit_schemas.stricter import stricter

PLAN = compile_plan(builtin().by_name("page_view"), find_policy(None))
KEYS = ("analytics.reporting", "essential.service", "functional.service.improve")
REDUCTIONS = (None, ("ip", 24), ("ip", 16), ("presence", 1))


def purposes() -> st.SearchStrategy[tuple[Purpose, ...]]:
    """Purposes, each required or optional."""
    necessities = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(Necessity), min_size=1)
    return necessities.map(
        lambda found: tuple(
            Purpose(key, found[key], Basis.CONSENT, "S001") for key in sorted(found)
        )
    )


@st.composite
def field_plans(draw: st.DrawFn, name: str) -> FieldPlan:
    """Whatever a policy may say of a field."""
    refused = draw(st.booleans()) and draw(st.booleans())
    reduction = None if refused else draw(st.sampled_from(REDUCTIONS))
    decision = Decision.REDUCE if reduction else Decision.KEEP
    return FieldPlan(
        field=name,
        category=PLAN.fields[name].category,
        decision=Decision.REFUSE if refused else decision,
        reducer=reduction[0] if reduction else None,
        parameters=MappingProxyType({"bits": reduction[1]} if reduction else {}),
        purposes=() if refused else draw(purposes()),
        keep_for=None if refused else timedelta(days=draw(st.integers(1, 999))),
        recipients=() if refused else tuple(draw(st.sets(st.sampled_from(("one", "two"))))),
        clause="S001",
        reason="",
    )


@st.composite
def plans(draw: st.DrawFn, version: str) -> Plan:
    """A plan of a contract under a version of some policy."""
    fields = {name: draw(field_plans(name)) for name in list(PLAN.fields)[:3]}
    changed = {"fields": fields, "policy_version": version, "retention": None}
    kept = {name: getattr(PLAN, name) for name in Plan.__dataclass_fields__}
    return Plan(**(kept | changed))


@given(plans("1"), plans("2"), st.sets(st.sampled_from(KEYS)))
def test_nothing_is_stored_that_would_be_refused_then_or_now(
    then: Plan, now: Plan, granted: set[str]
) -> None:
    agreed = frozenset(granted)
    both = then.outcome(agreed), now.outcome(agreed)
    strict = stricter(then, now)
    outcome = strict.outcome(agreed)
    for name, found in outcome.fields.items():
        if found.decision is Decision.REFUSE:
            continue
        for plan, one in zip((then, now), both, strict=True):
            assert one.fields[name].decision is not Decision.REFUSE
            assert set(found.purposes) <= set(one.fields[name].purposes)
            assert strict.kept_for(name, found.purposes) <= plan.kept_for(name, found.purposes)
            assert set(strict.fields[name].recipients) <= set(plan.fields[name].recipients)
            reduced = plan.fields[name].reducer
            assert reduced in {None, strict.fields[name].reducer}, "no reducer is taken back"


@given(plans("1"), plans("2"))
def test_what_both_say_alike_stays_and_the_version_of_its_time_governs(
    then: Plan, now: Plan
) -> None:
    assert stricter(then, then) is then
    same = Plan(
        **(
            {name: getattr(then, name) for name in Plan.__dataclass_fields__}
            | {"policy_version": "2"}
        )
    )
    assert stricter(then, same).fields == then.fields
    assert stricter(then, now).policy_version == "1"
