"""A live app for the flow tests: it emits events with numbers that survive the pipeline, and is told how fast."""

import secrets
import subprocess

import pyarrow as pa
from confluent_kafka.admin import AdminClient

from kit.installation import Installation, each_once, without_holes
from kit.kafka import Kafka

FLOW = """
import itertools, select, sys, time
from remit import Client, PageView
least, seconds = int(sys.argv[1]), float(sys.argv[2])
client = Client("flow")
begun, is_told = time.monotonic(), False
for n in itertools.count(1):
    assert client.emit(PageView(page="/flow", status=n), subject=f"subject {n % 500}")
    if not is_told and n % 50 == 0:
        ahead = n / least * seconds - (time.monotonic() - begun)
        is_told = bool(select.select([sys.stdin], [], [], max(0, ahead))[0])
    if is_told and n >= least:
        break
print(n, flush=True)
sys.exit(0 if client.flush(120) and client.close(10) else 1)
"""
"""Emits events at a steady pace until it is told to end; what is then left of the least number it emits at once.
`status` is kept as it is by the pipeline: it numbers the events from 1 on."""


def flow(installed: Installation, least: int, seconds: float) -> "subprocess.Popen[str]":
    """Start an app that emits so many events in so many seconds, and goes on like that until it is told to end."""
    return installed.program(FLOW, least, seconds)


def tell(app: "subprocess.Popen[str]") -> int:
    """Tell an app to end; give how many events it had taken from it, whether or not they are on the log yet."""
    assert app.stdin is not None
    assert app.stdout is not None
    app.stdin.write("end\n")
    app.stdin.flush()
    said = app.stdout.readline()
    assert said, app.communicate()[1][-2000:]
    return int(said)


def end(app: "subprocess.Popen[str]") -> None:
    """Wait until an app that was told to has ended, with everything it emitted on the log."""
    _, problems = app.communicate(timeout=300)
    assert app.returncode == 0, problems[-2000:]


def assert_each_once(installed: Installation, emitted: int) -> None:
    """Exactly the events that a `flow` emitted stand in the lake, each once, in whole packs, and the proof holds."""
    rows: pa.Table = installed.rows("page_view")
    stored = rows["status"].to_pylist()
    expected = set(range(1, emitted + 1))
    assert (len(expected - set(stored)), len(set(stored) - expected)) == (0, 0)
    assert len(stored) == len(expected), f"{len(stored) - len(expected)} events stand twice"
    assert each_once(rows)
    assert without_holes(rows)
    told = installed.contract("page_view")
    assert (told["stored"], told["offered"], told["in_flight"]) == (len(expected), len(expected), 0)
    assert installed.breaches() == {}


def log_of_its_own(kafka: Kafka) -> str:
    """A log on a broker, by a prefix that nothing else has."""
    return f"kafka://{kafka.bootstrap}/flow-{secrets.token_hex(6)}"


def shares(admin: AdminClient, group: str) -> list[int]:
    """How many partitions each member of a group has."""
    told = admin.describe_consumer_groups([group], request_timeout=30)[group].result()
    return sorted(len(member.assignment.topic_partitions) for member in told.members)
