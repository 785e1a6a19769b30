"""The HTTP edge on one core: events a second under wrk, beside the same server that only decodes and produces to Kafka."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import Final

from bench.apart import ROOT, environ
from bench.context import PARTITIONS, Context, place
from bench.events import shop_views
from bench.measure import Result, Samples, figure, in_turns

from kit.leash import leashed
from kit.watching import until
from remit.edge import sources

BATCH: Final = 10  # events of a request: what a tracker gathers on a page
SESSIONS: Final = 200  # in turn, so that every lane has its share
CONNECTIONS: Final = 256  # group commits: the more wait, the less each costs
WARM_S: Final = 1.0
FOR_S: Final = 5.0
ORIGIN: Final = "https://shop.example"
SERVER_CORE, OTHER_CORE = 0, 1  # wrk and the broker share the other one
GOAL: Final = 120_000.0
SHARE: Final = 80.0
BASELINE: Final = "msgspec and produce"

LUA: Final = """
local n, begin, middle = 0, {}, {}
for line in io.lines(os.getenv("BODIES")) do
  local session, events = line:match("^(%S+) (.*)$")
  begin[#begin + 1] = '{"session":"' .. session .. '","batch":'
  middle[#middle + 1] = ',"sent_at":' .. os.getenv("SENT_AT") .. ',"events":' .. events .. '}'
end
wrk.method = "POST"
wrk.headers["Content-Type"] = "text/plain"
wrk.headers["Origin"] = "https://shop.example"
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.9,de;q=0.8"
function request()
  n = n + 1
  local which = n % #begin + 1
  local number = tonumber(os.getenv("FIRST")) + n
  return wrk.format(nil, nil, nil, begin[which] .. number .. middle[which])
end
"""

PLAIN: Final = """
import sys
import msgspec, uvicorn
from confluent_kafka import Producer
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

class View(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    contract: str
    occurred_at: int
    page: str | None = None
    referrer: str | None = None
    screen: str | None = None

class Batch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    session: str
    batch: int
    sent_at: int
    events: list[View]

bootstrap, topic, fd = sys.argv[1:]
producer = Producer({
    "bootstrap.servers": bootstrap, "linger.ms": 20, "compression.type": "lz4", "acks": "all", "enable.idempotence": True,
    "queue.buffering.max.messages": 2_000_000, "queue.buffering.max.kbytes": 1 << 20,
})
decode, encode, produce = msgspec.json.Decoder(Batch).decode, msgspec.json.Encoder().encode, producer.produce

async def events(request):
    batch = decode(await request.body())
    for event in batch.events:
        produce(topic, encode(event), key=batch.session)
    producer.poll(0)
    return Response(status_code=202)

app = Starlette(routes=[Route("/v1/events", events, methods=["POST"])])
uvicorn.run(app, fd=int(fd), loop="uvloop", http="httptools", access_log=False, log_level="error")
"""


def measure(context: Context) -> Result:
    """Measure the edge on both logs, and the plain server, in turns."""
    if which("wrk") is None:
        raise RuntimeError("wrk is not installed: nothing else asks fast enough from one core")
    topic = f"bench-edge-{uuid.uuid4().hex[:8]}"
    context.kafka.create_topic(topic, PARTITIONS)
    for process in (context.kafka.pid,):
        _pin(process, OTHER_CORE)
    seconds, bootstrap = context.seconds(FOR_S), context.kafka.bootstrap
    log = f"kafka://{bootstrap}/bench-{uuid.uuid4().hex[:8]}"
    variants = {
        "edge, to Kafka": partial(_edge, seconds, log),
        BASELINE: partial(_plain, seconds, bootstrap, topic),
        "edge, embedded log": partial(_edge, seconds, ""),
    }
    samples: Samples = in_turns(variants, context.rounds)
    figures = [
        figure(
            samples,
            variant,
            "rate",
            name=f"{variant}, events",
            unit="events/s",
            goal=GOAL if variant == "edge, to Kafka" else None,
            baseline="" if variant == BASELINE else BASELINE,
        )
        for variant in variants
    ]
    figures += [
        figure(
            samples,
            variant,
            "processor",
            name=f"{variant}, processor time of an event",
            unit="µs",
            baseline="" if variant == BASELINE else BASELINE,
        )
        for variant in variants
    ]
    figures += [
        figure(samples, variant, metric, name=f"{variant}, answer {metric}", unit="ms")
        for variant in variants
        for metric in ("p50", "p99")
    ]
    notes = [
        f"wrk on one core, {CONNECTIONS} connections, batches of {BATCH} in {SESSIONS} sessions, every batch new; the server on the other core, one process.",
        "remit checks every field, fills in what the request says, recognises batches, seals, and answers 202 after a group sync of packs and journal.",
        "The plain server decodes with msgspec, checks types and unknown fields, produces each event as JSON, and answers at once; nothing of it is durable.",
        f"Goal: {SHARE:.0f} % of the plain server's rate.",
    ]
    return Result("The HTTP edge on one core, batches of 10", figures, notes)


def _edge(seconds: float, log: str) -> dict[str, float]:
    with place(log) as installation, TemporaryDirectory(prefix="remit-bench-") as folder:
        key = sources.add(installation.data, "bench", origins=[ORIGIN], rate=1e9)
        said = Path(folder) / "said"
        env = {**environ(installation.env), "REMIT_SPOOL_BYTES_MAX": str(8 << 30)}
        command = [sys.executable, "-m", "remit_cli", "edge", "--port", "0"]
        with said.open("wb") as out, _server(command, env, out=out) as process:
            until(lambda: "/v1/events" in said.read_text() or process.poll() is not None, "no edge")
            found = re.search(r":(\d+)/v1", said.read_text())
            if found is None:
                raise RuntimeError(said.read_text()[-2000:])
            url = f"http://127.0.0.1:{found[1]}/v1/events?key={key}"
            return _loaded(url, seconds, folder, process.pid)


def _plain(seconds: float, bootstrap: str, topic: str) -> dict[str, float]:
    with (
        TemporaryDirectory(prefix="remit-bench-") as folder,
        socket.create_server(("127.0.0.1", 0), backlog=2048) as door,
    ):
        command = [sys.executable, "-c", PLAIN, bootstrap, topic, str(door.fileno())]
        with _server(command, environ(), fds=(door.fileno(),)) as process:
            url = f"http://127.0.0.1:{door.getsockname()[1]}/v1/events"
            return _loaded(url, seconds, folder, process.pid)


@contextmanager
def _server(
    command: list[str], env: Mapping[str, str], *, fds: tuple[int, ...] = (), out: object = None
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        ["taskset", "-c", str(SERVER_CORE), *leashed(command)],  # noqa: S607  # of util-linux
        env=env,
        cwd=ROOT,
        pass_fds=fds,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=out,  # type: ignore[call-overload]  # a file or None
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _loaded(url: str, seconds: float, folder: str, server: int) -> dict[str, float]:
    """Ask as fast as the server answers."""
    bodies = Path(folder) / "bodies"
    now = time.time_ns() // 1_000_000
    bodies.write_text("".join(_bodies(now)))
    script = Path(folder) / "wrk.lua"
    script.write_text(LUA)
    env = {**os.environ, "BODIES": str(bodies), "SENT_AT": str(now)}
    _wrk(url, WARM_S, script, {**env, "FIRST": "1"})
    begun = _processor_s(server)
    said = _wrk(url, seconds, script, {**env, "FIRST": "10000000"})
    spent_s = _processor_s(server) - begun
    asked = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    waits = re.search(r"50%\s+([\d.]+)(\w+).*?99%\s+([\d.]+)(\w+)", said, re.DOTALL)
    if (
        asked is None
        or rate is None
        or waits is None
        or "Non-2xx" in said
        or "Socket errors" in said
    ):
        raise RuntimeError(f"wrk: {said[-1000:]}")
    ms = {"us": 0.001, "ms": 1.0, "s": 1000.0}
    return {
        "rate": float(rate[1]) * BATCH,
        "processor": spent_s / int(asked[1]) / BATCH * 1e6,
        "p50": float(waits[1]) * ms[waits[2]],
        "p99": float(waits[3]) * ms[waits[4]],
    }


def _processor_s(process: int) -> float:
    """Processor time that a process has taken, all its threads: what others do to a shared machine is hardly in it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wrk(url: str, seconds: float, script: Path, env: Mapping[str, str]) -> str:
    load = [
        "-t1",
        "--timeout",
        "30s",
        f"-c{CONNECTIONS}",
        f"-d{seconds:.0f}s",
        "--latency",
        "-s",
        str(script),
        url,
    ]
    done = subprocess.run(
        ["taskset", "-c", str(OTHER_CORE), "wrk", *load],  # noqa: S607  # wherever it is installed
        env=env,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds + 60,
    )
    return done.stdout


def _bodies(now: int) -> Iterator[str]:
    views = shop_views(BATCH * SESSIONS)
    names = ("page", "referrer", "screen")
    for session in range(SESSIONS):
        mine = views[session * BATCH : (session + 1) * BATCH]
        events = [
            {"contract": "page_view", "occurred_at": now - 50, **{n: view.values[n] for n in names}}
            for view in mine
        ]
        yield f"{session:022d} {json.dumps(events, separators=(',', ':'))}\n"


def _pin(process: int, core: int) -> None:
    """Keep a process and its threads on a core."""
    for task in Path(f"/proc/{process}/task").iterdir():
        os.sched_setaffinity(int(task.name), {core})
