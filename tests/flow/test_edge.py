"""From a browser's batch to the lake: the edge in `remit up`, and the edge alone on Kafka."""

import json
import re
import subprocess
import urllib.request
from pathlib import Path

import pytest

from kit.edge_process import ORIGIN, batch, view
from kit.installation import Installation
from kit.ports import free_port
from kit.watching import until
from remit.edge import sources


def listening(process: "subprocess.Popen[str]") -> int:
    """Wait until a program says on which port it takes events."""
    assert process.stderr is not None
    for line in process.stderr:
        found = re.search(r":(\d+)/.*v1/events", line)
        if found:
            return int(found[1])
    raise AssertionError("it ended without a port")


def send(port: int, key: str, sent: object) -> dict[str, object]:
    request = urllib.request.Request(  # our own edge
        f"http://127.0.0.1:{port}/v1/events?key={key}",
        json.dumps(sent).encode(),
        {"Origin": ORIGIN, "Content-Type": "text/plain", "User-Agent": "Mozilla/5.0 Firefox/130.0"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
        found: dict[str, object] = json.loads(answer.read())
        return found


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:  # as above
        return str(answer.read().decode())


def test_a_batch_comes_through_remit_up_to_the_lake_once(embedded: Installation) -> None:
    key = sources.add(embedded.data, "shop", origins=[ORIGIN])
    process = embedded.start("up", "--port", str(free_port()))
    try:
        port = listening(process)
        sent = batch([view("/orders/12"), view("/orders/13", nothing=1)])
        assert send(port, key, sent)["accepted"] == 1
        assert send(port, key, sent)["duplicate"] is True
        metrics = read(port, "/metrics")
        assert 'remit_edge_events_total{outcome="accepted"} 1.0' in metrics
        assert "remit_lag_packs" in metrics, "the consumer's figures stand on the same page"
        assert json.loads(read(port, "/healthz"))["ready"] is True
        assert json.loads(read(port, "/v1/policy/summary"))["policy_version"]
    finally:
        process.terminate()
        process.communicate(timeout=300)
    embedded.settle()
    rows = embedded.rows("page_view").to_pylist()
    assert [row["platform"] for row in rows].count("web") == 1
    counts = embedded.contract("page_view")
    assert counts["in_flight"] == 0
    assert counts["offered"] == counts["stored"] + counts["refused"]


@pytest.mark.kafka
def test_an_edge_alone_ships_to_kafka(on_kafka: Installation, tmp_path: Path) -> None:
    on_kafka.prepare()
    key = sources.add(on_kafka.data, "shop", origins=[ORIGIN])
    process = on_kafka.start("edge", "--port", "0")
    try:
        port = listening(process)
        for _ in range(20):
            assert send(port, key, batch([view(f"/{tmp_path.name}")] * 10))["accepted"] == 10
    finally:
        process.terminate()
        process.communicate(timeout=300)
    on_kafka.settle()
    until(lambda: on_kafka.contract("page_view")["in_flight"] == 0, "packs are still on their way")
    assert on_kafka.contract("page_view")["stored"] >= 200
