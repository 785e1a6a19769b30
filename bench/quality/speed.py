"""Processor time a value takes: remit in fresh processes on one thread, whole columns at a time; peers one by one."""

import hashlib
import hmac
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import accumulate
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow as pa
from bench.apart import run_apart
from bench.pipeline import ONE_CORE
from bench.quality.agents import READERS
from bench.quality.asked import REDUCE, Peers
from bench.quality.bits import columns_of_log
from bench.quality.labelled import Labelled, every, lines_of, short
from bench.quality.made import SEED
from bench.quality.row import REMIT, Row
from bench.quality.texts import SCRUBBERS

from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.reducers.scope import Rows
from remit_consumers.vault import Vault
from remit_schemas.parameters import complete

BATCH_ROWS: Final = 50_000  # what the consumer flushes at
BATCH_LINES: Final = 10_000  # the issue's
ASKED: Final = 1_000  # values that a peer is timed on
SLOW: Final[Mapping[str, int]] = {"device-detector": 100, "presidio": 300}
SUBJECTS: Final = 20_000
BATCHES: Final = 9  # of subjects; the first has those that the vault does not know
COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "ip": ("ipaddress", "anonip", "octets"),
    "page": ("yarl path", "w3lib", "url-normalize", "query masked"),
    "referrer": ("tldextract", "referer-parser"),
}
"""Peers of each column of an access log."""


def measure(labelled: Labelled, peers: Peers, rounds: int) -> Iterator[Row]:
    """Time the columns of the largest access log, agents, lines and pseudonyms."""
    logs = sorted(labelled.files("access_logs/*combined*"), key=lambda path: path.stat().st_size)
    for path in logs[-1:]:
        yield from _agents(path, peers, rounds)
        for reducer, names in COLUMNS.items():
            row = Row(table=reducer, measure="a row of a log", data=short(path))
            others = _timed(peers, names, columns_of_log(path)[reducer])
            yield _row(row, _apart("column", rounds, path=str(path), reducer=reducer), others)
    texts = labelled.files("service_logs/*.log*")
    for folder in {str(path.parent.parent) for path in texts}:
        data = f"batches of {BATCH_LINES:,}"
        row = Row(table="free_text, speed", measure="a line", data=data, goal=20)
        others = _timed(peers, SCRUBBERS, drawn_lines(folder))
        yield _row(row, _apart("lines", rounds, folder=folder), others)
    yield from _pseudonyms(rounds)


def _agents(path: Path, peers: Peers, rounds: int) -> Iterator[Row]:
    """Time agents never seen before, and all rows of a log, whose agents repeat."""
    values = columns_of_log(path)["user_agent"]
    taken = _apart("agents", rounds, path=str(path))
    row = partial(Row, table="user_agent", data=short(path))
    fresh = _timed(peers, READERS, list(dict.fromkeys(values)))
    yield _row(row(measure="a new agent", goal=40), taken, fresh, key="new")
    again = _timed(peers, READERS, values)
    yield _row(row(measure="a row, new agents and all", goal=0.1), taken, again, key="log")
    yield _row(row(measure="a row, agents known"), taken, again, key="known")


def _pseudonyms(rounds: int) -> Iterator[Row]:
    """Time pseudonyms of subjects of whom few come often."""
    taken = _apart("subjects", rounds)
    others = {"hmac for each row": median(each["loop"] for each in taken)}
    row = partial(Row, table="pseudonym", data=f"batches of {BATCH_ROWS:,}, Zipf")
    yield _row(row(measure="a row, subjects known", goal=0.3), taken, others, key="known")
    yield _row(row(measure="a row, subjects new to the vault"), taken, others, key="new")


def _row(
    row: Row, taken: Sequence[Mapping[str, float]], others: Mapping[str, float], key: str = "us"
) -> Row:
    """Fill in times: the median of remit's processes, and the peers'."""
    scores = {REMIT: median(each[key] for each in taken), **others}
    return replace(row, unit="µs", count=round(taken[0][f"{key} rows"]), scores=scores)


