"""Targets of values: every reducer on whatever a field may hold, and what looks for residue in texts."""

from functools import partial

import pyarrow as pa

from fuzz.target import Target, of_text
from kit.means import REDUCERS
from remit_consumers.proof.residue.detector import Detector
from remit_schemas.parameters import complete
from remit_schemas.specs import SPECS

SEEDS = {
    "ip": b"203.0.113.77",
    "user_agent": b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
    "page": b"https://a.example/users/8/cart?utm_source=x&q=shoes#top",
    "referrer": b"https://www.search.example/?q=a",
    "language": b"de-CH, de;q=0.9, en;q=0.8",
    "free_text": b"WARN login of ada@mail.example.org from 203.0.113.9, card 4111111111111111, tel +49 151 23456789",
    "screen": b"1920x1080@2",
}
TEXTS = tuple(name for name, spec in SPECS.items() if spec.takes == "string")


def _reduce(name: str, text: str) -> None:
    spec = SPECS[name]
    given = {p.name: p.choices or ("one", "two") for p in spec.parameters if p.default is None}
    values = pa.array([text, None, text[: len(text) // 2]])
    for column in REDUCERS[name].reduce(values, complete(name, given)):
        assert len(column) == len(values)


DETECTOR = Detector()


TARGETS = (
    *(
        Target(
            f"reducer_{name}",
            of_text(partial(_reduce, name)),
            (SEEDS.get(name, SEEDS["free_text"]),),
        )
        for name in TEXTS
    ),
    Target("residue", of_text(lambda text: DETECTOR.count([text])), (SEEDS["free_text"],)),
)
