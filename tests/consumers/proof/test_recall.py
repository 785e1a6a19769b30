"""Recall: measured on what the detector has never seen, and told with how sure one can be."""

import ast
from collections.abc import Iterator
from random import Random

import pytest
from stdnum import iban, luhn
from stdnum.cn import ric, uscc

from kit.tree import imports_of, modules
from remit_consumers.proof.planted import digits
from remit_consumers.proof.planted.texts import planted
from remit_consumers.proof.recall import Recall, measure
from remit_consumers.proof.residue.address import Kept
from remit_consumers.proof.residue.detector import Detector

DETECTOR = Detector()
PROOF = "remit_consumers.proof"


def patterns_of(room: str) -> Iterator[str]:
    """Every text of a room that looks like a pattern."""
    for name, module in modules().items():
        if name.startswith(room):
            for node in ast.walk(module.tree):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and len(text) > 12 and "[" in text and "{" in text:
                    yield text


def test_the_detectors_and_the_reducers_share_no_pattern() -> None:
    ours = set(patterns_of(f"{PROOF}.residue"))
    theirs = set(patterns_of("remit_consumers.reducers"))
    assert len(ours) > 20
    assert not ours & theirs


def test_what_plants_computes_check_digits_by_itself() -> None:
    planting = [module for name, module in modules().items() if name.startswith(f"{PROOF}.planted")]
    taken = {target for module in planting for target, _ in imports_of(module)}
    assert taken
    assert not {name for name in taken if name.startswith(("stdnum", "phonenumbers"))}


def test_every_kind_is_planted_and_found_for_the_most_part_but_not_always() -> None:
    recalls = measure(DETECTOR)
    assert set(recalls) == {kind.name for kind in DETECTOR.kinds}
    assert {kind: recall.share for kind, recall in recalls.items() if recall.share < 0.75} == {}
    assert any(recall.share < 0.95 for recall in recalls.values()), "nothing hard was planted"


def test_a_detector_that_is_blind_has_no_recall() -> None:
    assert measure(Detector(kept=Kept(host_bits_v4=0)))["ipv4"].found == 0


def test_other_seeds_plant_other_values_and_give_about_the_same_recall() -> None:
    first, other = planted(1, 20), planted(2, 20)
    assert all(set(first[kind]) != set(other[kind]) for kind in first)
    one, two = measure(DETECTOR, seed=1), measure(DETECTOR, seed=2)
    assert all(abs(one[kind].share - two[kind].share) < 0.1 for kind in one)


@pytest.mark.parametrize(("found", "low"), [(200, 0.9812), (190, 0.9104), (0, 0.0), (100, 0.4314)])
def test_the_lower_bound_is_that_of_wilson(found: int, low: float) -> None:
    assert Recall(found, 200).low == pytest.approx(low, abs=1e-4)


def test_planted_numbers_are_what_a_library_takes_for_real() -> None:
    chance = Random(7)
    for _ in range(200):
        assert luhn.is_valid(digits.card(chance))
        number = digits.resident(
            chance
        )  # its district may be younger than the person: no library's business
        assert ric.calc_check_digit(number) == number[-1]
        assert uscc.is_valid(digits.credit_code(chance))
        assert iban.is_valid(digits.iban(chance))
