"""A real cluster for tests: three Apache Kafka brokers, each its own controller, three copies, two of them acknowledged."""

import json
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from confluent_kafka import (
    ConsumerGroupState,
    KafkaException,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, OffsetSpec

from kit.kafka import PATIENCE, READY_TIMEOUT_S
from kit.kafka_java import Java, finish, new_cluster_id
from kit.ports import free_ports
from kit.watching import until

BROKERS = 3
HEAP_MB = 192  # of each; they hold a dozen small partitions
ASK_S = 3.0  # for one answer of the cluster; it is asked again
ASK_GROUP_S = (
    15.0  # for one about a group: with 3 s librdkafka 2.16 aborted now and then, on a busy machine
)
HURRY = {"socket.timeout.ms": 3_000, "api.version.request.timeout.ms": 3_000}
"""A frozen broker must not hold up who looks at the others; librdkafka's own 60 s were once taken for the product's."""
PROPERTIES = """
node.id={number}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},APART://{host}:{apart}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},APART://{host}:{apart}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,APART:PLAINTEXT
controller.quorum.voters={voters}
default.replication.factor=3
min.insync.replicas=2
unclean.leader.election.enable=false
offsets.topic.replication.factor=3
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
share.coordinator.state.topic.replication.factor=3
share.coordinator.state.topic.min.isr=2
# a broker that is gone is missed after 3 s, a controller after 1 s
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1000
replica.lag.time.max.ms=3000
group.min.session.timeout.ms=3000
# few threads: three of them share two cores
num.network.threads=2
num.io.threads=4
log.cleaner.enable=false
"""
"""What the template of a single broker gets in addition; of a key that stands twice, the last one holds."""


class Broker:
    """One of the three.

    Attributes:
        number: 1 to 3.
        process: What runs it.
    """

    process: "subprocess.Popen[bytes]"

    def __init__(self, number: int, java: Java) -> None:
        self.number = number
        self.java = java

    @property
    def is_up(self) -> bool:
        """Whether its process is there."""
        return self.process.poll() is None

    def start(self) -> None:
        """Start it; the cluster tells when it has caught up."""
        self.process = self.java.serve()

    def send(self, how: signal.Signals) -> None:
        """Stop it in its tracks, or let it go on."""
        self.process.send_signal(how)

    def end(self, how: signal.Signals) -> None:
        """End it by a signal, and wait for that; its data stays."""
        self.process.send_signal(how)
        self.process.wait(READY_TIMEOUT_S)  # a clean stop hands over what it leads first


class Cluster:
    """Three brokers: a context manager that leaves nothing behind.

    Attributes:
        brokers: The three, by order of their numbers.
        bootstrap: Their addresses on this machine.
        apart: Their addresses on the hosts that were given, one for each.
    """

    def __init__(self, hosts: Sequence[str] = ("127.0.0.1",) * BROKERS) -> None:
        self._hosts = hosts
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        folder = Path(tempfile.mkdtemp(prefix="remit-cluster-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            self._prepare(folder)
            for broker in self.brokers:
                broker.start()
                self._stack.callback(broker.end, signal.SIGKILL)  # a stopped one, too
            self._admin = self._new_admin()
            until(self._all_answer, "the cluster does not come up", READY_TIMEOUT_S, 0.1)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def controller(self) -> Broker:
        """The broker that leads the controllers; Kafka's clients are told any, so it is read where brokers keep it."""
        states = [
            json.loads(file.read_text())
            for broker in self.brokers
            if broker.is_up
            for file in broker.java.folder.glob("data/__cluster_metadata-0/quorum-state")
        ]
        newest = max(states, key=lambda state: (state["leaderEpoch"], state["leaderId"]))
        leader = int(newest["leaderId"])
        return self.brokers[leader - 1]

    def leader(self, topic: str, partition: int) -> Broker:
        """The broker that leads a partition."""
        told = self._admin.list_topics(topic, timeout=ASK_S).topics[topic]
        return self.brokers[told.partitions[partition].leader - 1]

    def is_whole(self, topic: str) -> bool:
        """Whether every partition of a topic has its three copies in step."""
        with suppress(KafkaException):
            partitions = self._admin.list_topics(topic, timeout=ASK_S).topics[topic].partitions
            return bool(partitions) and all(len(p.isrs) == BROKERS for p in partitions.values())
        return False

    def ends(self, topic: str) -> dict[int, int]:
        """The offset behind the last record of each partition; of those that have a leader that answers."""
        ends = {}
        with suppress(KafkaException):
            partitions = self._admin.list_topics(topic, timeout=ASK_S).topics[topic].partitions
            asked = {TopicPartition(topic, number): OffsetSpec.latest() for number in partitions}
            for where, answer in self._admin.list_offsets(asked, request_timeout=ASK_S).items():
                with suppress(KafkaException):
                    ends[where.partition] = answer.result().offset
        return ends

    def members(self, group: str) -> int:
        """How many members share a group's partitions; 0 while they are being shared out.

        Each question has a client of its own: one that had asked before a coordinator froze waited for that
        coordinator for ever (librdkafka 2.16), and its questions behind it.
        """
        with suppress(KafkaException):
            admin = self._new_admin()
            told = admin.describe_consumer_groups([group], request_timeout=ASK_GROUP_S)[
                group
            ].result()
            if told.state == ConsumerGroupState.STABLE:
                return len(told.members)
        return 0

    def _new_admin(self) -> AdminClient:
        return AdminClient({"bootstrap.servers": self.bootstrap, **PATIENCE, **HURRY})

    def _prepare(self, folder: Path) -> None:
        ports = free_ports(3 * BROKERS)
        plain, controllers, apart = ports[:3], ports[3:6], ports[6:]
        voters = ",".join(f"{i}@127.0.0.1:{port}" for i, port in enumerate(controllers, 1))
        self.bootstrap = ",".join(f"127.0.0.1:{port}" for port in plain)
        self.apart = ",".join(f"{h}:{p}" for h, p in zip(self._hosts, apart, strict=True))
        self.brokers: list[Broker] = []
        for i, host in enumerate(self._hosts):
            own = folder / str(i + 1)
            own.mkdir()
            java = Java(own, HEAP_MB)
            places = {"port": plain[i], "controller": controllers[i]}
            more = PROPERTIES.format(
                number=i + 1, host=host, apart=apart[i], voters=voters, **places
            )
            java.write({"data": own / "data", **places}, more)
            self.brokers.append(Broker(i + 1, java))
        cluster = new_cluster_id()
        finish([broker.java.format(cluster) for broker in self.brokers])

    def _all_answer(self) -> bool:
        for broker in self.brokers:
            assert broker.is_up, broker.java.tail()
        with suppress(KafkaException):
            return len(self._admin.list_topics(timeout=ASK_S).brokers) == BROKERS
        return False
