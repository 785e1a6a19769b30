"""Runs one SDK over events: `python -m bench.sdk_door NAME MODE TO EVENTS_FILE COUNT`; its environment has that SDK.

Prints one JSON object. `burst`: calls without pause, then the SDK's own flush. `paced`: 1,000 calls a second, and a line
on standard input ends them (the sink goes down and comes back meanwhile); then the flush. `kill`: as many paced calls,
then SIGKILL to itself; what was taken stands on its standard output before. `idle`: starts, waits for a line, ends.
"""

import json
import logging
import os
import select
import signal
import sys
import threading
import time
from array import array
from pathlib import Path
from typing import Final

from bench.beside.sdks import DOORS, Door, Event

WARM: Final = 200
FLUSH_S: Final = 30.0  # how long an SDK's own flush may take: some never come back
RATE: Final = 1_000  # calls a second where they are paced
NS_PER_US: Final = 1_000


def main(name: str, mode: str, to: str, path: str, count: str) -> None:
    """Start the SDK and run it."""
    logging.disable(logging.CRITICAL)  # a sink that is down makes some of them write a lot
    events: list[dict[str, object]] = json.loads(Path(path).read_text("utf-8"))
    door = DOORS[name](to, is_big=mode == "burst")
    if mode == "burst":
        _say(_burst(door, events, int(count)))
    elif mode == "idle":
        _say({})
        sys.stdin.readline()
        _flush(door)
        _say({})
    else:
        _say(_paced(door, events, int(count), is_killed=mode == "kill"))
    os._exit(0)  # whatever an SDK would still do at exit is not what is asked here


def _numbered(events: list[dict[str, object]], number: int) -> Event:
    event = events[number % len(events)]
    return {**event, "page": f"{event['page']}&nr-{number:08d}", "number": number}


def _burst(door: Door, events: list[dict[str, object]], count: int) -> dict[str, float]:
    _warm(door, events)
    made = [door.make(_numbered(events, WARM + number)) for number in range(count)]
    spent, now, send = array("q"), time.perf_counter_ns, door.send
    begun, taken = time.perf_counter(), 0
    for event in made:
        since = now()
        taken += send(event)
        spent.append(now() - since)
    _flush(door)
    took_s = time.perf_counter() - begun
    return {"taken": taken + WARM, "took_s": took_s, **_told(spent)}


def _paced(
    door: Door, events: list[dict[str, object]], count: int, *, is_killed: bool
) -> dict[str, float]:
    _warm(door, events)
    spent, taken, number = array("q"), WARM, 0
    begun, before_mb = time.perf_counter(), _resident_mb()
    _say({})
    while not (number >= count if is_killed else _is_told()):
        if number / RATE > time.perf_counter() - begun:
            time.sleep(0.0005)
            continue
        event = door.make(_numbered(events, WARM + number))
        since = time.perf_counter_ns()
        taken += door.send(event)
        spent.append(time.perf_counter_ns() - since)
        number += 1
    after_mb = _resident_mb()
    if is_killed:
        _say({"taken": taken, "calls": WARM + number})
        os.kill(os.getpid(), signal.SIGKILL)
    _flush(door)
    return {
        "taken": taken,
        "calls": WARM + number,
        "growth_mb": after_mb - before_mb,
        **_told(spent),
    }


def _warm(door: Door, events: list[dict[str, object]]) -> None:
    """Have the first calls behind, which load modules, make keys and connect."""
    for number in range(WARM):
        door.send(door.make(_numbered(events, number)))
    _flush(door)


def _flush(door: Door) -> None:
    flushing = threading.Thread(target=door.flush, daemon=True)
    flushing.start()
    flushing.join(FLUSH_S)


def _is_told() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


def _told(spent: "array[int]") -> dict[str, float]:
    ordered = sorted(spent)
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    last = len(ordered) - 1
    return {
        name: ordered[min(last, int(len(ordered) * share))] / NS_PER_US
        for name, share in shares.items()
    }


def _resident_mb() -> float:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _say(what: dict[str, float]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
