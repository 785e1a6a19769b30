"""The pipeline without I/O, on one core: sealed packs in, minimized and tagged columns out."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from bench.apart import run_apart
from bench.context import Context, place
from bench.events import Given, page_views, service_logs
from bench.measure import Figure, Result, Samples, figure, in_turns
from bench.packs import Packing
from bench.per_event import avro_encoder, refiner, whole

from remit_schemas.contract import builtin

PACK_EVENTS: Final = 1_000  # what twelve lanes of a busy producer hold after a quarter of a second
SIZES: Final = (50_000, 10_000, 1_000)  # events in a batch
BATCHES: Final = {50_000: 4, 10_000: 10, 1_000: 40}  # measured, of each size; one more warms up
PEER_EVENTS: Final = 5_000
CONTRACTS: Final = {"page_view": "page views", "service_log": "log lines"}
GOAL: Final = 400_000.0
ONE_CORE: Final = {"POLARS_MAX_THREADS": "1", "RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def measure(context: Context) -> Result:
    """Measure both contracts at each size, and the per-event pipeline beside them, in turns."""
    variants: dict[str, Callable[[], dict[str, float]]] = {}
    for contract in CONTRACTS:
        for size in SIZES:
            variants[f"{contract} {size}"] = partial(_run, "refined", contract, context, size=size)
        variants[f"{contract} per event"] = partial(
            _run, "per_event", contract, context, events=context.events(PEER_EVENTS)
        )
    samples = in_turns(variants, min(3, context.rounds))
    figures = [each for contract in CONTRACTS for each in _figures(samples, contract)]
    notes = [
        "Processor time of the whole process, all its threads; polars, rayon and Arrow may use one.",
        f"Opening (HPKE once, AES-GCM, zstd), decoding, authorizing, minimizing and tagging; packs of {PACK_EVENTS:,} events.",
        "Every batch holds other events than the ones before; one batch warms up what is remembered between batches.",
        (
            "Baseline: one event at a time, fastavro, a pydantic model, then the same reductions with the standard library "
            "and ua-parser; it opens, counts and tags nothing."
        ),
    ]
    return Result("The pipeline without I/O, on one core", figures, notes)


def _run(function: str, contract: str, context: Context, **arguments: int) -> dict[str, float]:
    with place() as installation:
        log = context.log if contract == "page_view" else ""
        env = {**installation.env, **ONE_CORE}
        return run_apart(f"pipeline.{function}", env, contract=contract, log=log, **arguments)


def _figures(samples: Samples, contract: str) -> list[Figure]:
    what, baseline = CONTRACTS[contract], f"{contract} per event"
    named = {**samples, "one event at a time": samples[baseline]}
    figures = []
    for size in SIZES:
        goal = GOAL if size == SIZES[0] else None
        for metric, label in (
            ("events/s", ""),
            ("open/s", ", opening alone"),
            ("refine/s", ", behind opening"),
        ):
            figures.append(
                figure(
                    named,
                    f"{contract} {size}",
                    metric,
                    name=f"{what} in batches of {size:,}{label}",
                    unit="events/s",
                    goal=goal if not label else None,
                    baseline="one event at a time" if not label else "",
                )
            )
    return figures


def given_of(contract: str, count: int, seed: int, log: str) -> Sequence[Given]:
    """Give events of a contract."""
    if contract == "page_view":
        return page_views(count, seed, log)
    return service_logs(count, seed)


def refined(contract: str, size: int, log: str = "") -> dict[str, float]:
    """Take batches through the pipeline; the first is not counted.

    Returns:
        Events for each processor second: in all, opening alone, and behind opening.
    """
    from kit.installation import Installation  # noqa: PLC0415

    installation = Installation(Path(os.environ["REMIT_DATA"]).parent)
    spoken = builtin().by_name(contract)
    packing = Packing(installation, spoken)
    batches = BATCHES[size] + 1
    given = given_of(contract, batches * size, 1, log)
    packed = [
        list(packing.packs(given[at : at + size], min(size, PACK_EVENTS)))
        for at in range(0, len(given), size)
    ]
    spent = _spent(installation.env, contract, packed)
    counted = (batches - 1) * size
    return {
        "events/s": counted / (spent["open"] + spent["refine"]),
        "open/s": counted / spent["open"],
        "refine/s": counted / spent["refine"],
    }


def _spent(
    env: Mapping[str, str], contract: str, packed: Sequence[Sequence[object]]
) -> dict[str, float]:
    """Processor seconds of opening and of the rest, without the first batch."""
    import pyarrow as pa  # noqa: PLC0415  # only the measured process needs these

    from remit_consumers.deployment import Deployment  # noqa: PLC0415
    from remit_consumers.pipeline import refine, steps  # noqa: PLC0415
    from remit_consumers.settings import Settings  # noqa: PLC0415
    from remit_consumers.steps.open import Opened, open_packs  # noqa: PLC0415
    from remit_schemas.plan import compile as compile_plan  # noqa: PLC0415

    pa.set_cpu_count(1)
    deployment = Deployment.open(Settings.from_env(env))
    plan = compile_plan(deployment.contracts.by_name(contract), deployment.policy)
    walk = steps(
        deployment.names(),
        deployment.means,
        deployment.floors(),
        deployment.ledger(),
        deployment.plans(),
    )
    spent = {"open": 0.0, "refine": 0.0}
    for number, packs in enumerate(packed):
        begun = time.process_time()
        opened = open_packs(packs, deployment.keys, deployment.contracts)  # type: ignore[arg-type]
        at = time.process_time()
        good = [each for each in opened if isinstance(each, Opened)]
        done = refine(good, deployment.contracts, plan, walk)
        assert len(good) == len(packs)
        assert not done.malformed
        if number:
            spent["refine"] += time.process_time() - at
            spent["open"] += at - begun
    return spent


def per_event(contract: str, events: int, log: str = "") -> dict[str, float]:
    """Take events through the per-event pipeline, one at a time; a tenth of them first, not counted.

    Returns:
        Events for each processor second.
    """
    spoken = builtin().by_name(contract)
    encode = avro_encoder(spoken)
    given = given_of(contract, events + events // 10, 1, log)
    messages = [encode(whole(spoken, each, number)) for number, each in enumerate(given)]
    refine = refiner(spoken)
    for message in messages[events:]:
        refine(message)
    begun = time.process_time()
    for message in messages[:events]:
        refine(message)
    return {"events/s": events / (time.process_time() - begun)}
