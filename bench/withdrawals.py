"""From an acknowledged withdrawal to the stop: the last row that is committed for the purpose, while events flow."""

import json
import random
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
from bench.apart import run_apart
from bench.context import Context, place
from bench.latency import SETTLE_S, running
from bench.measure import Result, figure, in_turns, percentile

from kit.installation import Installation
from remit import Client, ConsentChange, PageView
from remit_consumers.lake.commit import Lake

RATE: Final = 5_000  # events a second
FOR_S: Final = 20.0
SUBJECTS: Final = 250  # so each does something every 50 ms: no stop is seen finer than that
WITHDRAW: Final = 200  # of them, at random times
WARM_S: Final = (
    3.0  # before the first withdrawal: topic, connection, first packs, everybody's consent
)
EACH_S: Final = 0.01  # so many events are emitted at once as come in this time
GOAL_S: Final = 2.0
NS_PER_S: Final = 1_000_000_000
MS_PER_S: Final = 1000
PURPOSE: Final = "analytics.reporting"
VERSION: Final = "2021-11-01"
SEEN: Final = "last row after the acknowledgement"
TOLD: Final = "from being said to the ledger"


def measure(context: Context) -> Result:
    """Measure the embedded log and Kafka, in turns."""
    seconds = context.seconds(FOR_S)
    variants = {
        "embedded log": lambda: _stopped("", seconds),
        "Kafka": lambda: _stopped(
            f"kafka://{context.kafka.bootstrap}/bench-{uuid.uuid4().hex[:8]}", seconds
        ),
    }
    samples = in_turns(variants, min(2, context.rounds))
    figures = [
        figure(
            samples,
            variant,
            f"{kind}, {metric}",
            name=f"{variant}: {kind}, {metric}",
            unit="s",
            goal=GOAL_S if metric == "p99" else None,
        )
        for variant in variants
        for kind in (SEEN, TOLD)
        for metric in ("p50", "p99", "max")
    ]
    notes = [
        (
            f"{RATE:,} page views a second for {seconds:.0f} s by {SUBJECTS} subjects who agreed to {PURPOSE}; {WITHDRAW} of them withdraw "
            "at random times, by another client than the one that goes on emitting what they do."
        ),
        f"{SEEN.capitalize()}: from the return of emit for the withdrawal to the change time of the last commit with a row stored for the purpose; 0 where there is none.",
        f"{TOLD.capitalize()}: what `remit report` tells of the same denials, and what the histogram `remit_consent_stop_seconds` is made of.",
    ]
    return Result(
        f"Withdrawals: from the acknowledgement to the stop at {RATE:,} events a second",
        figures,
        notes,
    )


def _stopped(log: str, seconds: float) -> dict[str, float]:
    with place(log) as installation:
        consumer = running(installation)
        acknowledged = installation.data.parent / "acknowledged.json"
        try:
            answer = run_apart(
                "withdrawals.flowing",
                installation.env,
                seconds=seconds,
                acknowledged=str(acknowledged),
            )
            time.sleep(SETTLE_S)
        finally:
            consumer.terminate()
            consumer.communicate()
        acks = {int(who): at for who, at in json.loads(acknowledged.read_text("utf-8")).items()}
        seen = _seen(installation, acks, int(answer["events"]))
        told = [ms / MS_PER_S for ms in Lake(installation.data / "lake").stopped_after_ms()]
        assert len(told) == len(acks), f"{len(told)} of {len(acks)} withdrawals are on record"
        return _spread(SEEN, seen) | _spread(TOLD, told)


def _spread(kind: str, seconds: list[float]) -> dict[str, float]:
    return {
        f"{kind}, p50": percentile(seconds, 0.5),
        f"{kind}, p99": percentile(seconds, 0.99),
        f"{kind}, max": max(seconds),
    }


def _seen(installation: Installation, acks: Mapping[int, float], events: int) -> list[float]:
    """Seconds from each acknowledgement to the last commit of a row that was stored for the purpose."""
    last: dict[int, float] = {}
    stored = 0
    for stood, numbers, is_kept in _commits(installation.data / "lake" / "events" / "page_view"):
        stored += len(numbers)
        for number, kept in zip(numbers, is_kept, strict=True):
            if kept:
                who = number % SUBJECTS
                last[who] = max(stood, last.get(who, 0.0))
    assert stored == events, f"{stored} of {events} events are stored"
    missing = acks.keys() - last.keys()
    assert not missing, f"{len(missing)} subjects had nothing stored before they withdrew"
    return [max(0.0, last[who] - at) for who, at in acks.items()]


def _commits(table: Path) -> Iterator[tuple[float, list[int], list[bool]]]:
    """Each flush: when it stood, the numbers of its events, and whether each has what it has for the purpose.

    A commit that takes files out rewrites rows, and stores none anew.
    """
    for entry in sorted((table / "_delta_log").glob("*.json")):
        actions = [json.loads(line) for line in entry.read_text("utf-8").splitlines()]
        if any("remove" in action for action in actions):
            continue
        stood = entry.stat().st_ctime_ns / NS_PER_S
        for action in actions:
            if "add" in action:
                path = table / action["add"]["path"]
                rows = pq.read_table(path, columns=["status", "utc_offset"], partitioning=None)
                numbers, kept = rows.column("status"), rows.column("utc_offset").is_valid()
                yield stood, numbers.to_pylist(), kept.to_pylist()


def flowing(seconds: float, acknowledged: str) -> dict[str, float]:
    """Emit at the rate, in this process, while subjects withdraw; write down when each was acknowledged.

    Returns:
        How many events there were.
    """
    client, settings = Client("shop"), Client("settings")
    for who in range(SUBJECTS):
        assert settings.emit(_said("given"), subject=f"c{who}")
    assert settings.flush(30)
    acks: dict[int, float] = {}
    ends_at = time.monotonic() + WARM_S + seconds
    withdrawing = threading.Thread(target=_withdraw, args=(settings, seconds, acks))
    withdrawing.start()
    begun, number = time.perf_counter(), 0
    while time.monotonic() < ends_at:
        for _ in range(int(RATE * EACH_S)):
            view = PageView(page="/cart", status=number, utc_offset="+01:00")
            assert client.emit(view, subject=f"c{number % SUBJECTS}")
            number += 1
        time.sleep(max(0.0, begun + number / RATE - time.perf_counter()))
    withdrawing.join()
    assert client.close(30)
    assert settings.close(30)
    Path(acknowledged).write_text(json.dumps(acks), "utf-8")
    return {"events": number, "per_second": number / (time.perf_counter() - begun)}


def _withdraw(client: Client, seconds: float, acks: dict[int, float]) -> None:
    """Have subjects withdraw at random times, save in the last second: what they do after it is to be seen."""
    chance = random.Random(1)
    begun = time.monotonic()
    times = sorted(chance.uniform(WARM_S, WARM_S + seconds - 1) for _ in range(WITHDRAW))
    for who, at in zip(chance.sample(range(SUBJECTS), WITHDRAW), times, strict=True):
        time.sleep(max(0.0, begun + at - time.monotonic()))
        assert client.emit(_said("withdrawn"), subject=f"c{who}")
        acks[who] = time.time()


def _said(status: str) -> ConsentChange:
    return ConsentChange(purpose=PURPOSE, status=status, agreed_version=VERSION, method="settings")
