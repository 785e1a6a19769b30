"""The shared test parts do what the tests that lean on them take for granted."""

import os
import re
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from kit.dying import assert_killed
from kit.jars import KAFKA_VERSION, SERVER, check_jars
from kit.kafka import Kafka
from kit.ports import RANGE, free_ports
from kit.program import run
from kit.tree import ROOT
from kit.warm import warm
from kit.watching import PATIENCE_S, until


def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "kit", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    got: list[bytes] = []
    try:
        while len(got) < count:
            messages = consumer.consume(count - len(got), timeout=30)
            assert messages, f"{len(got)} of {count} messages came"
            got += [value for message in messages if (value := message.value()) is not None]
    finally:
        consumer.close()
    return got


def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": bootstrap, "acks": "all", "log_level": 0})
    for value in values:
        producer.produce(topic, value)
    assert producer.flush(30) == 0


@pytest.mark.kafka
def test_what_a_broker_acknowledged_is_there_after_a_kill_and_a_start(kafka_to_stop: Kafka) -> None:
    kafka = kafka_to_stop
    kafka.create_topic("kit-kill", 1)
    produce(kafka.bootstrap, "kit-kill", [b"1", b"2"])
    kafka.kill()
    assert not kafka.is_up
    kafka.start()
    produce(kafka.bootstrap, "kit-kill", [b"3"])
    assert consume(kafka.bootstrap, "kit-kill", 3) == [b"1", b"2", b"3"]


@pytest.mark.kafka
def test_a_deleted_topic_made_again_is_empty(kafka: Kafka) -> None:
    kafka.create_topic("kit-again", 2)
    produce(kafka.bootstrap, "kit-again", [b"1"])
    kafka.delete_topic("kit-again")
    kafka.create_topic("kit-again", 2)
    assert kafka.end_offsets("kit-again") == {0: 0, 1: 0}


@pytest.mark.kafka
def test_deleted_records_are_not_read_any_more(kafka: Kafka) -> None:
    kafka.create_topic("kit-records", 1)
    produce(kafka.bootstrap, "kit-records", [b"1", b"2", b"3"])
    kafka.delete_records("kit-records", 0, before_offset=2)
    assert consume(kafka.bootstrap, "kit-records", 1) == [b"3"]


def test_a_jar_with_another_hash_is_named(tmp_path: Path) -> None:
    jars = tmp_path / "jars"
    jars.mkdir()
    (jars / "a.jar").write_bytes(b"not the jar")
    sums = tmp_path / "SHA256SUMS"
    sums.write_text(f"{'0' * 64}  a.jar\n{'0' * 64}  b.jar\n")
    with pytest.raises(RuntimeError, match=r"a\.jar, b\.jar"):
        check_jars(jars, sums)


def test_the_version_said_is_the_version_fetched() -> None:
    found = re.search(r"kafka_2\.13</artifactId><version>([^<]+)", (SERVER / "pom.xml").read_text())
    assert found is not None
    assert found[1] == KAFKA_VERSION


def test_a_leashed_program_dies_with_its_parent() -> None:
    parent = (
        "import subprocess, sys; sys.path.insert(0, sys.argv[1]); from kit.leash import leashed;"
        "child = subprocess.Popen(leashed(['sleep', '600']));"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    tests = str(Path(__file__).parents[1])
    started = subprocess.Popen(
        [sys.executable, "-c", parent, tests], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert started.stdout is not None
    child = int(started.stdout.readline())
    handle = os.pidfd_open(child)
    started.kill()
    started.communicate()
    assert select.select([handle], [], [], PATIENCE_S)[0], "the child outlived its parent"


def test_a_program_that_is_not_killed_is_not_taken_for_one_that_was() -> None:
    assert_killed("from kit.dying import die; die()")
    assert_killed("from kit.dying import after, die; after(print)('first')")
    for program in ("pass", "raise SystemExit(9)", "import os; os.abort()"):
        with pytest.raises(AssertionError):
            assert_killed(program)


def test_a_step_at_which_nothing_is_killed_is_named() -> None:
    told = "from kit.dying import die, die_in_turn; die_in_turn(('early', 'late'), {act})"
    run(told.format(act="die"))
    with pytest.raises(AssertionError, match="AssertionError: late"):
        run(told.format(act="lambda where: where == 'early' and die()"))


@pytest.mark.parametrize(("ci", "expected"), [("", 0), ("true", 1)])
def test_a_missing_part_is_named_at_the_end_and_fails_continuous_integration(
    ci: str, expected: int, tmp_path: Path
) -> None:
    chosen = f"{Path(__file__)}::test_deleted_records_are_not_read_any_more"
    environ = {
        **os.environ,
        "PATH": str(tmp_path),
        "CI": ci,
        "REMIT_PROVE": "",
        "REMIT_TEST_KAFKA": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", chosen],
        capture_output=True,
        text=True,
        check=False,
        env=environ,
        cwd=ROOT,
    )
    assert done.returncode == expected, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-2:]
    assert any("Apache Kafka 4.1.1: NOT RAN: no Java found" in line for line in last)


def test_ports_that_are_given_out_lie_where_no_connection_takes_them_and_differ_between_processes() -> (
    None
):
    first_of_connections = int(RANGE.read_text("ascii").split()[0])
    told = "from kit.ports import free_ports; print(*free_ports(50))"
    ours, theirs = free_ports(50), [int(port) for port in run(told).split()]
    assert len({*ours, *theirs}) == len(ours) + len(theirs)
    assert max(*ours, *theirs) < first_of_connections


def test_a_port_that_somebody_listens_on_is_not_given_out_by_number() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="taken"):
        free_ports(1, taken.getsockname()[1])


def test_a_command_that_goes_on_is_signalled_and_waited_for_by_its_number(tmp_path: Path) -> None:
    environment = {**os.environ, "REMIT_DATA": str(tmp_path / "data")}
    with (tmp_path / "log").open("a") as log:
        running = warm().start(["run"], environment, log)
    until(lambda: "consuming" in (tmp_path / "log").read_text(), "it does not start")
    assert running.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(0.01)
    running.kill()
    assert running.wait(PATIENCE_S) == -signal.SIGKILL
    running.terminate()  # it is gone, and nobody else's number is used


def test_a_command_that_goes_on_ends_with_who_started_it(tmp_path: Path) -> None:
    told = (
        "import os, sys; from kit.warm import warm; log = open(sys.argv[1], 'a');"
        "print(warm().start(['run'], {**os.environ, 'REMIT_DATA': sys.argv[2]}, log).pid, flush=True);"
        "os._exit(0)"
    )
    number = int(run(told, tmp_path / "log", tmp_path / "data", timeout_s=PATIENCE_S))
    until(lambda: not Path(f"/proc/{number}").exists(), "it goes on")
