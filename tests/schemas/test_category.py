"""The closed vocabularies."""

import re

import pytest

from remit_schemas.category import (
    CATEGORIES,
    PURPOSES,
    Category,
    Necessity,
    PurposeWord,
    Sensitivity,
)


@pytest.mark.parametrize(
    "word", [*CATEGORIES.values(), *PURPOSES.values()], ids=lambda word: word.key
)
def test_every_word_has_a_key_a_meaning_and_an_iri(word: Category | PurposeWord) -> None:
    assert re.fullmatch(r"[a-z_]+(\.(x_)?[a-z_]+)*", word.key)
    assert word.meaning
    assert re.fullmatch(r"https://w3id\.org/dpv(/pd)?#[A-Z]\w+", word.dpv)


def test_a_word_is_found_under_its_own_key() -> None:
    assert all(key == word.key for words in (CATEGORIES, PURPOSES) for key, word in words.items())


def test_the_words_are_sorted_so_that_none_stands_twice_unseen() -> None:
    assert list(CATEGORIES) == sorted(CATEGORIES)
    assert list(PURPOSES) == sorted(PURPOSES)


def test_the_vocabularies_cannot_be_changed_at_run_time() -> None:
    with pytest.raises(TypeError):
        CATEGORIES["user.invented"] = CATEGORIES["user.device"]  # type: ignore[index]


@pytest.mark.parametrize(
    "key",
    ["user.biometric", "user.financial.credit_card", "user.payment", "user.content.private"],
)
def test_what_must_never_be_collected_is_prohibited(key: str) -> None:
    assert CATEGORIES[key].sensitivity is Sensitivity.PROHIBITED


@pytest.mark.clause("S013", "S014")
@pytest.mark.parametrize(
    ("key", "necessity"),
    [("essential.service", Necessity.REQUIRED), ("analytics.reporting", Necessity.OPTIONAL)],
)
def test_a_purpose_is_a_basic_or_an_additional_function(key: str, necessity: Necessity) -> None:
    assert PURPOSES[key].necessity is necessity
