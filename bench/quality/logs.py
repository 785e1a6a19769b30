"""free_text on lines of real service logs, labelled in bench/labels."""

from collections.abc import Iterator
from typing import Final

from bench.labelled_logs import REQUIRED, labelled
from bench.quality.asked import Peers, everybody
from bench.quality.labelled import Labelled, short
from bench.quality.row import Row, Where
from bench.quality.texts import SCRUBBERS, Text, judged

TABLE: Final = "free_text, service logs"
GOALS: Final = {
    "IP left": 0.0,
    "MAC left": 0.0,
    "EMAIL left": 0.0,
    "HOST left": 0.0,
    "USER left": 5.0,
    "clean words lost": 1.0,
    "clean texts changed": 0.0,
}
"""Percent left of each kind, of clean words lost, of lines without any label changed."""

ALL: Final = "all service logs"


def measure(files: Labelled, peers: Peers) -> Iterator[Row]:
    """Score every labelled service log, each and together; together carry the goals' figures first."""
    texts: dict[str, list[Text]] = {
        short(path): [Text(row["text"], row["spans"]) for row in labelled(path)]
        for path in files.files("service_logs/*.log*")
    }
    every = [text for each in texts.values() for text in each]
    if not every:
        return
    answers = everybody("free_text", peers, SCRUBBERS, [text.text for text in every])
    yield from judged(Where(TABLE, ALL), every, answers, GOALS, REQUIRED)
    for name, each in texts.items():
        yield from judged(Where(TABLE, name), each, answers, GOALS, REQUIRED)
