"""An impact assessment, filled in as far as policy and receipts reach."""

from kit.policies import REPORT, make_contracts, make_policy, make_rule
from remit_consumers.lake.floors import Crowd
from remit_consumers.proof.dpia import NOT_MEASURED, dpia
from remit_consumers.proof.report import Report, Traits
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy

OUTCOMES = dict.fromkeys(
    ("offered", "stored", "refused", "quarantined", "let_go", "expired", "in_flight"), 0
)


def make_report(**changes: object) -> Report:
    """Make a report of one contract."""
    whole: dict[str, object] = {
        "contracts": {"visit": OUTCOMES | {"offered": 90, "stored": 90}},
        "categories": {},
    }
    return Report(**(whole | changes))  # type: ignore[arg-type]


def test_without_a_lake_it_says_that_nothing_is_measured() -> None:
    text = dpia(find_policy(None), builtin())
    assert text.count(NOT_MEASURED) == 3
    assert dpia(find_policy(None), builtin(), Report(contracts={}, categories={})) == text


def test_every_stored_field_has_its_reason() -> None:
    policy = find_policy(None)
    text = dpia(policy, builtin())
    assert all(" ".join(rule.reason.split()).replace("|", "\\|") in text for rule in policy.rules)


def test_figures_come_from_the_receipts_and_bits_are_those_of_one_value() -> None:
    reducers = {"ip": {"values_in": 10, "values_out": 10, "bits_in": 80, "bits_out": 30}}
    text = dpia(
        make_policy(make_rule()),
        make_contracts(),
        make_report(reducers=reducers),
    )
    assert "| visit | 90 | 90 | 0 |" in text
    assert "| ip | 10 | 8.0 | 3.0 |" in text


def test_counts_of_few_people_are_not_shown() -> None:
    traits = Traits("w", 10, 7, Crowd(40, 6, 3), Crowd(20, 0, 0), {})
    consents = {REPORT: {"given": 4, "refused": 0, "withdrawn": 12}}
    text = dpia(
        make_policy(make_rule()),
        make_contracts(),
        make_report(floors={"visit": traits}, consents=consents),
    )
    assert "| visit | came | 40 | <10 | <10 | <10 |" in text
    assert f"| {REPORT} | <10 | 0 | 12 |" in text


def test_risks_that_are_left_are_named() -> None:
    kept = make_policy(*(make_rule(field=name) for name in ("ip", "page")))
    assert "visit.ip is kept as it came" in dpia(kept, make_contracts())
    reduced = [
        make_rule(field="ip", reduce={"ip": {}}),
        make_rule(field="page", reduce={"page": {}}),
        make_rule(field="referrer", reduce={"referrer": {}}),
    ]
    assert "visit has no floor: ip, page, referrer" in dpia(make_policy(*reduced), make_contracts())
    unread = make_report(contracts={"visit": OUTCOMES | {"offered": 1, "expired": 1}})
    assert "in quarantine or expired: visit" in dpia(kept, make_contracts(), unread)
