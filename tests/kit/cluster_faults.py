"""The faults that a cluster and its consumers go through, each with how long it took to recover from it."""

import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from kit.cluster_world import PARTITIONS, World, recovery
from kit.watching import until

Fault = Callable[[World, random.Random], float | None]
"""Does one fault to a running world and mends it; gives the seconds of recovery, None where the machine cannot."""

NOTICED = "Kafka"  # begins every line of a consumer about a broker
FULL = "the disk of the lake is full"
FROZEN_MAX_S = 90.0
"""4 to 14 s, and 40 on two cores at a load of 75; librdkafka's own minute for an answer and what follows it are beyond."""
FAILING = 1 / 3  # of the requests to a store
FAILED = 60
"""Requests to the store that fail before it is well again."""

JUMPS_S = (3_600, -3_600, 86_400, -86_400, 0)
"""Where the clock stands beside the machine's, one after the other."""

ROOM = "1g"  # of the lake, while it is not full; a tmpfs takes what is used


def leader_killed(world: World, chance: random.Random) -> float:
    """The leader of a partition ends by kill -9; it comes back after the others have taken over."""
    broker = world.cluster.leader(world.log.sealed_topic, chance.randrange(PARTITIONS))
    took_s = recovery(world, lambda: broker.end(signal.SIGKILL))
    broker.start()
    return took_s


def broker_frozen(world: World, chance: random.Random) -> float:
    """A broker is stopped in its tracks until all goes on without it: what is sent to it vanishes, and nobody is told."""
    broker = chance.choice(world.cluster.brokers)
    took_s = recovery(world, lambda: broker.send(signal.SIGSTOP))
    broker.send(signal.SIGCONT)
    assert took_s < FROZEN_MAX_S, f"a frozen broker held everything up for {took_s:.0f} s"
    return took_s


def follower_stopped(world: World, chance: random.Random) -> float:
    """A broker that does not lead a partition ends cleanly; it comes back after all went on without it."""
    leader = world.cluster.leader(world.log.sealed_topic, chance.randrange(PARTITIONS))
    broker = chance.choice([one for one in world.cluster.brokers if one is not leader])
    took_s = recovery(world, lambda: broker.end(signal.SIGTERM))
    broker.start()
    return took_s


def controller_moved(world: World, _: random.Random) -> float:
    """The broker that leads the controllers is killed: another one leads."""
    broker = world.cluster.controller()
    took_s = recovery(world, lambda: broker.end(signal.SIGKILL))
    assert world.cluster.controller() is not broker
    broker.start()
    return took_s


def rolling_restart(world: World, chance: random.Random) -> float:
    """Each broker ends cleanly and comes back, one behind the other."""
    order = chance.sample(world.cluster.brokers, len(world.cluster.brokers))

    def restart_all() -> None:
        for broker in order:
            broker.end(signal.SIGTERM)
            broker.start()
            world.await_whole()

    return recovery(world, restart_all)


def network_cut(world: World, chance: random.Random) -> float | None:
    """The wire between a consumer and one broker is cut: what is sent vanishes, and no connection is closed."""
    network = world.network
    if network is None:
        return None
    with _one_more(world, partial(world.consume_apart, network)):
        wire = chance.randrange(len(network.hosts))
        before = world.said(NOTICED)
        network.cut(wire, is_cut=True)
        until(lambda: world.said(NOTICED) > before, "the cut is not noticed", look_s=0.1)
        return recovery(world, lambda: network.cut(wire, is_cut=False))


def consumer_added_and_removed(world: World, _: random.Random) -> float:
    """A consumer more joins, and ends cleanly."""
    members = len(world.consumers)

    def join() -> None:
        world.consume()
        world.await_shares(members + 1)

    took_s = recovery(world, join)
    _leave(world, world.consumers[-1])
    return took_s


