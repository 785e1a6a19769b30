"""A real Apache Kafka broker for tests: one node, KRaft, from checked jars; or one that runs already.

`REMIT_TEST_KAFKA=host:port` names a running one. It cannot be stopped by tests then; those that need that say so.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from kit.certificate import write_certificate
from kit.jars import KAFKA_VERSION
from kit.kafka_java import Java, finish, new_cluster_id
from kit.kafka_secure import secure_properties
from kit.ports import free_ports

READY_TIMEOUT_S = 120.0  # starts in 3 to 5 s; with four others at work on two cores it took 14
STOP_TIMEOUT_S = 120.0  # a clean stop takes about 1 s
ADMIN_TIMEOUT_S = 120.0
HEAP_MB = 256  # usual for a test broker; about 0.4 GB resident
PATIENCE = {  # librdkafka's own waits between attempts, short because the broker is on this machine
    "reconnect.backoff.ms": 20,
    "reconnect.backoff.max.ms": 200,
    "log_level": 0,
}

PROXIED = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},PROXIED://127.0.0.1:{behind}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT
"""

NO_LEADER_YET = (
    KafkaError.NOT_LEADER_FOR_PARTITION,
    KafkaError.LEADER_NOT_AVAILABLE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
)


class Kafka:
    """One broker and its data folder: a context manager that leaves nothing behind.

    Attributes:
        bootstrap: `host:port` of the broker; the same after a stop and a start.
        secure: `host:port` of the listener with TLS, users and ACLs; empty without one.
        proxied: `host:port` that the listener behind a `Stalling` proxy advertises; empty where there is none.
        behind: Port of that listener itself.
        mutual: `host:port` of the listener that asks clients for a certificate of their own; empty without one.
        certificate: Key and certificate of the broker, which sign those of clients.
        ca: The certificate that clients of those listeners trust.
        started_in_s: Seconds the last start took, from launch to the first answer.
    """

    bootstrap: str
    proxied: str
    behind: int
    secure: str
    mutual: str
    certificate: Path
    ca: Path
    started_in_s: float

    def __init__(
        self,
        *,
        port: int = 0,
        heap_mb: int = HEAP_MB,
        external: str | None = None,
        is_secure: bool = False,
    ) -> None:
        self._is_secure = is_secure
        self.secure = self.mutual = self.proxied = ""
        self.behind = 0
        self._external = os.environ.get("REMIT_TEST_KAFKA", "") if external is None else external
        self._heap_mb = heap_mb
        self._wanted_port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = ExitStack()
        self.started_in_s = 0.0
        self.bootstrap = self._external

    def __enter__(self) -> Self:
        if self._external:
            _wait_until_ready(self._external, None, str)
            return self
        self._folder = Path(tempfile.mkdtemp(prefix="remit-kafka-"))
        self._stack.callback(shutil.rmtree, self._folder, ignore_errors=True)
        self._stack.callback(self.kill)
        try:
            self._java = Java(self._folder, self._heap_mb)
            self._format()
            self.start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def is_ours(self) -> bool:
        """Whether the tests started this broker, and so may stop it."""
        return not self._external

    @property
    def is_up(self) -> bool:
        """Whether the broker's process runs; one that is not ours is taken to."""
        return not self.is_ours or (self._process is not None and self._process.poll() is None)

    @property
    def pid(self) -> int:
        """The process id of the broker that was started last."""
        if self._process is None:
            raise RuntimeError("this broker was never started by the tests")
        return self._process.pid

    def start(self) -> None:
        """Start the broker on its port and data folder, and wait until it answers."""
        self._must_be_ours()
        if self.is_up:
            return
        began = time.monotonic()
        self._process = self._java.serve()
        _wait_until_ready(self.bootstrap, self._process, self._java.tail)
        self.started_in_s = time.monotonic() - began

    def stop(self) -> None:
        """Stop the broker cleanly; its data stays."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once, as `kill -9` does; its data stays."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Stop the broker in its tracks: what is sent to it is taken, and nobody is answered."""
        self._must_be_ours()
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen broker go on."""
        os.kill(self.pid, signal.SIGCONT)

    def create_topic(
        self, name: str, partitions: int = 1, config: Mapping[str, str] | None = None
    ) -> None:
        """Make a topic and wait until it is there."""
        topic = NewTopic(
            name, num_partitions=partitions, replication_factor=1, config=dict(config or {})
        )
        admin = self.admin()  # kept: its futures fail when it goes
        admin.create_topics([topic], operation_timeout=ADMIN_TIMEOUT_S)[name].result()
        _until(lambda: len(self.end_offsets(name)) == partitions, f"topic {name} is not served")

    def delete_topic(self, name: str) -> None:
        """Delete a topic and wait until the broker no longer names it."""
        admin = self.admin()
        admin.delete_topics([name], operation_timeout=ADMIN_TIMEOUT_S)[name].result()
        _until(
            lambda: name not in admin.list_topics(timeout=ADMIN_TIMEOUT_S).topics,
            f"topic {name} is still named after its deletion",
        )

    def delete_records(self, topic: str, partition: int, before_offset: int) -> None:
        """Make the broker forget a partition's records before an offset."""
        where = TopicPartition(topic, partition, before_offset)
        admin = self.admin()
        admin.delete_records([where])[where].result()

    def end_offsets(self, topic: str) -> dict[int, int]:
        """Give the offset behind the last record of each partition of a topic.

        A topic that was just made, or made again, is asked for until its partitions have leaders that say so.
        """
        admin = self.admin()
        until = time.monotonic() + ADMIN_TIMEOUT_S
        while True:
            topics = admin.list_topics(topic, timeout=ADMIN_TIMEOUT_S).topics
            asked = {
                TopicPartition(topic, number): OffsetSpec.latest()
                for number in topics[topic].partitions
            }
            try:
                answers = admin.list_offsets(asked) if asked else {}
                return {where.partition: one.result().offset for where, one in answers.items()}
            except KafkaException as error:
                if error.args[0].code() not in NO_LEADER_YET or time.monotonic() >= until:
                    raise
                time.sleep(0.1)

    def admin(self) -> AdminClient:
        """Give a client that may ask and change everything."""
        return AdminClient({"bootstrap.servers": self.bootstrap, **PATIENCE})

    def _must_be_ours(self) -> None:
        if not self.is_ours:
            raise RuntimeError("REMIT_TEST_KAFKA names a broker that tests cannot start or stop")

    def _end(self, how: signal.Signals) -> None:
        self._must_be_ours()
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _proxied(self, port: int, controller: int) -> str:
        """Give the lines for a listener that clients find at another port, where a proxy may stand."""
        if self._is_secure:
            return ""
        self.behind, proxy = free_ports(2)
        self.proxied = f"127.0.0.1:{proxy}"
        return PROXIED.format(port=port, controller=controller, behind=self.behind, proxy=proxy)

    def _format(self) -> None:
        ports = port, controller, secure, mutual = free_ports(4, self._wanted_port)
        self.bootstrap = f"127.0.0.1:{port}"
        more = self._proxied(port, controller)
        if self._is_secure:
            self.secure = f"127.0.0.1:{secure}"
            self.mutual = f"127.0.0.1:{mutual}"
            self.certificate, self.ca = write_certificate(self._folder)
            more = secure_properties(ports, self.certificate, self.ca)
        values = {"port": port, "controller": controller, "data": self._folder / "data"}
        self._java.write(values, more)
        finish([self._java.format(new_cluster_id(), "--standalone")])


def describe(kafka: Kafka) -> tuple[str, str]:
    """Say what a broker is and how it came about, for the list of real parts."""
    if not kafka.is_ours:
        return "Apache Kafka", f"running already at {kafka.bootstrap}"
    return f"Apache Kafka {KAFKA_VERSION}", f"started by the tests in {kafka.started_in_s:.1f} s"


def _wait_until_ready(
    bootstrap: str, process: subprocess.Popen[bytes] | None, tail: Callable[[], str]
) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap, **PATIENCE})

    def answers() -> bool:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"Kafka ended with {process.returncode} while starting: {tail()}")
        return bool(admin.list_topics(timeout=5).brokers)

    _until(answers, f"no answer from Kafka at {bootstrap}")


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    pause = threading.Event()  # between two questions to the broker; there is nothing to wait on
    while True:
        with suppress(KafkaException):
            if holds():
                return
        if time.monotonic() > deadline:
            raise TimeoutError(f"{otherwise}, after {READY_TIMEOUT_S:.0f} s")
        pause.wait(0.02)
