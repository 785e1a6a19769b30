"""referrer: domain, medium and source of where a visitor came from, and the search terms that must be gone."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote, quote_plus

from bench.quality.asked import Answers, Peers, everybody
from bench.quality.labelled import Labelled, rows_of, short, word
from bench.quality.row import Row, known
from bench.quality.scores import percent

TABLE: Final = "referrer"
DOMAINS: Final = "tldextract"
"""The peer whose domains remit's are compared with: no file labels domains."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A labelled referrer."""

    value: str
    medium: str
    source: str
    term: str


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score every file of referrers that the folder has."""
    for path in labelled.files("url/referer_parser_tests*"):
        visits = _visits(path)
        found = everybody(TABLE, peers, ("referer-parser", DOMAINS), [v.value for v in visits])
        yield from judged(short(path), visits, found)


def judged(data: str, visits: Sequence[Visit], found: Mapping[str, Answers]) -> Iterator[Row]:
    """Judge what was made of labelled referrers."""
    for key, wanted in (
        ("medium", {visit.value: visit.medium for visit in visits}),
        ("source", {visit.value: visit.source for visit in visits}),
        ("domain", {visit.value: _part(found[DOMAINS], visit.value, "domain") for visit in visits}),
    ):
        yield Row(
            table=TABLE,
            measure=f"{key} right" if key != "domain" else f"domain as {DOMAINS}",
            data=data,
            count=len(wanted),
            better="more",
            own=("referer-parser", DOMAINS),
            scores=known({name: _right(wanted, each, key) for name, each in found.items()}),
        )
    searches = [visit for visit in visits if visit.term]
    yield Row(
        table=TABLE,
        measure="search terms left",
        data=data,
        count=len(searches),
        scores=known({name: _left(searches, answers) for name, answers in found.items()}),
        goal=0,
    )


def _visits(path: Path) -> list[Visit]:
    """Read labelled referrers."""
    return [
        Visit(word(row, "uri"), word(row, "medium"), word(row, "source"), word(row, "term"))
        for row in rows_of(path)
    ]


def _part(answers: Answers, value: str, key: str) -> str:
    """Give a part of what was made of a referrer; a peer that gives one text gives its domain."""
    out = answers.outs[value]
    if isinstance(out, Mapping):
        return str(out.get(key) or "")
    return str(out or "") if key == "domain" else ""


def _right(wanted: Mapping[str, str], answers: Answers, key: str) -> float | None:
    """Give the percentage of referrers whose part is right; None where the peer does not know it."""
    outs = answers.outs.values()
    if key != "domain" and not any(isinstance(out, Mapping) and key in out for out in outs):
        return None
    if key == "domain" and any(isinstance(out, Mapping) and key not in out for out in outs):
        return None
    hits = sum(
        _part(answers, value, key).lower() == right.lower() for value, right in wanted.items()
    )
    return percent(hits, len(wanted))


def _left(searches: Sequence[Visit], answers: Answers) -> float | None:
    """Give the percentage of search terms that stand in what is left, in any spelling."""
    left = 0
    for visit in searches:
        out = json.dumps(answers.outs[visit.value], ensure_ascii=False)
        left += any(form in out for form in (visit.term, quote(visit.term), quote_plus(visit.term)))
    return percent(left, len(searches))
