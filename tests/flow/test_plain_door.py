"""Plain Avro of other languages' producers: sealed at once, treated as everything else, and shown on every proof."""

import itertools
import json
import random
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from kit.flowing import assert_each_once
from kit.jars import Missing, kafka_jars
from kit.kafka import Kafka
from kit.maven import AVRO, fetched
from kit.parts import RealParts
from kit.plain_door import Message, PlainDoor, datum, message, page_view
from kit.tree import ROOT
from kit.watching import until
from remit.bridge.start import open_bridge
from remit_schemas.codec import own_schema_id, to_confluent
from remit_schemas.contract import builtin
from remit_schemas.errors import SettingsError
from remit_schemas.log_address import KafkaLog

pytestmark = pytest.mark.kafka

IP = "198.51.100.23"  # planted, and looked for
PAGE = "/orders/17"
GUIDE = ROOT / "docs" / "other-languages.md"


@pytest.fixture
def door(kafka_secure: Kafka, tmp_path: Path) -> Iterator[PlainDoor]:
    """An open door."""
    made = PlainDoor(kafka_secure, tmp_path).open()
    made.installed.prepare()
    yield made
    made.installed.end_all()


def views(first: int, last: int) -> Iterator[Message]:
    """Page views with numbers that survive the pipeline, each of one of fifty subjects."""
    for n in range(first, last + 1):
        yield message(status=n, page=PAGE, ip=IP), f"user {n % 50}", {}


def carry(door: PlainDoor, *options: str) -> None:
    """Run a bridge until everything is sealed."""
    bridge = door.start(*options)
    until(lambda: bridge.poll() is not None or door.waiting() == 0, "not sealed")
    bridge.terminate()
    assert bridge.wait(30) == 0, door.said()


def test_plain_events_stand_in_the_lake_once_and_every_proof_says_how_they_came(
    door: PlainDoor,
) -> None:
    assert "closed" in str(door.installed.checks()["plain door"]["detail"])
    door.send(views(1, 1000))
    carry(door)
    door.installed.settle()
    assert_each_once(door.installed, 1000)
    rows = door.installed.rows("page_view")
    assert len(set(rows["subject"].to_pylist())) == 50
    for canary in (IP.encode(), b"user 17"):
        assert canary in door.bytes_of(door.topic)
        assert canary not in door.bytes_of(f"{door.prefix}.sealed")
    checks = door.installed.checks("--canaries", "-", stdin=f"{IP}\nuser 17\n")
    assert all(check["holds"] for check in checks.values())
    assert str(checks["plain door"]["detail"]).startswith("open: 1000 events came in plain")
    assert "WITHOUT TLS" not in str(checks["plain door"]["detail"])
    told = door.installed.facts("report")["plain_door"]
    assert told == {
        "offered": 1000,
        "refused": 0,
        "let_go": 0,
        "without_tls": 0,
        "producers": 1,
    }
    assert "Plain door: open: 1000 events" in door.installed.remit("report").stdout


def test_hostile_messages_are_counted_and_never_stored(door: PlainDoor) -> None:
    mine = own_schema_id(page_view())
    good = datum(status=1, page=PAGE)
    hostile: list[Message] = [
        (b"", "u", {}),  # short
        (None, "u", {}),
        (b"\0\0", "u", {}),
        (b"\1" + message(status=2)[1:], "u", {}),  # wrong magic
        (b'{"page": "/secret"}', "u", {}),
        (to_confluent(good, 4711), "u", {}),  # a schema that is no contract's
        (to_confluent(good + b"\0", mine), "u", {}),  # trailing bytes
        (to_confluent(good[:-3], mine), "u", {}),  # truncated
        (to_confluent(b"", mine), "u", {}),
        (to_confluent(b"\x02" * 90, mine), "u", {}),
        (message(status=3), b"\xff\xfe", {}),  # a key that is no text
        (message(status=4), b"\0\0\0\0\1\x02u", {}),  # a key that a serializer wrote
        (message(status=5), "u", {"remit-tenant": "t" * 300}),
    ]
    door.send([*hostile, *views(1, 10)])
    carry(door)
    door.installed.settle()
    rows = door.installed.rows("page_view")
    assert sorted(rows["status"].to_pylist()) == list(range(1, 11))
    contracts = door.installed.facts("report")["contracts"]
    reasons = door.installed.facts("report")["reasons"]
    assert isinstance(contracts, dict)
    assert isinstance(reasons, dict)
    assert reasons["unknown"] == {"refused.unparsed": 5, "refused.unknown_contract": 1}
    assert reasons["page_view"] == {"refused.does_not_fit": 3, "quarantined.malformed": 4}
    assert contracts["page_view"]["offered"] == 17
    assert contracts["page_view"]["in_flight"] == 0
    assert door.installed.breaches() == {}


