"""Three brokers, consumers and their disk go through every fault while events flow: each event stands once in the lake."""

import os
import random
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from kit.cluster_faults import FAULTS, ON_A_STORE, ROOM, SHORT
from kit.cluster_world import World
from kit.disk import small_disk
from kit.installation import Installation
from kit.jars import KAFKA_VERSION, Missing
from kit.kafka_cluster import BROKERS, Cluster
from kit.network import network
from kit.object_store import BUCKET, named_store
from kit.parts import RealParts
from kit.wall_clock import WallClock

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

SEED = int(os.environ.get("REMIT_SEED", "8"))
RATE, RATE_PROVED = 1_000, int(os.environ.get("REMIT_RATE", "20000"))  # events a second
ROUNDS_PROVED = int(
    os.environ.get("REMIT_ROUNDS", "3")
)  # times that all faults are gone through, each in an order of its own
RATE_ON_A_STORE = 200  # moto answers a request in milliseconds of the same two cores
NAME = f"Apache Kafka {KAFKA_VERSION}, a cluster of three"
ON_STORE = f"{NAME}, with the lake on an object store"
SETTINGS = {
    "REMIT_FLUSH_AFTER_S": "0.3",
    "REMIT_KAFKA_SESSION_TIMEOUT_MS": "6000",
    "REMIT_KAFKA_HEARTBEAT_INTERVAL_MS": "500",
}


@pytest.fixture
def world(tmp_path: Path, real_parts: RealParts, *, prove: bool) -> Iterator[World]:
    """What faults are done to; a network and a disk of its own for the long form only."""
    with ExitStack() as stack:
        laid = stack.enter_context(network(BROKERS, real_parts)) if prove else None
        try:
            cluster = Cluster(laid.hosts) if laid else Cluster()
            stack.enter_context(cluster)
        except Missing as missing:
            real_parts.not_ran(NAME, str(missing))
            pytest.skip(f"{NAME}: {missing}")
        real_parts.ran(NAME)
        log = f"kafka://{cluster.bootstrap}/flow-{secrets.token_hex(6)}"
        installed = Installation(tmp_path, log=log, **SETTINGS)
        lake = installed.data / "lake"
        disk = stack.enter_context(small_disk(lake, ROOM, real_parts)) if prove else None
        stack.callback(installed.end_all)
        clock = WallClock(tmp_path, real_parts) if prove else None
        yield World(cluster, installed, tmp_path, disk, laid, clock)


@pytest.fixture
def world_on_a_store(
    tmp_path: Path, real_parts: RealParts, monkeypatch: pytest.MonkeyPatch, *, prove: bool
) -> Iterator[World]:
    """The same with a lake on an object store; for the long form only."""
    if not prove:
        real_parts.not_here(ON_STORE, "make prove runs it")
        pytest.skip(f"{ON_STORE}: make prove runs it")
    with ExitStack() as stack:
        store = stack.enter_context(named_store(monkeypatch))
        cluster = stack.enter_context(Cluster())
        log = f"kafka://{cluster.bootstrap}/flow-{secrets.token_hex(6)}"
        lake = {"REMIT_LAKE": f"s3://{BUCKET}/prod", **store.env}
        installed = Installation(tmp_path, log=log, **SETTINGS, **lake)
        stack.callback(installed.end_all)
        real_parts.ran(ON_STORE)
        yield World(cluster, installed, tmp_path, None, None, None, store)


@pytest.mark.clause("S110e")
def test_a_cluster_and_consumers_that_go_through_every_fault_lose_and_double_nothing(
    world: World, *, prove: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    rounds = [sorted(FAULTS)] * ROUNDS_PROVED if prove else [SHORT]
    told = go_through(world, rounds, RATE_PROVED if prove else RATE)
    with capsys.disabled():
        print("", *told, sep="\n")  # noqa: T201


@pytest.mark.clause("S110e")
def test_a_cluster_and_a_lake_on_a_store_that_fails_lose_and_double_nothing(
    world_on_a_store: World, capsys: pytest.CaptureFixture[str]
) -> None:
    told = go_through(world_on_a_store, [ON_A_STORE], RATE_ON_A_STORE)
    with capsys.disabled():
        print("", "on a store", *told, sep="\n")  # noqa: T201


def go_through(world: World, rounds: Sequence[Sequence[str]], rate: int) -> Sequence[str]:
    """Do the faults of each round in an order of its own, and see that each event is there once; tell what each took."""
    chance = random.Random(SEED)
    world.begin(rate)
    told = []
    for name in [name for one in rounds for name in chance.sample(one, len(one))]:
        took_s = FAULTS[name](world, chance)
        world.await_whole()
        world.await_flow()
        world.all_live()
        told.append(f"| {name} | {'not here' if took_s is None else f'{took_s:.1f} s'} |")
    emitted = world.end_apps()
    world.installed.settle()
    world.assert_each_once()
    return [f"{emitted} events, each once; seed {SEED}", *told]
