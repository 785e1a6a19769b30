"""What faults are done to: a cluster, apps that emit at a steady rate, consumers; and how long it takes to recover."""

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kit.disk import SmallDisk
from kit.flowing import end
from kit.installation import Installation, each_once, without_holes
from kit.kafka_cluster import Cluster
from kit.network import Network
from kit.object_store import ObjectStore
from kit.wall_clock import WallClock
from kit.watching import until
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.store.place import at_address
from remit_schemas.log_address import KafkaLog, parse_log

APP = """
import select, sys, time
from remit import Client, PageView
first, rate = int(sys.argv[1]), int(sys.argv[2])
client = Client("cluster")
begun, is_told, n = time.monotonic(), False, 0
while not is_told:
    due = int((time.monotonic() - begun) * rate)
    while n < due:
        event, subject = PageView(page="/cluster", status=first + n), f"subject {n % 500}"
        taken = client.emit(event, subject=subject)
        assert taken, taken
        n += 1
    is_told = bool(select.select([sys.stdin], [], [], 0.005)[0])
print(n, flush=True)
sys.exit(0 if client.flush(240) and client.close(10) else 1)
"""
"""Emits at a steady rate until it is told to end; `status` numbers its events from `first` on."""

APPS = 2
NUMBERS = 500_000_000  # for each app: more than it ever emits
LOOK_S = 0.1  # a look asks the cluster
STORE_LOOK_S = 1.0  # a look asks the object store, too
SHARES_LOOK_S = 0.5
PARTITIONS = 12
RECOVERY_S = 120.0  # far longer than any took; a machine may be busy


