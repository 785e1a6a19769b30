"""Kafka as the log, on a real broker."""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping

import pytest
from confluent_kafka import Consumer, Producer

from kit.kafka import Kafka
from kit.stalling import Kind, Stalling
from kit.watching import PATIENCE_S, patience
from remit_consumers.source import kafka, member
from remit_consumers.source.base import Sealed
from remit_consumers.source.kafka import KafkaSource
from remit_consumers.source.topic import contents
from remit_schemas.errors import LakeError, LogError, LogReplaced, OffsetGone
from remit_schemas.log_address import KafkaLog

pytestmark = pytest.mark.kafka

RESTART_S = 2.0  # how soon a killed consumer's successor must read (DESIGN D6: at once)


class Lake:
    """Stands for the lake's positions."""

    def __init__(self) -> None:
        self.positions: dict[int, int] = {}
        self.asked: list[int] = []
        self.is_away = False

    def start(self, partitions: Collection[int]) -> Mapping[int, int | None]:
        """Give the position of partitions."""
        self.asked += partitions
        if self.is_away:
            raise LakeError("away")
        return {number: self.positions.get(number) for number in partitions}


@pytest.fixture
def lake() -> Lake:
    return Lake()


@pytest.fixture
def address(kafka: Kafka) -> KafkaLog:
    return KafkaLog(kafka.bootstrap, f"t{uuid.uuid4().hex[:12]}")


@pytest.fixture
def open_source(address: KafkaLog, lake: Lake) -> Iterator[Callable[..., KafkaSource]]:
    opened: list[KafkaSource] = []

    def make(
        instance: int = 0, where: KafkaLog = address, settings: Mapping[str, str] | None = None
    ) -> KafkaSource:
        opened.append(KafkaSource(where, lake.start, instance=instance, settings=settings))
        return opened[-1]

    yield make
    for source in opened:
        source.close()


def produce(address: KafkaLog, packs: Mapping[int, list[bytes]]) -> None:
    producer = Producer({"bootstrap.servers": address.bootstrap, "log_level": 0})
    for partition, values in packs.items():
        for value in values:
            producer.produce(address.sealed_topic, value=value, partition=partition)
    assert producer.flush(PATIENCE_S) == 0


def read(source: KafkaSource, packs: int) -> list[Sealed]:
    """Poll until so many packs came."""
    until = time.monotonic() + PATIENCE_S
    found: list[Sealed] = []
    while len(found) < packs and time.monotonic() < until:
        found += source.poll(0.5)
    return found


def settle(source: KafkaSource, partitions: int = 12) -> None:
    """Poll until so many partitions are placed."""
    until = time.monotonic() + PATIENCE_S
    while len(source.assigned()) != partitions:
        assert time.monotonic() < until, f"{len(source.assigned())} partitions are placed"
        assert source.poll(0.1) == []


def offsets(packs: list[Sealed], partition: int) -> list[int]:
    return [pack.offset for pack in packs if pack.partition == partition]


