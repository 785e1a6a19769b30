"""Packs to a real broker: each lane in order, nothing deleted before it is acknowledged, nothing lost when it is down."""

import os
import random
import time
import uuid
from collections import Counter
from collections.abc import Callable

import pytest
from confluent_kafka import Consumer, TopicPartition

from kit.kafka import PATIENCE, Kafka
from kit.program import run, start
from kit.spooled import Home, MakeClient, Pack
from remit import kafka as kafka_transport
from remit.importer import Importer
from remit_schemas.events import PageView

pytestmark = pytest.mark.kafka
TIMEOUT_S = 120.0
QUICK = {"reconnect.backoff.ms": "20", "reconnect.backoff.max.ms": "200"}
PARTITIONS = 5  # fewer than lanes, so that lanes share a partition

EMIT = """
import itertools, sys
from remit import Client, PageView
from remit.settings import Settings
run, data, log = sys.argv[1:]
client = Client("test", data=data, log=log, settings=Settings(pack_events_max=40, pack_age_s=0.02))
for n in itertools.count():
    assert client.emit(PageView(page=f"/{run}/{n}"), subject=f"subject {n % 30}")
    if n % 50 == 0:
        print(n + 1, flush=True)
"""


@pytest.fixture
def log(kafka: Kafka) -> str:
    """A log of its own on the broker."""
    return f"kafka://{kafka.bootstrap}/t{uuid.uuid4().hex[:8]}"


def topic_of(log: str) -> str:
    return log.rpartition("/")[2] + ".sealed"


def read(home: Home, kafka: Kafka, log: str) -> list[Pack]:
    """Every pack of the topic, partition by partition."""
    ends = kafka.end_offsets(topic_of(log))
    config = {"bootstrap.servers": kafka.bootstrap, "group.id": uuid.uuid4().hex, **PATIENCE}
    consumer = Consumer({**config, "enable.auto.commit": False})
    consumer.assign([TopicPartition(topic_of(log), partition, 0) for partition in ends])
    found: list[tuple[int, int, bytes]] = []
    while len(found) < sum(ends.values()):
        message = consumer.poll(TIMEOUT_S)
        assert message is not None, f"{len(found)} of {sum(ends.values())} packs came"
        assert message.error() is None, message.error()
        partition, offset = message.partition(), message.offset()
        assert partition is not None
        assert offset is not None
        found.append((partition, offset, message.value() or b""))
    consumer.close()
    packs = [(partition, home.opened(data)) for partition, _, data in sorted(found)]
    assert all(pack.header.lane % len(ends) == partition for partition, pack in packs)
    return [pack for _, pack in packs]


def pages(home: Home, packs: list[Pack]) -> Counter[object]:
    return Counter(event.values["page"] for event in home.stored(packs).values())


def test_packs_reach_the_topic_in_order_and_leave_the_spool(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str
) -> None:
    kafka.create_topic(topic_of(log), PARTITIONS)
    client = make_client(log=log, pack_events_max=20, kafka=QUICK)
    for n in range(2000):
        assert client.emit(PageView(page=f"/{n}"), subject=f"{n % 50}")
    assert client.flush(TIMEOUT_S)
    assert home.files() == []
    assert pages(home, read(home, kafka, log)) == Counter(f"/{n}" for n in range(2000))


