"""Who is a minor where, and what a policy may say of them."""

import pytest
from pydantic import ValidationError

from kit.policies import IMPROVE, OPERATE, make_contracts, make_policy, make_rule
from remit_schemas.evolve import check_policy
from remit_schemas.minors import AGE_BANDS, AGE_MAX, MinorTerms
from remit_schemas.policy import Policy

TERMS: dict[str, object] = {
    "adult_from": {"default": 14, "TH": 20},
    "grounds": ["guardian_consent"],
    "never": [IMPROVE],
    "clause": "S004",
    "reason": "fourteen is a number",
}


def policy(**changes: object) -> Policy:
    return make_policy(make_rule(), minors=TERMS | changes)


@pytest.mark.clause("S115", "S117")
@pytest.mark.parametrize(
    ("band", "place", "is_minor"),
    [
        ("under_13", "CN", True),
        ("13", None, True),
        ("14", "CN", False),
        ("16_17", "TH", True),
        ("18_20", "TH", True),
        ("18_20", "CN", False),
        ("adult", "TH", False),
        ("unknown", "TH", False),
        (None, None, False),
        ("unreadable", "CN", True),
    ],
)
def test_who_may_be_below_the_age_of_their_law_is_a_minor(
    band: str | None, place: str | None, *, is_minor: bool
) -> None:
    assert MinorTerms.model_validate(TERMS).is_minor(band, place) is is_minor


def test_the_bands_stand_in_the_order_of_age() -> None:
    youngest = [age for age in AGE_BANDS.values() if age is not None]
    assert youngest == sorted(set(youngest))
    assert youngest[-1] == AGE_MAX


@pytest.mark.clause("S117")
def test_a_ground_that_the_policy_does_not_name_is_none() -> None:
    terms = MinorTerms.model_validate(TERMS)
    assert terms.allows("guardian_consent")
    for ground in ("protection", "", None):
        assert not terms.allows(ground)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"adult_from": {"CN": 14}}, "default"),
        ({"adult_from": {"default": 99}}, "less than or equal to 21"),
        ({"adult_from": {"default": 14, "China": 14}}, "pattern"),
        ({"grounds": ["because"]}, "Input should be"),
        ({"never": ["nothing"]}, "no purpose"),
        ({"never": [OPERATE]}, "is required"),
    ],
)
def test_terms_that_cannot_be_meant_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        policy(**changes)


@pytest.mark.clause("S113")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"grounds": ["guardian_consent", "protection"]},
            "minors: are collected on the ground of protection, and were not",
        ),
        (
            {"adult_from": {"default": 13, "TH": 20}},
            "minors: were minors up to 14 (default), are up to 13",
        ),
        ({"adult_from": {"default": 14}}, "minors: were minors up to 20 (TH), are up to 14"),
        ({"never": []}, "minors: were never used for functional.service.improve, and are"),
    ],
)
def test_less_protection_of_minors_is_a_widening(changes: dict[str, object], reason: str) -> None:
    contracts = make_contracts()
    assert check_policy(policy(), policy(**changes), contracts) == [reason]
    assert check_policy(policy(**changes), policy(), contracts) == []


def test_a_policy_without_terms_collects_nothing_of_minors_so_terms_widen_it() -> None:
    contracts = make_contracts()
    assert check_policy(make_policy(make_rule()), policy(), contracts)
    assert check_policy(policy(), make_policy(make_rule()), contracts) == []
