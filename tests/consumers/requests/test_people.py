"""How much of what is about others is withheld from an export, on texts that were written for that."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from remit_consumers.requests.people import tells_of_others
from remit_consumers.requests.redact import OTHERS, redacted

TEXTS: Mapping[str, Sequence[str]] = yaml.safe_load(
    (Path(__file__).parent / "texts.yaml").read_text("utf-8")
)


def missed(kind: str) -> list[str]:
    return [text for text in TEXTS[kind] if not tells_of_others(text)]


@pytest.mark.clause("S104d")
def test_every_text_that_marks_somebody_is_withheld() -> None:
    assert missed("marked") == []


@pytest.mark.clause("S104d")
def test_of_bare_names_most_are_seen_and_those_in_small_letters_are_not() -> None:
    left = missed("bare")
    assert 1 - len(left) / len(TEXTS["bare"]) >= 0.8
    assert all(text == text.lower() for text in left)  # Chinese has no others


@pytest.mark.clause("S104d")
@pytest.mark.parametrize(
    ("kind", "least"), [("held_out_marked", 0.85), ("held_out_bare", 0.6), ("held_out_harmless", 0)]
)
def test_texts_that_no_mark_was_made_for_are_seen_nearly_as_well(kind: str, least: float) -> None:
    seen = 1 - len(missed(kind)) / len(TEXTS[kind])
    assert seen >= least
    assert kind != "held_out_harmless" or seen <= 0.1


def test_what_speaks_of_nobody_is_handed_over() -> None:
    withheld = [text for text in TEXTS["harmless"] if tells_of_others(text)]
    assert withheld == []


@pytest.mark.clause("S104d")
def test_a_text_is_withheld_whole_and_none_is_changed_in_part() -> None:
    texts = pa.array([*TEXTS["marked"], *TEXTS["harmless"], None])
    out = redacted(texts).to_pylist()
    assert out == [OTHERS] * len(TEXTS["marked"]) + [*TEXTS["harmless"], None]