def test_a_topic_that_is_missing_is_made_with_a_partition_for_each_lane(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str
) -> None:
    client = make_client(log=log, kafka=QUICK)
    assert client.emit(PageView(page="/a"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert len(kafka.end_offsets(topic_of(log))) == 12
    assert pages(home, read(home, kafka, log)) == {"/a": 1}


def test_a_broker_that_is_down_at_the_start_is_no_error_and_loses_nothing(
    home: Home, make_client: MakeClient, kafka_to_stop: Kafka, log: str
) -> None:
    kafka_to_stop.stop()
    client = make_client(log=log, kafka=QUICK)
    for n in range(100):
        assert client.emit(PageView(page=f"/{n}"), subject=f"{n}")
    assert not client.flush(0.2)
    assert home.files()
    kafka_to_stop.start()
    assert client.flush(TIMEOUT_S)
    assert pages(home, read(home, kafka_to_stop, log)) == Counter(f"/{n}" for n in range(100))


def test_a_broker_killed_in_the_middle_loses_and_doubles_nothing(
    home: Home, make_client: MakeClient, kafka_to_stop: Kafka, log: str
) -> None:
    kafka_to_stop.create_topic(topic_of(log), PARTITIONS)
    client = make_client(log=log, pack_events_max=10, kafka=QUICK)
    for n in range(1500):
        assert client.emit(PageView(page=f"/{n}"), subject=f"{n % 50}")
        if n == 700:
            client.flush(0.05)
            kafka_to_stop.kill()
    kafka_to_stop.start()
    assert client.flush(TIMEOUT_S)
    assert home.files() == []
    assert pages(home, read(home, kafka_to_stop, log)) == Counter(f"/{n}" for n in range(1500))


def test_what_nothing_is_heard_of_goes_again_through_another_connection_and_stands_once(
    home: Home,
    make_client: MakeClient,
    kafka_to_stop: Kafka,
    log: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = make_client(log=log, pack_events_max=10, kafka=QUICK)
    assert client.emit(PageView(page="/first"), subject="first")
    assert client.flush(TIMEOUT_S)
    kafka_to_stop.freeze()
    with pytest.MonkeyPatch.context() as hasty:
        hasty.setattr(kafka_transport, "STALL_S", 1.0)
        for n in range(200):
            assert client.emit(PageView(page=f"/{n}"), subject=f"{n}")
        until(lambda: "sending anew" in caplog.text)
    kafka_to_stop.thaw()
    assert client.flush(TIMEOUT_S)
    assert home.files() == []
    found = pages(home, read(home, kafka_to_stop, log))
    assert found == Counter(["/first", *(f"/{n}" for n in range(200))])


def test_a_topic_deleted_and_made_again_gets_what_was_not_acknowledged(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str
) -> None:
    client = make_client(log=log, kafka=QUICK)
    assert client.emit(PageView(page="/before"), subject="ann")
    assert client.flush(TIMEOUT_S)
    kafka.delete_topic(topic_of(log))
    assert client.emit(PageView(page="/after"), subject="ann")
    assert client.flush(TIMEOUT_S)
    (pack,) = read(home, kafka, log)
    assert [event.values["page"] for event in pack.events] == ["/after"]


def test_a_pack_larger_than_the_broker_takes_is_let_go_and_counted_and_the_rest_goes_on(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str
) -> None:
    kafka.create_topic(topic_of(log), PARTITIONS, {"max.message.bytes": "3000"})
    client = make_client(log=log, kafka=QUICK)
    noise = random.Random(1).randbytes(4000).hex()
    for page, agent in (("/a", None), ("/large", noise), ("/b", None)):
        assert client.emit(PageView(page=page, user_agent=agent), subject="ann")
        client.flush(TIMEOUT_S)
    assert client.flush(TIMEOUT_S)
    packs = read(home, kafka, log)
    assert pages(home, packs) == {"/a": 1, "/b": 1}
    assert packs[-1].header.counts.let_go == 1
    assert client.totals().let_go == 1


def test_packs_of_a_file_that_are_larger_than_the_broker_takes_are_let_go_and_counted(
    home: Home, kafka: Kafka, log: str
) -> None:
    kafka.create_topic(topic_of(log), PARTITIONS, {"max.message.bytes": "3000"})
    importer = Importer(PageView, b"a file", log=log, data=home.data)
    noise = random.Random(1).randbytes(4000).hex()
    for number in range(30):  # 0 and 24 are large, both of lane 0
        agent = noise if number in {0, 24} else None
        datum = importer.admit(PageView(page=f"/{number}", user_agent=agent))
        assert isinstance(datum, bytes)
        importer.add_pack(number, [datum])
    assert importer.flush(TIMEOUT_S)
    assert importer.let_go == 2
    importer.close()
    packs = read(home, kafka, log)
    assert pages(home, packs) == {f"/{n}": 1 for n in range(30) if n not in {0, 24}}
    assert max(pack.header.counts.let_go for pack in packs) == 2


def test_what_is_on_its_way_behind_a_refused_batch_does_not_overtake_it(
    home: Home, kafka: Kafka, log: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMIT_KAFKA_BATCH_NUM_MESSAGES", "2")
    monkeypatch.setenv("REMIT_KAFKA_LINGER_MS", "500")  # all are there before the first goes
    kafka.create_topic(topic_of(log), PARTITIONS, {"max.message.bytes": "3000"})
    importer = Importer(PageView, b"a file", log=log, data=home.data)
    noise = random.Random(1).randbytes(4000).hex()
    for number in range(60):  # 0 is refused together with 5, whose lane goes on with 17, 29, 41
        agent = noise if number == 0 else None
        datum = importer.admit(PageView(page=f"/{number}", user_agent=agent))
        assert isinstance(datum, bytes)
        importer.add_pack(number, [datum])
    assert importer.flush(TIMEOUT_S)
    importer.close()
    assert pages(home, read(home, kafka, log)) == {f"/{n}": 1 for n in range(1, 60)}


def test_what_a_killed_process_had_not_shipped_is_shipped_by_the_next(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str, *, prove: bool
) -> None:
    kafka.create_topic(topic_of(log), PARTITIONS)
    chance = random.Random(3)
    returned = {}
    for number in range(30 if prove else 4):
        process = start(EMIT, number, home.data, log)
        assert process.stdout is not None
        for _ in range(chance.randrange(1, 40)):
            returned[number] = int(process.stdout.readline())
        process.kill()
        rest, problems = process.communicate()
        assert not problems, problems[-2000:]
        returned[number] = max([returned[number], *map(int, rest.split("\n")[:-1])])
    client = make_client(log=log, kafka=QUICK)
    assert client.flush(TIMEOUT_S)
    assert home.files() == []
    found = pages(home, read(home, kafka, log))
    assert max(found.values()) == 1
    for number, n in returned.items():
        assert {f"/{number}/{i}" for i in range(n)} <= set(found)


def test_slots_that_nobody_claims_are_shipped_by_a_process_that_has_time(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str
) -> None:
    kafka.create_topic(topic_of(log), PARTITIONS)
    script = """
import os, sys
from remit import Client, PageView
clients = [Client("test", data=sys.argv[1], log=sys.argv[2]) for _ in range(3)]
for n, client in enumerate(clients):
    assert client.emit(PageView(page=f"/{n}"), subject="ann")
os._exit(0)
"""
    run(script, home.data, log)
    client = make_client(log=log, kafka=QUICK)
    assert client.flush(TIMEOUT_S)
    # In this order: an open pack that goes is a numbered one from then on.
    until(lambda: not list(home.data.glob("spool/*/open-*")) and not home.files())
    assert pages(home, read(home, kafka, log)) == {"/0": 1, "/1": 1, "/2": 1}


def test_large_packs_of_a_slot_that_nobody_claims_are_all_counted(
    home: Home, make_client: MakeClient, kafka: Kafka, log: str
) -> None:
    kafka.create_topic(topic_of(log), PARTITIONS, {"max.message.bytes": "3000"})
    script = """
import os, random, sys
from remit import Client, PageView
one, other = (Client("test", data=sys.argv[1], log="") for _ in range(2))
assert one.emit(PageView(page="/small"), subject="ann")
for n in range(3):
    noise = random.Random(n).randbytes(4000).hex()
    assert other.emit(PageView(page="/large", user_agent=noise), subject="ann")
    assert other.flush(60)
os._exit(0)
"""
    run(script, home.data)
    client = make_client(log=log, kafka=QUICK)
    assert client.flush(TIMEOUT_S)
    until(lambda: not list(home.data.glob("spool/*/open-*")) and not home.files())
    packs = read(home, kafka, log)
    assert pages(home, packs) == {"/small": 1}
    assert max(pack.header.counts.let_go for pack in packs) == 3


def until(is_so: Callable[[], bool]) -> None:
    """Wait for what another thread does."""
    deadline = time.monotonic() + TIMEOUT_S
    while not is_so():
        assert time.monotonic() < deadline
        os.sched_yield()


def test_a_fork_leaves_the_parents_connection_alone(home: Home, kafka: Kafka, log: str) -> None:
    script = """
import os, sys
from remit import Client, PageView
client = Client("test", data=sys.argv[1], log=sys.argv[2])
assert client.emit(PageView(page="/before"), subject="ann")
assert client.flush(60)
child = os.fork()
assert client.emit(PageView(page="/parent" if child else "/child"), subject="ann")
assert client.flush(60)
if child:
    assert os.waitpid(child, 0)[1] == 0
assert client.close(60)
"""
    run(script, home.data, log)
    found = pages(home, read(home, kafka, log))
    assert found == {"/before": 1, "/parent": 1, "/child": 1}