def test_headers_name_subject_and_tenant_and_win_over_the_key(door: PlainDoor) -> None:
    door.send(
        [
            (message(status=1), "order 5", {"remit-subject": "ann"}),
            (message(status=2), "ann", {}),
            (message(status=3), "order 5", {"remit-subject": ""}),
            (message(status=4), None, {}),
            (message(status=5), "ann", {"remit-tenant": "merchant"}),
        ]
    )
    carry(door)
    door.installed.settle()
    rows = door.installed.rows("page_view").sort_by("status")["subject"].to_pylist()
    assert rows[0] == rows[1] is not None
    assert rows[2] is rows[3] is None
    assert rows[4] not in {rows[0], None}  # another tenant's ann is another subject


@pytest.mark.slow
def test_a_bridge_killed_again_and_again_carries_every_message_once(
    door: PlainDoor, *, prove: bool
) -> None:
    chance, enough = random.Random(9), threading.Event()
    sent = 0

    def endless() -> Iterator[Message]:
        nonlocal sent
        for sent in itertools.count(1):
            yield from views(sent, sent)
            if enough.is_set():
                return

    def more(before: int) -> bool:
        return door.sealed() > before

    sender = threading.Thread(target=door.send, args=(endless(), 0.05))
    sender.start()
    try:
        for _ in range(20 if prove else 4):
            bridge = door.start()
            until(partial(more, door.sealed()), "nothing is sealed")
            threading.Event().wait(chance.uniform(0, 0.6))
            bridge.kill()
            bridge.wait()
    finally:
        enough.set()
        sender.join()
    carry(door)
    door.installed.settle()
    assert_each_once(door.installed, sent)
    told = door.installed.facts("report")["plain_door"]
    assert isinstance(told, dict)
    assert told["producers"] > 1
    assert told["offered"] == sent


@pytest.mark.slow
def test_a_broker_that_goes_and_comes_back_is_found_again_and_nothing_stands_twice(
    door: PlainDoor,
) -> None:
    bridge = door.start()
    door.send(views(1, 500))
    until(lambda: door.sealed() > 0, "nothing is sealed")
    door.kafka.kill()
    try:
        until(lambda: "does not answer" in door.said(), "the fault is not said")
    finally:
        door.kafka.start()
    door.send(views(501, 1000))
    until(lambda: door.waiting() == 0, "not sealed")
    bridge.terminate()
    assert bridge.wait(30) == 0
    door.installed.settle()
    assert_each_once(door.installed, 1000)


def test_of_two_bridges_one_ends_and_says_why(door: PlainDoor) -> None:
    bridges = [door.start()]
    door.send(views(1, 100))
    until(lambda: door.waiting() == 0, "not sealed")
    bridges.append(door.start())
    until(lambda: door.said().count("connected") >= 2, "the second does not take over")
    door.send(views(101, 200))
    until(lambda: any(bridge.poll() is not None for bridge in bridges), "both go on")
    until(lambda: door.waiting() == 0, "not sealed")
    for bridge in bridges:
        bridge.terminate()
    assert sorted(bridge.wait(30) for bridge in bridges) == [0, 2]
    assert "another bridge has taken over" in door.said()
    door.installed.settle()
    assert_each_once(door.installed, 200)


def test_a_stopped_category_is_refused_at_the_door(door: PlainDoor) -> None:
    door.installed.remit("keys", "stop", "user.device.ip_address")
    door.send([(message(status=1, ip=IP), "u", {}), (message(status=2), "u", {})])
    carry(door)
    door.installed.settle()
    assert door.installed.rows("page_view")["status"].to_pylist() == [2]
    reasons = door.installed.facts("report")["reasons"]
    assert isinstance(reasons, dict)
    assert reasons["page_view"] == {"refused.stopped": 1}