def test_a_topic_that_is_missing_is_made_with_a_partition_for_each_lane(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    source = open_source()
    settle(source)
    assert len(kafka.end_offsets(address.sealed_topic)) == 12
    assert source.log_id.startswith("kafka/")
    assert source.lag() == 0


def test_packs_come_whole_and_in_order_from_the_first_offset_where_the_lake_has_none(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    sent = {number: [b"%d-%d" % (number, n) * 100 for n in range(40)] for number in range(12)}
    produce(address, sent)
    found = read(open_source(), 480)
    for number, values in sent.items():
        assert [pack.data for pack in found if pack.partition == number] == values
        assert offsets(found, number) == list(range(40))


def test_reading_goes_on_at_the_lakes_position_whatever_the_group_committed(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {3: [b"x"] * 10, 4: [b"y"] * 4})
    first = open_source()
    assert len(read(first, 14)) == 14
    first.committed({3: 10, 4: 4})
    first.close()
    lake.positions = {3: 7, 4: 4}
    second = open_source()
    found = read(second, 3)
    assert offsets(found, 3) == [7, 8, 9]
    assert len(found) == 3
    assert second.lag() == 0


def test_lag_counts_what_was_not_handed_on_and_is_never_nothing_before_the_log_was_reached(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    source = open_source()
    assert source.lag() == 1
    settle(source)
    assert source.lag() == 0
    produce(address, {1: [b"x"] * 5})
    assert source.lag() == 5
    assert len(read(source, 5)) == 5
    assert source.lag() == 0


def test_rewind_reads_again_from_the_offset_and_only_there(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {0: [b"%d" % n for n in range(600)], 5: [b"z"] * 3})
    source = open_source()
    read(source, 603)
    source.rewind({0: 10})
    again = read(source, 590)
    assert offsets(again, 0) == list(range(10, 600))
    assert offsets(again, 5) == []


def test_rewind_in_the_middle_of_a_backlog_leaves_no_hole(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {0: [b"%d" % n for n in range(2000)]})
    source = open_source()
    settle_and_read = read(source, 1)
    assert offsets(settle_and_read, 0)[0] == 0
    for position in (0, 100, 50):
        source.rewind({0: position})
        found = read(source, 300)
        assert offsets(found, 0) == list(range(position, position + len(found)))


def test_an_offset_that_the_broker_no_longer_has_is_an_error_that_names_both(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"x"] * 20})
    kafka.delete_records(address.sealed_topic, 2, 15)
    lake.positions = {2: 4}
    with pytest.raises(OffsetGone) as caught:
        read(open_source(), 1)
    for part in (address.sealed_topic, "partition 2", "offset 4", "15 to 20"):
        assert part in str(caught.value)


def test_an_offset_beyond_the_end_is_an_error_too(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"x"] * 20})
    lake.positions = {2: 21}
    with pytest.raises(OffsetGone):
        read(open_source(), 1)


def test_an_offset_that_goes_while_the_source_reads_is_an_error(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"x"] * 20})
    source = open_source()
    read(source, 20)
    kafka.delete_records(address.sealed_topic, 2, 15)
    source.rewind({2: 3})
    with pytest.raises(OffsetGone):
        read(source, 1)


def test_a_position_that_the_broker_has_a_moment_later_has_no_pack_of_another_partition_read_twice(
    kafka: Kafka,
    address: KafkaLog,
    lake: Lake,
    open_source: Callable[..., KafkaSource],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kafka.create_topic(address.sealed_topic, 2)
    produce(address, {0: [b"x"] * 50})
    lake.positions = {1: 3}
    asked = member.Member.watermarks

    def behind(one: member.Member, number: int) -> tuple[int, int]:
        """As a new leader whose high watermark comes a moment later."""
        found = asked(one, number)
        if number == 1 and found == (0, 0):
            produce(address, {1: [b"y"] * 5})
        return found

    monkeypatch.setattr(member.Member, "watermarks", behind)
    source = open_source()
    lake.is_away = True
    with pytest.raises(LakeError):
        read(source, 1)
    lake.is_away = False
    found = read(source, 52)
    assert offsets(found, 1) == [3, 4]
    for _ in range(5):
        found += source.poll(0.3)
    assert offsets(found, 0) == [*range(50)]


def test_a_topic_deleted_and_made_again_is_another_log_and_none_of_its_packs_is_handed_on_before(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"old"] * 20})
    source = open_source()
    read(source, 20)
    kafka.delete_topic(address.sealed_topic)
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"new"] * 60})
    with pytest.raises(LogReplaced):
        assert read(source, 1) == []
    old = source.log_id
    source.close()
    again = open_source()
    assert [pack.data for pack in read(again, 60)] == [b"new"] * 60
    assert again.log_id != old


