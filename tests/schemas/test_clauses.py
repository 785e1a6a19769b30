"""The register of sentences: enough to check a text against, and nothing of its wording."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from remit_schemas.clauses import Clauses, clauses_path, is_clause, load_clauses, sentence_sha256
from remit_schemas.errors import PolicyError

TEXT = ("We keep things.", "Not for long, and  not\nall of them.", "Bye!")


def make_clauses(*sentences: str, **changes: object) -> Clauses:
    return Clauses.model_validate(register_of(*sentences) | changes)


def register_of(*sentences: str) -> dict[str, object]:
    return {
        "format": "remit sentences 1",
        "policy": "small",
        "version": "2026-01-01",
        "document_sha256": "0" * 64,
        "sentences": {f"S{n:03}": entry_of(words) for n, words in enumerate(sentences or TEXT, 1)},
    }


def entry_of(words: str) -> dict[str, object]:
    return {
        "sha256": sentence_sha256(words),
        "characters": len(" ".join(words.split())),
        "kinds": ["C", "T"],
        "summary": "what it says",
        "parts": {"a": {"kinds": ["C"], "summary": "its first thing"}},
    }


def test_a_clause_is_a_sentence_or_one_of_its_parts() -> None:
    clauses = make_clauses()
    assert clauses.has("S001")
    assert clauses.has("S003a")
    assert not clauses.has("S003b")
    assert not clauses.has("S004")
    assert clauses.summary_of("S002") == "what it says"
    assert clauses.summary_of("S002a") == "its first thing"
    assert clauses.summary_of("S002b") is None


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("S001", True), ("S025h", True), ("S25", False), ("S001A", False), ("S0011", False), ("S001\n", False)],
)  # fmt: skip
def test_a_clause_is_written_in_one_way(text: str, *, is_one: bool) -> None:
    assert is_clause(text) is is_one


def test_a_register_knows_its_text_however_it_is_spaced() -> None:
    assert make_clauses().differing("\n\n".join(TEXT) + "\n") == []


def test_a_register_names_the_sentence_that_reads_otherwise() -> None:
    text = " ".join(TEXT)
    assert make_clauses().differing(text.replace("long", "lång")) == ["S002"]
    assert make_clauses().differing(text + " More.") == ["end"]
    assert make_clauses().differing(text[:-1]) == ["S003"]


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=9))
def test_a_register_made_of_any_text_knows_that_text(sentences: list[str]) -> None:
    assert make_clauses(*sentences).differing(" ".join(sentences)) == []


def test_a_gap_in_the_numbers_is_refused() -> None:
    sentences = {"S001": entry_of("One."), "S003": entry_of("Three.")}
    with pytest.raises(ValidationError, match='"S003" stands where S002 belongs'):
        make_clauses(sentences=sentences)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"summary": "word " * 15}, "1 to 14 words"),
        ({"summary": ""}, "1 to 14 words"),
        ({"kinds": []}, "at least 1 item"),
        ({"kinds": ["Q"]}, "Input should be"),
        ({"wording": "We keep things."}, '"wording" is not a key of a sentence'),
        ({"parts": {"ab": {"kinds": ["C"], "summary": "x"}}}, "pattern"),
    ],
)
def test_an_entry_that_is_not_one_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_clauses(sentences={"S001": entry_of("One.") | changes})


def test_a_register_that_cannot_be_read_is_named_with_its_line(tmp_path: Path) -> None:
    path = clauses_path(tmp_path / "2026-01-01.yaml")
    path.write_text("format: remit sentences 1\npolicies: x\n")
    with pytest.raises(
        PolicyError, match=r'2026-01-01\.sentences\.yaml:2: "policies" is not a key'
    ):
        load_clauses(path)


def test_of_a_sentence_that_grew_or_shrank_the_others_are_not_named() -> None:
    text = " ".join(TEXT)
    assert make_clauses().differing(text.replace("things", "all things")) == ["S001"]
    assert make_clauses().differing(text.replace("Not for long", "No")) == ["S002"]


def test_a_text_is_cut_into_its_sentences() -> None:
    cut = make_clauses().sentences_of("\n\n".join(TEXT))
    assert list(cut.values()) == [" ".join(words.split()) for words in TEXT]
