"""The consent ledger with a million subjects: asked for every event, kept in memory, read back at a start."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from bench.apart import run_apart
from bench.context import Context
from bench.machine import resident_mb
from bench.measure import Result, figure, in_turns

if TYPE_CHECKING:  # only the measured processes import these
    from collections.abc import Iterator

    from remit_consumers.batch import Batch
    from remit_consumers.consent.ledger import Ledger
    from remit_consumers.consent.said import Said

SUBJECTS: Final = 1_000_000
BATCH: Final = 50_000
REPEATS: Final = 5
PURPOSES: Final = ("analytics.reporting", "functional.service.improve")
VERSION: Final = "2021-11-01"
AT_MS: Final = 1_772_712_000_000
LOOKUPS_GOAL: Final = 1_000_000.0
SECOND_US: Final = 1e6


def measure(context: Context) -> Result:
    """Ask the ledger and a dictionary in turns; read the ledger back from its snapshot and from its table."""
    subjects = context.events(SUBJECTS)
    variants: dict[str, Callable[[], dict[str, float]]] = {
        name: lambda name=name: run_apart(f"consent.{name}", subjects=subjects)  # type: ignore[misc]
        for name in ("asked", "dictionary", "started")
    }
    samples = in_turns(variants, min(context.rounds, 3))
    rows = (
        (
            "lookups, every event another subject",
            "events/s",
            "distinct",
            LOOKUPS_GOAL,
            "dictionary",
        ),
        (
            "lookups, subjects as in a real log (Zipf)",
            "events/s",
            "zipf",
            LOOKUPS_GOAL,
            "dictionary",
        ),
        ("lookups, subjects not met before", "events/s", "cold", None, "dictionary"),
        ("authorize, each event, Zipf", "µs", "authorize_us", None, ""),
        ("authorize, each event, an empty ledger", "µs", "empty_us", None, ""),
        ("memory of the ledger", "MB", "memory_mb", None, "dictionary"),
    )
    figures = [
        figure(
            samples,
            "asked",
            key,
            name=name,
            unit=unit,
            goal=goal,
            baseline=baseline,
            baseline_metric=key,
        )
        for name, unit, key, goal, baseline in rows
    ]
    figures += [
        figure(samples, "started", key, name=name, unit="s")
        for name, key in (
            ("start from the snapshot", "snapshot_s"),
            ("start from the table", "table_s"),
            ("writing the snapshot", "write_s"),
        )
    ]
    notes = [
        f"{subjects:,} subjects, each with an agreement to two purposes; batches of {BATCH:,} page views, one process, one thread.",
        "A lookup says for an event which version its subject accepted and which purposes it granted, from the subject as the app names it.",
        "Dictionary: a Python dict from subject to (version, since, since), asked event by event; it forgets what was denied late, knows no names but the plain ones, and is no ledger.",
        "Not met before: subjects whose pseudonym has to be made from the vault's secret first.",
    ]
    return Result("Consent: the ledger with a million subjects", figures, notes)


def asked(subjects: int) -> dict[str, float]:
    """Lookups a second, cost of authorize, memory."""
    with TemporaryDirectory() as folder:
        ledger, memory_mb = _filled(Path(folder), subjects)
        distinct, zipf = (_batch(subjects, is_zipf=each) for each in (False, True))
        cold = _rate(ledger, distinct, 1)
        found = {
            "cold": cold,
            "distinct": _rate(ledger, distinct, REPEATS),
            "zipf": _rate(ledger, zipf, REPEATS),
            "memory_mb": memory_mb,
            "authorize_us": _authorize_us(ledger, zipf),
        }
        ledger.forget()
        return found | {"empty_us": _authorize_us(ledger, zipf)}


def dictionary(subjects: int) -> dict[str, float]:
    """The same asked of a dictionary, event by event."""
    before = resident_mb(os.getpid())
    known = {f"user{n}": (VERSION, AT_MS, AT_MS) for n in range(subjects)}
    memory_mb = resident_mb(os.getpid()) - before
    found = {"memory_mb": memory_mb}
    for name, is_zipf in (("distinct", False), ("zipf", True)):
        batch = _batch(subjects, is_zipf=is_zipf)
        who, at = batch.subject.to_pylist(), [AT_MS + 1] * BATCH
        best = min(_timed(lambda who=who, at=at: _each(known, who, at)) for _ in range(REPEATS))  # type: ignore[misc]
        found[name] = BATCH / best
    return found | {"cold": found["distinct"]}


def started(subjects: int) -> dict[str, float]:
    """Reading the folded ledger back, and learning all of the table."""
    from remit_consumers.consent.found import Known  # noqa: PLC0415
    from remit_consumers.consent.ledger import learn  # noqa: PLC0415
    from remit_consumers.consent.snapshot import Snapshot, read, write  # noqa: PLC0415

    with TemporaryDirectory() as folder:
        ledger, _ = _filled(Path(folder), subjects)
        known = ledger._known  # noqa: SLF001 - what is measured lies within
        path = Path(folder) / "snapshot.npz"
        write_s = _timed(lambda: write(path, Snapshot("t", 1, known, {})))
        said = list(_said(dict(known[""].index.items())))
        again = Known()

        def learn_all() -> None:
            for one in said:
                learn(again, one)

        table_s = _timed(learn_all)
        return {
            "write_s": write_s,
            "snapshot_s": _timed(lambda: read(path, "t")),
            "table_s": table_s,
        }


def _each(known: dict[str, tuple[str, int, int]], who: list[str], at: list[int]) -> list[int]:
    """Decide event by event."""
    bits = []
    for subject, moment in zip(who, at, strict=True):
        version, one, other = known[subject]
        bits.append((version == VERSION and one <= moment) | (other <= moment) << 1)
    return bits


def _filled(folder: Path, subjects: int) -> tuple["Ledger", float]:
    """A ledger in which every subject agreed to both purposes, and what it takes."""
    from kit.walks import make_ledger  # noqa: PLC0415
    from remit_consumers.consent.found import Known  # noqa: PLC0415
    from remit_consumers.consent.ledger import learn  # noqa: PLC0415
    from remit_consumers.reducers.scope import Scope  # noqa: PLC0415
    from remit_consumers.vault import Vault  # noqa: PLC0415

    ledger = make_ledger(Vault.open(folder / "vault", b"k" * 32), folder)
    named: dict[str, int] = {}
    for start in range(0, subjects, BATCH):
        some = [f"user{n}" for n in range(start, min(start + BATCH, subjects))]
        for name in ledger._names.names(Scope(""), some):  # noqa: SLF001 - as a flush does
            named[name or ""] = len(named)
    before = resident_mb(os.getpid())
    known = ledger._known[""] = Known()  # noqa: SLF001
    for one in _said(named):
        learn(known, one)
    return ledger, resident_mb(os.getpid()) - before


def _said(named: dict[str, int]) -> "Iterator[Said]":
    from remit_consumers.consent.said import Said  # noqa: PLC0415

    for name in named:
        for purpose in PURPOSES:
            yield Said(
                tenant="",
                name=name,
                day=None,
                effect_ms=AT_MS,
                status="given",
                purpose=purpose,
                version=VERSION,
                is_guardian=False,
                age=(None, None, None),
            )


def _batch(subjects: int, *, is_zipf: bool) -> "Batch":
    """Page views of which every one is of another subject, or of few of them most."""
    import numpy as np  # noqa: PLC0415
    import pyarrow as pa  # noqa: PLC0415

    from remit_consumers.batch import Batch  # noqa: PLC0415
    from remit_consumers.rows import arrow_type  # noqa: PLC0415
    from remit_schemas.contract import builtin  # noqa: PLC0415

    chance = np.random.default_rng(1)
    if is_zipf:
        who = np.minimum(chance.zipf(1.3, BATCH), subjects) - 1
    else:
        who = chance.permutation(subjects)[:BATCH]
        who = np.resize(who, BATCH)
    contract = builtin().by_name("page_view")
    at = pa.array([AT_MS + 1] * BATCH, pa.timestamp("ms", "UTC"))
    columns = {field.name: pa.nulls(BATCH, arrow_type(field)) for field in contract.fields}
    return Batch(
        contract=contract,
        table=pa.table(columns | {"occurred_at": at, "collected_at": at}),
        subject=pa.array([f"user{n}" for n in who]),
        tenant=pa.array([""] * BATCH),
        pack=pa.array(["p-0-1"] * BATCH).dictionary_encode(),
        index=pa.array(range(BATCH), pa.int32()),
    )


def _rate(ledger: "Ledger", batch: "Batch", repeats: int) -> float:
    """Events a second: found, accepted, granted."""

    def ask() -> None:
        found = ledger.find(batch)
        found.accepted()
        found.granted(PURPOSES, {VERSION})

    return BATCH / min(_timed(ask) for _ in range(repeats))


def _authorize_us(ledger: "Ledger", batch: "Batch") -> float:
    """Cost of the whole step for each event."""
    from remit_consumers.plans import Plans  # noqa: PLC0415
    from remit_consumers.steps.authorize import authorize  # noqa: PLC0415
    from remit_schemas.contract import builtin  # noqa: PLC0415
    from remit_schemas.policy import find_policy  # noqa: PLC0415

    plans = Plans(builtin(), find_policy())
    step, plan = authorize(ledger, plans), plans.plan("page_view", plans.newest)
    best = min(_timed(lambda: step(batch, plan)) for _ in range(REPEATS))
    return best / BATCH * SECOND_US


def _timed(work: Callable[[], object]) -> float:
    """Seconds that some work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
