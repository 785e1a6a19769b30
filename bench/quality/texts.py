"""free_text: sentences, recognisers' cases, secrets, phone numbers and ids."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.measure import Better
from bench.quality.asked import Answers, Peers, everybody
from bench.quality.labelled import BREAKS, Labelled, rows_of, short, word
from bench.quality.made import DRAWN, made
from bench.quality.row import Row, Where, known
from bench.quality.scores import Span, TextScore, percent

SCRUBBERS: Final = ("presidio", "scrubadub", "datafog", "commonregex", "regex list")
PATTERN_KINDS: Final = (
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "CREDIT_CARD",
    "IBAN_CODE",
    "IP_ADDRESS",
    "US_SSN",
    "URL",
    "DOMAIN_NAME",
)
"""Kinds that a pattern can find, by Presidio's names; names of people and places are none."""

NUMBERS: Final = "free_text, numbers"
CHINESE: Final = ("cn_ric", "cn_uscc")
FORMS: Final[Mapping[str, float]] = {"e164": 0, "international": 0, "national": 10}
"""Written forms of a phone number, and how many percent of each may be left."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text and what is somebody's in it."""

    text: str
    spans: Sequence[Span]


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score every file of texts that the folder has, and numbers drawn here."""
    for path in labelled.files("pii/presidio_research*"):
        texts = [Text(word(row, "text"), _spans(row["spans"])) for row in rows_of(path)]
        found = everybody("free_text", peers, SCRUBBERS, [each.text for each in texts])
        goals = {"spans left": 8.0, "clean words lost": 1.0}
        yield from judged(Where("free_text, sentences", short(path)), texts, found, goals)
    for path in labelled.files("pii/presidio_recognizer*"):
        where = Where("free_text, recognisers' cases", short(path), ("presidio",))
        texts = [_case(row) for row in rows_of(path) if row["entity"] in PATTERN_KINDS]
        found = everybody("free_text", peers, SCRUBBERS, [each.text for each in texts])
        yield from judged(where, texts, found, {})
    for path in labelled.files("pii/*secret_lines*"):
        yield from _secrets(path, peers)
    for path in labelled.files("pii/*phonenumber*"):
        yield from _phones(path, peers)
    for path in labelled.files("pii/stdnum*"):
        yield from _ids(path, peers)
    for kind in DRAWN:
        names = ("presidio", "datafog", "phonenumbers", "python-stdnum")
        row = Row(table=NUMBERS, measure=f"{kind} left", data="drawn", goal=0)
        yield _left(row, made(kind), peers, names)


def judged(
    where: Where,
    texts: Sequence[Text],
    found: Mapping[str, Answers],
    goals: Mapping[str, float],
    kinds: Collection[str] = PATTERN_KINDS,
) -> Iterator[Row]:
    """Judge scrubbed texts: what is left of all kinds and of each, words lost, texts changed without need."""
    scores = {name: _score(texts, answers, kinds) for name, answers in found.items()}
    whole = _score(texts, Answers({each.text: each.text for each in texts}), kinds)
    measures: dict[str, Callable[[TextScore], tuple[int, int]]] = {
        "spans left": lambda s: (s.leaks.total(), s.spans.total()),
        **{
            f"{kind} left": lambda s, kind=kind: (s.leaks[kind], s.spans[kind])  # type: ignore[misc]
            for kind, _ in whole.spans.most_common()
        },
        "clean words lost": lambda s: (s.lost, s.words),
        "clean texts changed": lambda s: (s.changed, s.clean),
    }
    for measure, share in measures.items():
        _, count = share(whole)
        if count:
            yield Row(
                table=where.table,
                measure=measure,
                data=where.data,
                count=count,
                scores=known({n: percent(*share(score), count) for n, score in scores.items()}),
                goal=goals.get(measure),
                own=where.own,
            )


def _score(texts: Sequence[Text], answers: Answers, kinds: Collection[str]) -> TextScore:
    """Judge the texts that were asked for; where a peer raised, the text goes on as it was."""
    score = TextScore()
    for each in texts:
        if each.text in answers.outs:
            out = answers.outs[each.text]
            score.add(each.text, each.spans, out if isinstance(out, str) else each.text, kinds)
    return score


def _spans(value: object) -> list[Span]:
    """Read spans of a row."""
    return [(a, b, kind) for a, b, kind in value] if isinstance(value, list) else []


def _case(row: Mapping[str, object]) -> Text:
    """Read a recogniser's case: positions of one kind, none where it must not match."""
    positions = row["positions"] if isinstance(row["positions"], list) else []
    return Text(word(row, "text"), [(a, b, word(row, "entity")) for a, b in positions])


def _secrets(path: Path, peers: Peers) -> Iterator[Row]:
    """Score lines with secrets and look-alikes: a line counts as found where it changed."""
    rows = rows_of(path)
    names = ("detect-secrets", "presidio", "scrubadub")
    found = everybody("free_text", peers, names, [word(row, "text") for row in rows])
    measures: tuple[tuple[str, bool, Better, float], ...] = (
        ("secrets found", True, "more", 90.0),
        ("look-alikes changed", False, "less", 20.0),
    )
    for words, is_secret, better, goal in measures:
        texts = [word(row, "text") for row in rows if row.get("secret", True) is is_secret]
        yield Row(
            table="free_text, secrets",
            measure=words,
            data=short(path),
            count=len(texts),
            better=better,
            scores=known({name: _changed(texts, answers) for name, answers in found.items()}),
            goal=goal,
        )


def _changed(texts: Sequence[str], answers: Answers) -> float | None:
    """Give the percentage of texts that came out otherwise."""
    outs = [(text, answers.outs[text]) for text in texts if text in answers.outs]
    return percent(sum(out != text for text, out in outs), len(outs))


def _phones(path: Path, peers: Peers) -> Iterator[Row]:
    """Score phone numbers in each written form, behind a telling word."""
    names = ("phonenumbers", "presidio", "scrubadub", "datafog", "commonregex")
    for form, goal in FORMS.items():
        texts = [(f"phone={word(row, form)} called", word(row, form)) for row in rows_of(path)]
        measure = f"{form} numbers left"
        row = Row(table=NUMBERS, measure=measure, data=short(path), goal=goal, own=names[:1])
        yield _left(row, texts, peers, names)


def _ids(path: Path, peers: Peers) -> Iterator[Row]:
    """Score Chinese numbers, and beside them every national id and number the file has."""
    rows = [row for row in rows_of(path) if row["valid"] is True]
    names = ("python-stdnum", "presidio", "datafog")
    for words, kept, goal in (
        ("valid Chinese ids left", [row for row in rows if row["format"] in CHINESE], 0.0),
        ("valid ids of all formats left", rows, None),
    ):
        texts = [(f"id {word(row, 'value')} seen", word(row, "value")) for row in kept]
        row = Row(table=NUMBERS, measure=words, data=short(path), goal=goal, own=names[:1])
        yield _left(row, texts, peers, names)


def _left(row: Row, texts: Sequence[tuple[str, str]], peers: Peers, names: Sequence[str]) -> Row:
    """Score texts by whether the number in each is left whole."""
    found = everybody("free_text", peers, names, [BREAKS.sub(" ", text) for text, _ in texts])
    scores = known({name: _standing(texts, answers) for name, answers in found.items()})
    return replace(row, count=len(texts), scores=scores)


def _standing(texts: Sequence[tuple[str, str]], answers: Answers) -> float | None:
    """Give the percentage of numbers that their outputs still have."""
    outs = [(value, answers.outs[text]) for text, value in texts if text in answers.outs]
    return percent(sum(value in str(out) for value, out in outs), len(outs))
