"""What the benchmark of SDKs stands on: a sink that counts every event once, and says which came twice."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection

import pytest

from kit.tree import ROOT

EVENTS = [json.dumps({"page": f"/a?b&nr-{number:08d}"}).encode() for number in range(5)]


@pytest.fixture
def sink() -> Iterator["subprocess.Popen[str]"]:
    """The sink, as a process."""
    with subprocess.Popen(
        [sys.executable, "-m", "bench.sdk_sink"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def ask(sink: "subprocess.Popen[str]", what: str) -> dict[str, int]:
    assert sink.stdin is not None
    assert sink.stdout is not None
    sink.stdin.write(f"{what}\n")
    sink.stdin.flush()
    answer: dict[str, int] = json.loads(sink.stdout.readline())
    return answer


def port(sink: "subprocess.Popen[str]") -> int:
    assert sink.stdout is not None
    return int(sink.stdout.readline())


def post(connection: HTTPConnection, body: bytes, **headers: str) -> int:
    connection.request("POST", "/", body, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_the_sink_counts_plain_and_compressed_events_and_repeats(
    sink: "subprocess.Popen[str]",
) -> None:
    connection = HTTPConnection("127.0.0.1", port(sink), timeout=10)
    assert post(connection, b"[" + b",".join(EVENTS[:3]) + b"]") == 200
    packed = gzip.compress(b"".join(EVENTS[2:]))
    assert post(connection, packed, **{"Content-Encoding": "gzip"}) == 200
    connection.close()
    assert ask(sink, "seen") == {"events": 5, "twice": 1}
    assert ask(sink, "reset") == {"events": 0, "twice": 0}


def test_a_sink_that_is_down_refuses_and_comes_back_on_its_port(
    sink: "subprocess.Popen[str]",
) -> None:
    at = port(sink)
    ask(sink, "down")
    with pytest.raises(ConnectionRefusedError):
        post(HTTPConnection("127.0.0.1", at, timeout=10), EVENTS[0])
    ask(sink, "up")
    connection = HTTPConnection("127.0.0.1", at, timeout=10)
    assert post(connection, EVENTS[0]) == 200
    connection.close()
    assert ask(sink, "seen") == {"events": 1, "twice": 0}
