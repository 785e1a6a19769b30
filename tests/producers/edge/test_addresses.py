"""How often one address may ask: bounded in rate and memory, and no address is kept, shown or written."""

from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.edge_process import EdgeProcess, StartEdge, batch, view
from remit.edge.addresses import ADDRESSES_MAX, BURST_S, Addresses

RATE = 5.0
OWN, OTHER = "198.51.100.77", "198.51.100.78"


class Watch:
    """A clock that stands until it is set."""

    now = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def watch() -> Watch:
    """A clock."""
    return Watch()


@pytest.fixture
def addresses(watch: Watch) -> Addresses:
    """Nobody known yet, at the rate of these tests."""
    return Addresses(RATE, watch)


def taken(addresses: Addresses, address: str | None, asked: int = 100) -> int:
    """How many of so many requests at once are not to wait."""
    return sum(not addresses.wait_s(address) for _ in range(asked))


def test_two_seconds_of_requests_may_come_at_once_and_the_next_waits_as_long_as_is_said(
    addresses: Addresses, watch: Watch
) -> None:
    assert taken(addresses, OWN) == RATE * BURST_S
    wait_s = addresses.wait_s(OWN)
    assert wait_s == pytest.approx(1 / RATE)
    watch.now += wait_s - 0.01
    assert addresses.wait_s(OWN)
    watch.now += 0.02
    assert taken(addresses, OWN) == 1


def test_one_address_costs_another_nothing(addresses: Addresses) -> None:
    assert taken(addresses, OWN) == taken(addresses, OTHER) == RATE * BURST_S


def test_all_addresses_of_one_network_of_ipv6_are_one_sender(addresses: Addresses) -> None:
    mine = [f"2001:db8:1:2::{number:x}" for number in range(1, 40)]
    assert sum(not addresses.wait_s(one) for one in mine) == RATE * BURST_S
    assert not addresses.wait_s("2001:db8:1:3::1")


def test_whom_the_proxies_do_not_name_share_one_allowance_and_this_machine_has_no_limit(
    addresses: Addresses,
) -> None:
    assert taken(addresses, None) == RATE * BURST_S
    assert taken(addresses, "127.0.0.1") == taken(addresses, "::1") == 100


@given(st.lists(st.floats(0, 3), min_size=1, max_size=200))
def test_in_no_span_of_time_does_an_address_have_more_than_its_rate_and_its_burst(
    pauses: list[float],
) -> None:
    watch = Watch()
    addresses, times = Addresses(RATE, watch), []
    for pause in pauses:
        watch.now += pause / 20
        if not addresses.wait_s(OWN):
            times.append(watch.now)
    for (first, begin), (last, end) in product(enumerate(times), repeat=2):
        if last >= first:
            assert last - first + 1 <= RATE * (end - begin + BURST_S) + 1e-3


def test_memory_is_bounded_whoever_asks_and_who_is_silent_is_forgotten(
    addresses: Addresses, watch: Watch
) -> None:
    for number in range(3 * ADDRESSES_MAX):
        addresses.wait_s(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(addresses) <= 2 * ADDRESSES_MAX
    for _ in range(2):
        watch.now += BURST_S
        addresses.wait_s(OWN)
    assert len(addresses) <= 2


def test_no_address_is_kept_but_a_hash_that_another_process_would_not_make(watch: Watch) -> None:
    both = [Addresses(RATE, watch) for _ in range(2)]
    for one in both:
        one.wait_s(OWN)
    kept = [repr(vars(one)) for one in both]
    assert not any(OWN in text or OWN.encode().hex() in text for text in kept)
    assert {*both[0]._young}.isdisjoint(both[1]._young)  # noqa: SLF001  # what is kept is what is looked at


@pytest.fixture
def edge(start_edge: StartEdge) -> EdgeProcess:
    """An edge behind a proxy, that answers an address once a second."""
    return start_edge(REMIT_PROXIES="1", REMIT_EDGE_ADDRESS_RATE="1")


def test_an_address_that_asks_too_often_is_told_when_to_come_back_and_no_other_is(
    edge: EdgeProcess,
) -> None:
    key, server = edge.key(), edge.key("server", is_browser=False)
    sent = {"events": [view("/a", subject="ann")]}

    def asked(address: str, key: str = key) -> int:
        return edge.send(key, batch([view()]), X_Forwarded_For=address).status

    first = Counter(asked(OWN) for _ in range(40))
    assert first[429] > 20
    assert first[202] >= 2
    refused = edge.send(key, batch([view()]), X_Forwarded_For=OWN)
    for _ in range(40):  # a request may have become free since
        refused = edge.send(key, batch([view()]), X_Forwarded_For=OWN)
        if refused.status == 429:
            break
    assert refused.said == {"error": "this address asks more than its rate", "fields": []}
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["access-control-allow-origin"] == "*"
    assert "retry-after" in refused.headers["access-control-expose-headers"]
    assert asked(OTHER) == 202
    assert {asked("203.0.113.5", "no-key") for _ in range(9)} == {401, 429}, "keys can be tried"
    servers = {edge.send(server, sent, Origin=None, X_Forwarded_For=OWN).status for _ in range(10)}
    assert servers == {202}, "a server's key has a rate of its own"
    shown = edge.ask("GET", "/metrics").body.decode()
    counted = [line for line in shown.splitlines() if line.startswith("remit_edge_limited_total")]
    assert float(next(line for line in counted if 'of="address"' in line).split()[1]) > 20
    edge.end()
    assert OWN not in edge.output.read_text() + shown
    files = [path for path in edge.data.rglob("*") if path.is_file()]
    assert files
    assert not [path for path in files if OWN.encode() in path.read_bytes()]