def consumer_killed(world: World, chance: random.Random) -> float:
    """A consumer ends by kill -9, and another one is started in its place."""
    victim = world.consumers.pop(chance.randrange(len(world.consumers)))

    def replace() -> None:
        victim.kill()
        victim.wait()
        world.consume()

    return recovery(world, replace)


def consumer_frozen(world: World, chance: random.Random) -> float:
    """A consumer is stopped in its tracks until the group has given its partitions away, and woken."""
    members, frozen = len(world.consumers), chance.choice(world.consumers)

    def freeze() -> None:
        os.kill(frozen.pid, signal.SIGSTOP)
        world.await_shares(members - 1)

    took_s = recovery(world, freeze)
    os.kill(frozen.pid, signal.SIGCONT)
    world.await_shares(members)
    return took_s


def lake_full(world: World, _: random.Random) -> float | None:
    """The disk of the lake is full, and gets room again; the time counts from then on."""
    disk = world.disk
    if disk is None:
        return None
    before = world.said(FULL)
    disk.fill()
    until(lambda: world.said(FULL) > before, "the lake is not full", look_s=0.1)
    return recovery(world, lambda: disk.resize(ROOM))


def store_failing(world: World, _: random.Random) -> float | None:
    """A third of what is asked of the lake's store fails, half of it after it was done; the time counts from the end."""
    return _store_fails(world, FAILING)


def store_down(world: World, _: random.Random) -> float | None:
    """The lake's store refuses everything, or does it and says that it failed; the time counts from the end."""
    return _store_fails(world, 1.0)


def clock_jumped(world: World, _: random.Random) -> float | None:
    """The wall clock of a consumer jumps forward and back by an hour and by a day; the longest recovery counts."""
    clock = world.clock
    if clock is None:
        return None
    with _one_more(world, partial(world.consume_by, clock)):
        return max(recovery(world, partial(clock.jump, ahead_s)) for ahead_s in JUMPS_S)


FAULTS: Mapping[str, Fault] = {
    "a leader killed": leader_killed,
    "a follower stopped": follower_stopped,
    "a broker frozen": broker_frozen,
    "the controller killed": controller_moved,
    "a rolling restart": rolling_restart,
    "the network cut between a consumer and a broker": network_cut,
    "a consumer added and removed": consumer_added_and_removed,
    "a consumer killed and replaced": consumer_killed,
    "a consumer frozen past its session": consumer_frozen,
    "the lake's disk full": lake_full,
    "errors of the lake's object store": store_failing,
    "the lake's object store down": store_down,
    "the clock of a consumer jumps": clock_jumped,
}
"""By the name under which its time is told."""

ON_A_STORE = (
    "a leader killed",
    "a consumer killed and replaced",
    "a consumer frozen past its session",
    "errors of the lake's object store",
    "the lake's object store down",
)
"""What is done where the lake lies on an object store."""

SHORT = ("a leader killed", "a broker frozen", "a consumer frozen past its session")
"""What the short form does; the others take a minute or two more, root, or both."""


def _store_fails(world: World, share: float) -> float | None:
    """Let a share of all requests fail until enough have; then the store is well again."""
    store = world.store
    if store is None:
        return None
    before = store.faults.total()
    store.fail(share)
    until(lambda: store.faults.total() >= before + FAILED, "nothing is asked", look_s=0.1)
    return recovery(world, lambda: store.fail(0))


@contextmanager
def _one_more(world: World, start: Callable[[], object]) -> Iterator[None]:
    """Have a consumer more take its share while a fault is done to it, and leave after it."""
    members = len(world.consumers)
    consumer = start()
    world.await_shares(members + 1)
    world.await_flow()
    yield
    _leave(world, consumer)


def _leave(world: World, consumer: object) -> None:
    """Let a consumer end cleanly; its partitions go to the others once its session is over."""
    leaving = next(one for one in world.consumers if one is consumer)
    world.consumers.remove(leaving)
    leaving.terminate()
    assert leaving.wait(60) == 0, world.tails()
    world.await_shares(len(world.consumers))