def test_a_quiet_topic_made_again_is_noticed_within_seconds(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    source = open_source()
    settle(source)
    kafka.delete_topic(address.sealed_topic)
    kafka.create_topic(address.sealed_topic, 12)
    with pytest.raises(LogReplaced):
        read(source, 1)


def test_a_broker_that_is_down_at_start_is_waited_for_and_counted(
    kafka_to_stop: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka_to_stop.stop()
    source = open_source()
    assert source.poll(0.1) == []
    assert source.log_id == ""
    assert source.faults > 0
    kafka_to_stop.start()
    settle(source)


def test_a_broker_that_goes_and_comes_back_costs_nothing_but_time(
    kafka_to_stop: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka_to_stop.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"x"] * 20})
    source = open_source()
    assert len(read(source, 20)) == 20
    lake.positions = {2: 20}  # a long absence ends in a new assignment
    kafka_to_stop.kill()
    assert source.poll(0.5) == []
    kafka_to_stop.start()
    produce(address, {2: [b"y"] * 5})
    assert offsets(read(source, 5), 2) == list(range(20, 25))


@pytest.fixture
def proxy(kafka_to_stop: Kafka) -> Iterator[Stalling]:
    """Loses what it is told to of what goes between sources and the broker."""
    with Stalling(int(kafka_to_stop.proxied.rpartition(":")[2]), kafka_to_stop.behind) as stalling:
        yield stalling


SILENT = {
    "answers to questions after the topic": Kind.METADATA,
    "fetched packs": Kind.FETCH,
    "everything on the connections that stand": None,
}


@pytest.mark.parametrize("what", SILENT)
def test_what_is_lost_on_the_way_from_a_broker_holds_nothing_up_for_longer_than_a_wait_and_loses_no_pack(
    what: str,
    kafka: Kafka,
    address: KafkaLog,
    proxy: Stalling,
    open_source: Callable[..., KafkaSource],
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    source = open_source(
        where=KafkaLog(kafka.proxied, address.prefix), settings={"socket.timeout.ms": "2000"}
    )
    produce(address, {2: [b"x"] * 20})
    assert len(read(source, 20)) == 20
    if (kind := SILENT[what]) is None:
        proxy.forget()
    else:
        proxy.swallow(kind)
    produce(address, {2: [b"y"] * 5})
    until = time.monotonic() + PATIENCE_S
    found: list[Sealed] = []
    while not proxy.lost:
        assert time.monotonic() < until, "nothing was lost"
        found += source.poll(0.1)
    proxy.resume()
    assert offsets(found + read(source, 5 - len(found)), 2) == list(range(20, 25))


def test_a_lake_that_is_away_at_the_assignment_is_asked_again(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"x"] * 3})
    lake.is_away = True
    source = open_source()
    with pytest.raises(LakeError):
        read(source, 1)
    assert source.lag() == 1
    lake.is_away = False
    assert offsets(read(source, 3), 2) == [0, 1, 2]