@dataclass
class World:
    """All that runs while faults are done.

    Attributes:
        cluster: The brokers.
        installed: The installation that apps and consumers share.
        folder: Where consumers' logs go.
        disk: That of the lake, where one could be mounted.
        store: That of the lake, where it lies on one.
        network: That of a consumer of its own, where one could be laid.
        clock: That of a consumer of its own, in the long form.
        consumers, apps: Those that run.
        emitted: Events of each app that has ended.
        started: Consumers so far, by which their logs are named.
    """

    cluster: Cluster
    installed: Installation
    folder: Path
    disk: SmallDisk | None
    network: Network | None
    clock: WallClock | None
    store: ObjectStore | None = None
    consumers: "list[subprocess.Popen[str]]" = field(default_factory=list)
    apps: "list[subprocess.Popen[str]]" = field(default_factory=list)
    emitted: list[int] = field(default_factory=list)
    started: int = 0

    @property
    def log(self) -> KafkaLog:
        """Where the packs are."""
        log = parse_log(self.installed.env["REMIT_LOG"])
        assert isinstance(log, KafkaLog)
        return log

    def rows(self, table: str, *columns: str) -> pa.Table:
        """The rows of a table of the lake, wherever that lies; a look makes no table that is not there."""
        address = self.installed.env.get("REMIT_LAKE")
        root = at_address(address) if address else self.installed.data / "lake"
        if not is_table(root, table):
            return pa.table({name: pa.array([], pa.int64()) for name in columns})
        return open_table(root, table).delta.to_pyarrow_table(columns=list(columns))

    def begin(self, rate: int) -> None:
        """Let everything run: two apps, and two consumers that share the partitions."""
        self.installed.prepare()
        self.emit(rate)
        self.consume()
        self.consume()
        self.await_consuming()
        self.await_shares(2)
        self.await_flow()

    def emit(self, rate: int) -> None:
        """Start the apps, which emit so many events a second together."""
        for number in range(APPS):
            self.apps.append(self.installed.program(APP, number * NUMBERS, rate // APPS))

    def consume(self) -> "subprocess.Popen[str]":
        """Start a consumer more."""
        self.started += 1
        started = self.installed.consume(self.folder / f"run-{self.started}.log")
        self.consumers.append(started)
        return started

    def consume_apart(self, network: Network) -> "subprocess.Popen[str]":
        """Start a consumer that reaches each broker by a wire of its own."""
        there = f"REMIT_LOG=kafka://{self.cluster.apart}/{self.log.prefix}"
        return self._consume_behind([*network.words, "env", there], "apart")

    def consume_by(self, clock: WallClock) -> "subprocess.Popen[str]":
        """Start a consumer that goes by a wall clock of its own."""
        return self._consume_behind(clock.words, "clock")

    def _consume_behind(self, words: Sequence[str], name: str) -> "subprocess.Popen[str]":
        started = self.installed.start_behind(words, self.folder / f"run-{name}.log", "run")
        self.consumers.append(started)
        return started

    def said(self, words: str) -> int:
        """How often consumers said something."""
        return sum(log.read_text().count(words) for log in self.folder.glob("run-*.log"))

    def await_consuming(self) -> None:
        """Wait until every consumer has started."""
        until(lambda: self.said("consuming") == len(self.consumers), "a consumer does not start")

    def await_shares(self, members: int) -> None:
        """Wait until so many consumers share the partitions."""
        group = self.log.group
        until(
            lambda: self.cluster.members(group) == members,
            f"{members} consumers do not share the partitions",
            look_s=SHARES_LOOK_S,
        )

    def stored(self) -> dict[int, int]:
        """Where the lake stands, by partition; nothing of the cluster is asked, which may be at fault."""
        rows = self.rows("positions", "log", "partition", "position")
        rows = rows.set_column(0, "log", rows["log"].cast(pa.string()))
        newest = rows.filter(pc.starts_with(rows["log"], "kafka/")).group_by("partition")
        newest = newest.aggregate([("position", "max")])
        return dict(zip(*(newest[name].to_pylist() for name in newest.column_names), strict=True))

    def await_flow(self) -> None:
        """Wait until the log grows again on every partition, and the lake holds all that it grew by."""
        topic = self.log.sealed_topic
        before = self.cluster.ends(topic)
        ends: dict[int, int] = {}

        def grows() -> bool:
            nonlocal ends, before
            ends = self.cluster.ends(topic)
            before = ends | before  # what had no leader at the first look
            return len(ends) == PARTITIONS and all(ends[p] > before[p] for p in ends)

        def is_stored() -> bool:
            stored = self.stored()
            return all(stored.get(p, -1) >= ends[p] for p in ends)

        until(grows, "the log does not grow", RECOVERY_S, LOOK_S)
        look_s = STORE_LOOK_S if self.store else LOOK_S
        until(is_stored, "the lake does not follow", RECOVERY_S, look_s)

    def await_whole(self) -> None:
        """Wait until every copy on the cluster is in step again."""
        topic = self.log.sealed_topic
        until(lambda: self.cluster.is_whole(topic), "copies stay behind", RECOVERY_S, LOOK_S)

    def all_live(self) -> None:
        """See that no app and no consumer has ended."""
        for process in self.apps:
            assert process.poll() is None, process.communicate()[1][-2000:]
        ended = [one.args for one in self.consumers if one.poll() is not None]
        assert not ended, self.tails()

    def tails(self) -> str:
        """The end of what each consumer said."""
        return "\n".join(log.read_text()[-1500:] for log in sorted(self.folder.glob("run-*.log")))

    def end_apps(self) -> int:
        """Tell the apps to end; give how many events each had taken from it once all is on the log."""
        for app in self.apps:
            assert app.stdin is not None
            app.stdin.write("end\n")
            app.stdin.flush()
        for app in self.apps:
            assert app.stdout is not None
            self.emitted.append(int(app.stdout.readline()))
        for app in self.apps:
            end(app)
        self.apps.clear()
        return sum(self.emitted)

    def assert_each_once(self) -> None:
        """Exactly what the apps emitted stands in the lake, each event once, and the proof holds."""
        rows = self.rows("events/page_view", "status", "pack", "index")
        total = sum(self.emitted)
        assert rows.num_rows == total, f"{rows.num_rows - total:+} events"
        for number, count in enumerate(self.emitted):
            first = number * NUMBERS
            mine = pc.drop_null(pc.subtract(rows["status"], first))
            mine = mine.filter(pc.and_(pc.greater_equal(mine, 0), pc.less(mine, count)))
            assert pc.count_distinct(mine).as_py() == count, f"events of app {number} are missing"
        assert each_once(rows)
        assert without_holes(rows)
        told = self.installed.contract("page_view")
        assert (told["offered"], told["stored"], told["in_flight"]) == (total, total, 0)
        assert self.installed.breaches() == {}


def recovery(world: World, fault: Callable[[], object]) -> float:
    """Do a fault; give how long it took until the log grew on every partition again and all of it stood in the lake."""
    begun = time.monotonic()
    fault()
    world.await_flow()
    return time.monotonic() - begun
