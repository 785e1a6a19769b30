"""The original text of a policy beside the data: checked word by word, shown from then on, and no residue there."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kit.command import Said
from kit.copied import SENTENCES, TEXT, small
from kit.parts import RealParts
from remit_schemas.policy import find_policy

VARIABLE = "REMIT_POLICY_TEXT"
WHOLE_TEXT = os.environ.get(VARIABLE)  # the fixture `folder` takes every such variable away

Remit = Callable[..., Said]
"""Runs a command."""


@pytest.fixture
def tea(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a test whose policy is the small one, with its text in `tea.txt`."""
    monkeypatch.setenv("REMIT_POLICY", str(small(folder)))
    (folder / "tea.txt").write_text(TEXT)
    return folder


def field_of(said: Said) -> dict[str, object]:
    """What an explanation says of the page."""
    found = json.loads(said.out)["fields"]["page"]
    assert isinstance(found, dict)
    return found


def test_an_attached_text_is_shown_where_its_sentences_are_cited(tea: Path, remit: Remit) -> None:
    assert "text" not in field_of(remit("policy", "explain", "page_view", "--json"))
    said = remit("policy", "attach", str(tea / "tea.txt"), "--json")
    assert said.code == 0
    facts = {"policy": "tea", "version": "2026-01-01", "attached": True}
    assert json.loads(said.out) == {**facts, "sentences": 3, "differing": []}
    assert (tea / "data" / "policy" / "tea" / "2026-01-01.txt").read_text() == TEXT
    explained = remit("policy", "explain", "page_view", "--json")
    assert field_of(explained)["text"] == SENTENCES[1]
    rows = json.loads(remit("policy", "coverage", "--json").out)["sentences"]
    assert [row["text"] for row in rows] == list(SENTENCES)
    assert SENTENCES[0] in remit("policy", "coverage").out


@pytest.mark.parametrize(
    ("text", "differing"),
    [
        (TEXT.replace("month", "year"), ["S002"]),
        (TEXT.replace("We sell tea.", "We sell tea and coffee."), ["S001"]),
        (TEXT.replace("keep it a month", "sell it").replace("tea@", "t@"), ["S002", "S003"]),
        (TEXT + "And more.", ["end"]),
        (TEXT.replace("\n\n", "\n"), ["document"]),
        ("", ["S001", "S002", "S003"]),
    ],
)
def test_a_text_that_reads_otherwise_is_refused_by_its_sentences(
    tea: Path,
    remit: Remit,
    text: str,
    differing: list[str],
) -> None:
    (tea / "other.txt").write_text(text)
    said = remit("policy", "attach", str(tea / "other.txt"), "--json")
    assert said.code == 1
    assert json.loads(said.out)["differing"] == differing
    assert not (tea / "data" / "policy").exists()
    in_words = remit("policy", "attach", str(tea / "other.txt"))
    assert in_words.code == 1
    assert "coffee" not in in_words.out


def test_a_text_that_was_changed_where_it_lies_is_shown_nowhere(tea: Path, remit: Remit) -> None:
    remit("policy", "attach", str(tea / "tea.txt"))
    kept = tea / "data" / "policy" / "tea" / "2026-01-01.txt"
    kept.write_text(TEXT.replace("month", "year"))
    said = remit("policy", "explain", "page_view")
    assert said.code == 2
    assert said.problem.endswith("is not the text of tea 2026-01-01: attach it again")


def test_contacts_in_an_attached_text_are_no_residue_and_in_any_other_file_there_they_are(
    tea: Path,
    remit: Remit,
) -> None:
    def residue() -> bool:
        return bool(json.loads(remit("verify", "--json").out)["checks"]["residue"]["holds"])

    assert remit("policy", "attach", str(tea / "tea.txt")).code == 0
    assert residue()
    (tea / "data" / "policy" / "tea" / "2026-01-02.txt").write_text(SENTENCES[2])
    assert not residue()


def test_a_report_shows_the_sentence_that_its_values_rest_on(tea: Path, remit: Remit) -> None:
    assert remit("emit", "page_view", "--wait", stdin='{"page": "/tea"}\n').code == 0
    before = json.loads(remit("report", "--json").out)["clauses"]
    assert remit("policy", "attach", str(tea / "tea.txt")).code == 0
    after = json.loads(remit("report", "--json").out)["clauses"]
    assert after == {"S002": {**before["S002"], "text": SENTENCES[1]}}
    assert f"S002: {SENTENCES[1]}" in remit("report").out


def test_a_file_that_is_not_there_is_one_line(tea: Path, remit: Remit) -> None:
    said = remit("policy", "attach", str(tea / "none.txt"))
    assert said.code == 2
    assert said.problem.endswith("No such file or directory")


def test_the_text_of_the_shipped_policy_is_taken_whole(
    folder: Path,
    remit: Remit,
    real_parts: RealParts,
) -> None:
    if WHOLE_TEXT is None:
        pytest.skip(f"{VARIABLE} names no file")
    said = remit("policy", "attach", WHOLE_TEXT)
    assert said.code == 0
    rows = json.loads(remit("policy", "coverage", "--json").out)["sentences"]
    assert all(row["text"] for row in rows)
    assert len({row["text"] for row in rows}) == find_policy().document.sentences
    assert json.loads(remit("verify", "--json").out)["checks"]["residue"]["holds"]
    real_parts.ran("the policy's text, attached", f"as {VARIABLE} says")