def test_a_bridge_without_tls_says_so_on_every_proof_and_only_where_it_was_asked_to(
    door: PlainDoor,
) -> None:
    env = {n: text for n, text in door.installed.env.items() if not n.startswith("REMIT_KAFKA_")}
    door.installed.env.clear()
    door.installed.env.update(env, REMIT_LOG=f"kafka://{door.kafka.bootstrap}/{door.prefix}")
    refused = door.installed.remit("bridge", "run", expect=2)
    assert refused.stderr.startswith("remit: the plain door needs TLS")
    assert refused.stderr.count("\n") == 1
    assert not door.installed.checks()["plain door"]["offered"]
    door.send(views(1, 10))
    carry(door, "--loopback")
    door.installed.settle()
    assert_each_once(door.installed, 10)
    detail = str(door.installed.checks()["plain door"]["detail"])
    assert detail.endswith("10 of them WITHOUT TLS, on one machine")


def test_a_broker_that_does_not_answer_and_a_log_on_this_machine_are_said_in_one_line(
    door: PlainDoor,
) -> None:
    door.installed.env["REMIT_LOG"] = "kafka://127.0.0.1:1/x"
    assert "does not answer" in door.installed.remit("bridge", "check", expect=2).stderr
    door.installed.env["REMIT_LOG"] = ""
    assert "set REMIT_LOG" in door.installed.remit("bridge", "run", expect=2).stderr


def test_doctor_looks_at_the_door(door: PlainDoor) -> None:
    said = door.installed.remit("doctor", "--json").stdout
    assert f"open: {door.topic}" in json.loads(said)["checks"]["plain door"]["detail"]
    assert "named producers only" in door.installed.remit("bridge", "check").stdout
    door.configure({"retention.ms": "86400000"})
    said = door.installed.remit("doctor", "--json", expect=1).stdout
    assert not json.loads(said)["checks"]["plain door"]["holds"]


def test_a_door_that_stands_open_too_long_while_it_is_in_use_ends_the_bridge(
    door: PlainDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.bridge.bridge.CHECK_EVERY_S", 0.2)
    env, stop = door.installed.env, threading.Event()
    address = KafkaLog(door.kafka.secure, door.prefix)
    bridge = open_bridge(env, address, door.installed.data, builtin(), is_loopback=False)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(bridge.run, stop)
        try:
            door.send(views(1, 10))
            until(lambda: bridge.sealed == 10, "nothing is sealed")
            assert not running.done()
            door.configure({"retention.ms": "86400000"})
            with pytest.raises(SettingsError, match="too long"):
                running.result(60)
        finally:
            stop.set()


def test_what_retention_took_before_it_was_read_is_counted(door: PlainDoor) -> None:
    door.send(views(1, 30))
    carry(door)
    door.send((message(status=n), "one", {}) for n in range(31, 51))
    gone = 0
    for partition, end in door.kafka.end_offsets(door.topic).items():
        door.kafka.delete_records(door.topic, partition, end)
        gone += end
    carry(door)
    door.send(views(51, 60))
    carry(door)
    door.installed.settle()
    assert gone == 50
    assert door.installed.rows("page_view").num_rows == 40
    assert door.installed.facts("report")["plain_door"] == {
        "offered": 60,
        "refused": 0,
        "let_go": 20,
        "without_tls": 0,
        "producers": 3,
    }
    assert door.installed.breaches() == {}


@pytest.mark.slow
def test_the_java_program_of_the_guide_sends_events_that_are_stored(
    door: PlainDoor, tmp_path: Path, real_parts: RealParts
) -> None:
    try:
        classes = f"{kafka_jars()}/*:{fetched(AVRO)}"
    except Missing as missing:
        real_parts.not_ran("a producer in Java", str(missing))
        pytest.skip(str(missing))
    contracts = tmp_path / "contracts"
    ids = door.installed.facts("bridge", "schemas", "--to", str(contracts))["schemas"]
    assert isinstance(ids, dict)
    (text,) = re.findall(r"^```java\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    (tmp_path / "Shop.java").write_text(text)
    door.write_java_properties(tmp_path / "client.properties")
    schema = contracts / "page_view.avsc"
    command = ["java", "-cp", classes, str(tmp_path / "Shop.java")]
    command += [str(tmp_path / "client.properties"), door.topic, str(schema)]
    command += [str(ids["page_view"]["schema_id"]), "500"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    real_parts.ran("a producer in Java", AVRO.name)
    carry(door)
    door.installed.settle()
    assert_each_once(door.installed, 500)
    assert len(set(door.installed.rows("page_view")["subject"].to_pylist())) == 50