def test_a_second_consumer_takes_half_and_the_first_says_so_once(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    first = open_source(0)
    settle(first)
    assert not first.take_revoked()
    second = open_source(1)
    until = time.monotonic() + PATIENCE_S
    while len(first.assigned()) != 6 or len(second.assigned()) != 6:
        assert time.monotonic() < until
        first.poll(0.05)
        second.poll(0.05)
    assert first.take_revoked()
    assert not first.take_revoked()
    assert first.assigned().isdisjoint(second.assigned())
    produce(address, {number: [b"x"] for number in range(12)})
    assert {pack.partition for pack in read(first, 6)} == first.assigned()
    assert {pack.partition for pack in read(second, 6)} == second.assigned()


QUICK = {"heartbeat.interval.ms": "300"}
"""A member hears at its next heartbeat that it was fenced."""


def test_a_member_that_is_given_no_answer_to_what_is_its_own_joins_anew_and_reads_on(
    address: KafkaLog,
    open_source: Callable[..., KafkaSource],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(member, "WITHOUT_S", 2.0)
    source = open_source()
    settle(source)
    config = {
        "bootstrap.servers": address.bootstrap,
        "group.id": address.group,
        "partition.assignment.strategy": "range",
        "log_level": 0,
    }
    silent, newcomer = Consumer(config), Consumer(config)
    silent.subscribe([address.sealed_topic])
    until = time.monotonic() + PATIENCE_S
    while not silent.assignment():  # from here on it is not polled: the group waits for it
        assert time.monotonic() < until
        silent.poll(0.1)
        source.poll(0.1)
    newcomer.subscribe([address.sealed_topic])
    with caplog.at_level(logging.WARNING):
        while "joining anew" not in caplog.text:
            assert time.monotonic() < until
            source.poll(0.1)
            newcomer.poll(0.1)
    assert source.lag() > 0  # it has no partitions, and cannot know
    silent.close()
    newcomer.close()
    settle(source)
    produce(address, {number: [b"x"] for number in range(12)})
    assert len(read(source, 12)) == 12


def test_what_lies_on_the_log_and_is_not_handed_over_is_fetched_by_another_client(
    address: KafkaLog,
    lake: Lake,
    open_source: Callable[..., KafkaSource],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kafka, "STALL_S", 2.0)
    source = open_source()
    settle(source)
    assert source._member is not None  # noqa: SLF001
    held = source._member._consumer  # noqa: SLF001 - librdkafka itself is made to stand still
    held.pause(held.assignment())
    produce(address, {number: [b"x"] for number in range(12)})
    asked = len(lake.asked)
    assert len(read(source, 12)) == 12
    assert source.take_revoked()  # what was gathered is dropped, and the lake asked anew
    assert len(lake.asked) == asked + 12


@pytest.fixture
def fence(address: KafkaLog) -> Iterator[Callable[[KafkaSource], None]]:
    """Takes a source's place in the group as another process by its name does, until the source has lost it."""
    config = {
        "bootstrap.servers": address.bootstrap,
        "group.id": address.group,
        "group.instance.id": f"{socket.gethostname()}-0",
        "log_level": 0,
    }
    rivals: list[Consumer] = []

    def take_place(source: KafkaSource) -> None:
        rivals.append(Consumer(config))
        rivals[-1].subscribe([address.sealed_topic])
        until = time.monotonic() + PATIENCE_S
        while not source.take_revoked():
            assert time.monotonic() < until, "the source was not fenced"
            rivals[-1].poll(0.05)
            assert source.poll(0.05) == []

    yield take_place
    for rival in rivals:
        rival.close()


def test_a_consumer_that_was_fenced_says_so_joins_anew_and_reads_on_from_the_lake(
    kafka: Kafka,
    address: KafkaLog,
    lake: Lake,
    open_source: Callable[..., KafkaSource],
    fence: Callable[[KafkaSource], None],
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {2: [b"x"] * 20})
    source = open_source(settings=QUICK)
    assert len(read(source, 20)) == 20
    lake.positions = {2: 15}
    fence(source)
    assert source.assigned() == frozenset()
    assert source.lag() == 1  # nobody can tell
    source.rewind({2: 3})  # whoever reads it has not heard yet
    produce(address, {2: [b"y"] * 5, 7: [b"z"]})
    found = read(source, 11)
    assert offsets(found, 2) == list(range(15, 25))
    assert offsets(found, 7) == [0]
    drain(source)
    assert source.lag() == 0


def test_a_consumer_that_is_fenced_again_and_again_is_an_error_that_names_the_place(
    kafka: Kafka,
    address: KafkaLog,
    open_source: Callable[..., KafkaSource],
    fence: Callable[[KafkaSource], None],
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    source = open_source(settings=QUICK)
    for _ in range(3):
        settle(source)
        fence(source)
    with pytest.raises(LogError) as caught:
        source.poll(0.1)
    for part in ("3 times within 60 s", f"{socket.gethostname()}-0", address.group):
        assert part in str(caught.value)


def test_of_two_consumers_by_one_name_one_ends_and_the_other_reads(
    kafka: Kafka, address: KafkaLog, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    left = [open_source(settings=QUICK), open_source(settings=QUICK)]
    until = time.monotonic() + PATIENCE_S
    while len(left) == 2:
        assert time.monotonic() < until, "both go on"
        for source in list(left):
            try:
                source.poll(0.05)
            except LogError:
                left.remove(source)
    produce(address, {number: [b"x"] for number in range(12)})
    assert {pack.partition for pack in read(left[0], 12)} == set(range(12))


READS_FOREVER = """
import sys
from remit_consumers.source.kafka import KafkaSource
from remit_consumers.source.topic import contents
from remit_schemas.log_address import KafkaLog
source = KafkaSource(KafkaLog(sys.argv[1], sys.argv[2]), dict.fromkeys, instance=0)
while True:
    for pack in source.poll(0.2):
        print(pack.partition, pack.offset, flush=True)
"""


def test_the_successor_of_a_killed_consumer_reads_at_once(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {number: [b"x"] for number in range(12)})
    command = [sys.executable, "-c", READS_FOREVER, address.bootstrap, address.prefix]
    victim = subprocess.Popen(command, stdout=subprocess.PIPE, env=dict(os.environ))
    assert victim.stdout is not None
    with victim.stdout as seen:
        for _ in range(12):
            assert seen.readline()
        victim.send_signal(signal.SIGKILL)
        victim.wait()
    begun = time.monotonic()
    assert len(read(open_source(0), 12)) == 12
    assert time.monotonic() - begun < RESTART_S * patience()


def transact(address: KafkaLog, name: str, *rounds: tuple[bool, Mapping[int, int]]) -> None:
    """Produce packs in transactions: for each whether it is committed, and how many go to which partition."""
    options = {"transactional.id": f"{address.prefix}.{name}", "log_level": 0}
    producer = Producer({"bootstrap.servers": address.bootstrap, **options})
    producer.init_transactions(PATIENCE_S)
    for is_committed, packs in rounds:
        producer.begin_transaction()
        for partition, count in packs.items():
            for _ in range(count):
                producer.produce(address.sealed_topic, value=name.encode(), partition=partition)
        assert producer.flush(PATIENCE_S) == 0
        end = producer.commit_transaction if is_committed else producer.abort_transaction
        end(PATIENCE_S)


def test_packs_of_transactions_come_once_committed_and_the_marks_between_them_are_no_packs(
    kafka: Kafka, address: KafkaLog, lake: Lake, open_source: Callable[..., KafkaSource]
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    transact(
        address, "good", (True, {3: 2}), (False, {3: 4, 5: 1}), (True, {3: 1}), (False, {3: 9})
    )
    source = open_source()
    found = read(source, 3)
    assert offsets(found, 3) == [0, 1, 8]  # a mark at 2, four aborted packs and theirs at 3 to 7
    assert offsets(found, 5) == []
    drain(source)
    assert source.lag() == 0
    transact(address, "more", (True, {3: 1, 7: 1}))
    assert source.lag() > 0
    assert sorted(pack.partition for pack in read(source, 2)) == [3, 7]
    drain(source)
    assert source.lag() == 0
    assert contents(address, {})[1] == {3: 21, 7: 1}
    lake.positions = {3: 21, 7: 1}
    source.rewind({3: 8})
    assert offsets(read(source, 2), 3) == [8, 20]


def drain(source: KafkaSource) -> None:
    """Poll until the broker has said where its packs end."""
    until = time.monotonic() + PATIENCE_S
    while source.lag() and time.monotonic() < until:
        assert source.poll(0.1) == []


def test_an_open_transaction_is_not_waited_for_where_its_packs_may_never_be(
    kafka: Kafka, address: KafkaLog
) -> None:
    kafka.create_topic(address.sealed_topic, 12)
    produce(address, {1: [b"x"] * 3})
    assert contents(address, {})[1] == {1: 3}
    options = {"transactional.id": f"{address.prefix}.open", "log_level": 0}
    producer = Producer({"bootstrap.servers": address.bootstrap, **options})
    producer.init_transactions(PATIENCE_S)
    producer.begin_transaction()
    producer.produce(address.sealed_topic, value=b"x", partition=1)
    assert producer.flush(PATIENCE_S) == 0
    assert contents(address, {})[1] == {1: 3}
    producer.abort_transaction(PATIENCE_S)
    assert contents(address, {})[1] == {1: 3}
