"""What a comparison of two versions tells: in words, in numbers, and by kind."""

import pytest

from kit.policies import (
    IMPROVE,
    OPERATE,
    PURPOSES,
    REPORT,
    make_contracts,
    make_policy,
    make_rule,
    rotated,
)
from remit_schemas.bits import MEASURED, bits_of
from remit_schemas.change import ChangeKind
from remit_schemas.contract import builtin
from remit_schemas.diff import diff
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, find_policy
from remit_schemas.specs import SPECS

CONTRACTS = make_contracts()
CONTRACTS_SHIPPED = builtin()
IP = make_rule(reduce={"ip": {}})
PAGE = make_rule(field="page", reduce={"page": {"allow": []}}, purposes=[REPORT])


def version(*rules: dict[str, object], **changes: object) -> Policy:
    return make_policy(*rules, **changes)


def test_what_is_newly_collected_is_named_with_category_purpose_time_and_bits() -> None:
    found = diff(version(IP), version(IP, PAGE), CONTRACTS)
    (page,) = found.collected
    assert (page.name, page.category) == ("visit.page", "user.behavior.browsing_history")
    assert page.words == "reduced by page, for analytics.reporting, kept 30 days (S003)"
    assert found.summary == f"+1 category, +{MEASURED['page']} bits"
    assert [change.text for change in found.widened] == ["visit.page: was refuse, is reduce"]


def test_the_other_way_round_it_is_dropped_and_nothing_is_wider() -> None:
    found = diff(version(IP, PAGE), version(IP), CONTRACTS)
    assert not found.widened
    assert [one.name for one in found.dropped] == ["visit.page"]
    assert found.summary == f"-1 category, -{MEASURED['page']} bits"
    assert [change.where for change in found.narrowed] == ["visit.page"]


@pytest.mark.parametrize(
    ("old", "new", "kind", "summary"),
    [
        (
            version(make_rule()),
            version(make_rule(keep_for="60 days")),
            ChangeKind.KEPT,
            "1 field is kept longer",
        ),
        (
            version(make_rule()),
            version(make_rule(recipients=["ads"])),
            ChangeKind.SHARED,
            "new recipient ads",
        ),
        (
            version(make_rule()),
            version(make_rule(purposes=[OPERATE, IMPROVE])),
            ChangeKind.USED,
            "1 change widens it",
        ),
        (
            version(make_rule(), pseudonyms=rotated("30 days")),
            version(make_rule()),
            ChangeKind.RIGHT,
            "1 right shrank",
        ),
        (
            version(make_rule(purposes=[REPORT])),
            version(
                make_rule(purposes=[REPORT]),
                purposes=PURPOSES | {REPORT: PURPOSES[OPERATE]},
            ),
            ChangeKind.RIGHT,
            "1 right shrank",
        ),
    ],
    ids=["kept longer", "shared wider", "used for more", "one pseudonym for ever", "not asked"],
)
@pytest.mark.clause("S112", "S113")
def test_every_kind_of_widening_is_told(
    old: Policy, new: Policy, kind: ChangeKind, summary: str
) -> None:
    found = diff(old, new, CONTRACTS)
    assert kind in {change.kind for change in found.widened}
    assert summary in found.summary
    assert found.to_json()["needs_consent"] is True


def test_a_version_and_itself_differ_in_nothing() -> None:
    found = diff(find_policy(), find_policy(), CONTRACTS_SHIPPED)
    assert found.summary == "no difference"
    assert not found.bits
    assert not found.widened


def test_every_reducer_of_a_policy_says_how_much_it_leaves() -> None:
    plans = [compile_plan(contract, find_policy()) for contract in CONTRACTS_SHIPPED]
    reduced = [field for plan in plans for field in plan.fields.values() if field.reducer]
    assert reduced
    assert [field.field for field in reduced if bits_of(field) is None] == []
    assert set(MEASURED) <= set(SPECS)