def _apart(function: str, rounds: int, **arguments: str) -> list[dict[str, float]]:
    """Run a function of this module in fresh processes."""
    return [run_apart(f"quality.speed.{function}", ONE_CORE, **arguments) for _ in range(rounds)]


def _timed(peers: Peers, names: Sequence[str], values: Sequence[str]) -> dict[str, float]:
    """Time peers on the first of the values as they come, fewer where a peer is slow."""
    taken = {name: peers.time(name, values[: SLOW.get(name, ASKED)]) for name in names}
    return {name: us for name, us in taken.items() if us}


def agents(path: str) -> dict[str, float]:
    """Time user_agent on a log: its distinct agents in one column, then every row."""
    values = columns_of_log(Path(path))["user_agent"]
    seconds = _reducer("user_agent")
    distinct = list(dict.fromkeys(values))
    new = seconds(distinct)
    known = sum(map(seconds, _batches(values, BATCH_ROWS)))
    return {
        "new rows": len(distinct),
        "known rows": len(values),
        "log rows": len(values),
        "new": 1e6 * new / len(distinct),
        "known": 1e6 * known / len(values),
        "log": 1e6 * (new + known) / len(values),
    }


def column(path: str, reducer: str) -> dict[str, float]:
    """Time a reducer on its column of a log, in batches."""
    values = columns_of_log(Path(path))[reducer]
    taken = sum(map(_reducer(reducer), _batches(values, BATCH_ROWS)))
    return {"us rows": len(values), "us": 1e6 * taken / len(values)}


def lines(folder: str) -> dict[str, float]:
    """Time free_text on one batch of lines, none of which it has seen."""
    drawn = drawn_lines(folder)
    return {"us rows": len(drawn), "us": 1e6 * _reducer("free_text")(drawn) / len(drawn)}


def drawn_lines(folder: str) -> list[str]:
    """Draw a batch of lines evenly from every service log of a folder."""
    logs = sorted(Path(folder).glob("service_logs/*.log*"))
    return every([line for path in logs for line in lines_of(path)], BATCH_LINES)


def subjects() -> dict[str, float]:
    """Time pseudonyms of a stream of subjects, and an HMAC for each row beside them."""
    rng = random.Random(SEED)
    weights = list(accumulate(1 / (number + 1) for number in range(SUBJECTS)))
    rows = Rows.of_nobody(BATCH_ROWS)
    new: list[float] = []
    known: list[float] = []
    loops: list[float] = []
    with TemporaryDirectory(prefix="remit-bench-") as folder:
        names = Pseudonyms(Vault.open(Path(folder), rng.randbytes(32)), STORAGE_DOMAIN)
        for at in range(BATCHES):
            who = rng.choices(range(SUBJECTS), cum_weights=weights, k=BATCH_ROWS)
            batch = [f"customer-{number}" for number in who]
            column = pa.array(batch)
            begun = time.process_time()
            names.of(column, rows)
            (known if at else new).append(time.process_time() - begun)
            begun = time.process_time()
            _ = [hmac.new(b"k" * 32, each.encode(), hashlib.sha256).hexdigest() for each in batch]
            loops.append(time.process_time() - begun)
    scale = 1e6 / BATCH_ROWS
    timed = {"new": median(new) * scale, "known": median(known) * scale}
    return {
        "new rows": BATCH_ROWS,
        "known rows": BATCH_ROWS,
        "loop": median(loops) * scale,
        **timed,
    }


def _reducer(name: str) -> Callable[[Sequence[str]], float]:
    """Make a reducer ready, its libraries loaded, and time what it is given; the pipeline has columns already."""
    reduce, parameters = REDUCE[name], complete(name, {})

    def seconds(values: Sequence[str]) -> float:
        column = pa.array(values, pa.string())
        begun = time.process_time()
        reduce(column, parameters)
        return time.process_time() - begun

    seconds(["warm/1.0"])
    return seconds


def _batches(values: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut a column into batches."""
    return (values[at : at + size] for at in range(0, len(values), size))
