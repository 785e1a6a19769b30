"""A spool over its bound: optional packs go first and are counted, required ones stay, then emits are refused."""

import os

import pytest

from kit.spooled import Home, MakeClient
from remit.bound import Bound
from remit.packer import Packer
from remit.result import Refused
from remit.rewrite import body_of
from remit.route import Terms
from remit.settings import Settings
from remit.slot import Slot, claim
from remit_schemas.category import Necessity
from remit_schemas.events import PageView
from remit_schemas.header import FORM_BODY, NO_NONCE, Counts, Header
from remit_schemas.sealing import data_key_info, pack_keys, wrap_data_key
from remit_schemas.spool import READING

TIMEOUT_S = 120.0
DATUM = os.urandom(2000)
DEAD = b"a dead producer."


@pytest.fixture
def slot(home: Home) -> Slot:
    return claim(home.data / "spool")


def never(_: int) -> bool:
    return False


def make_pack(home: Home, sequence: int, **changes: object) -> bytes:
    """A pack of a dead producer with three events that no contract has to read."""
    key = os.urandom(32)
    info = data_key_info(DEAD, 0)
    facts = {
        "form": FORM_BODY,
        "producer": DEAD,
        "lane": 0,
        "sequence": sequence,
        "fingerprint": b"contract",
        "necessity": Necessity.OPTIONAL,
        "count": 0,
        "key_id": home.bundle.key_id,
        "wrapped_key": wrap_data_key(home.bundle.public_key, key, info),
        "nonce": NO_NONCE,
        "policy_version": "2021-11-01",
        "tenant": "",
        "counts": Counts(3 * (sequence - 1), 0, {}),
        **changes,
    }
    header = Header(**facts)  # type: ignore[arg-type]  # a test names fields
    keys = pack_keys(key, header.identity)
    return body_of(header, keys, header.counts, [os.urandom(700)] * 3, [b""] * 3)


def make_bound(home: Home, slot: Slot, bytes_max: int) -> tuple[Bound, Packer]:
    terms = Terms(
        home.bundle.key_id, home.bundle.public_key, 1e12, home.bundle.lane_key, 12, "v", {}
    )
    packer = Packer(slot.buffer, Settings(), terms)
    return Bound(slot, packer, bytes_max), packer


def headers(home: Home) -> list[Header]:
    return [Header.parse(path.read_bytes()) for path in home.files()]


def test_the_oldest_optional_packs_go_and_leave_an_empty_pack_that_tells(
    home: Home, slot: Slot
) -> None:
    for sequence in range(1, 11):
        slot.write(make_pack(home, sequence))
    bound, packer = make_bound(home, slot, slot.bytes // 2)
    bound.keep(never, packer.epoch)
    assert not packer.is_full
    found = headers(home)
    assert [h.sequence for h in found] == list(range(1, 11))
    gone = [h for h in found if h.count == 0]
    assert gone == found[: len(gone)]
    assert [h.counts.let_go for h in gone] == [3 * n for n in range(1, len(gone) + 1)]
    assert [h.counts.offered for h in gone] == [3 * n for n in range(1, len(gone) + 1)]
    for path in home.files()[: len(gone)]:
        assert home.open(path).events == []


def test_required_packs_stay_and_new_events_are_refused(home: Home, slot: Slot) -> None:
    for sequence in range(1, 11):
        slot.write(make_pack(home, sequence, necessity=Necessity.REQUIRED))
    bound, packer = make_bound(home, slot, slot.bytes // 2)
    bound.keep(never, packer.epoch)
    assert packer.is_full
    assert all(h.count == 3 for h in headers(home))
    for path in home.files():
        path.unlink()
    bound.keep(never, packer.epoch)
    assert not packer.is_full


def test_a_pack_that_the_consumer_has_read_is_not_let_go(home: Home, slot: Slot) -> None:
    for sequence in range(1, 11):
        slot.write(make_pack(home, sequence))
    (slot.folder / READING).write_text(f"{8:020d}\n")
    bound, packer = make_bound(home, slot, 1)
    bound.keep(never, packer.epoch)
    assert [h.count for h in headers(home)] == [3] * 8 + [0] * 2
    assert packer.is_full


def test_a_pack_on_its_way_to_the_brokers_is_not_let_go(home: Home, slot: Slot) -> None:
    for sequence in range(1, 5):
        slot.write(make_pack(home, sequence))
    bound, packer = make_bound(home, slot, 1)
    bound.keep(lambda number: number <= 2, packer.epoch)
    assert [h.count for h in headers(home)] == [3, 3, 0, 0]


def test_a_client_over_its_bound_refuses_counts_and_goes_on_when_there_is_room(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(
        spool_bytes_max=64 << 10, pack_bytes_max=32 << 10, pack_age_s=0.01, bundle_poll_s=0.01
    )
    accepted = 0
    noise = os.urandom(4000).hex()
    while client.emit(PageView(page="/a", user_agent=noise), subject="ann"):
        accepted += 1
        client.flush(TIMEOUT_S)
    assert client.emit(PageView(page="/a"), subject="ann") == Refused("spool_full")
    assert client.flush(TIMEOUT_S)
    assert sum(len(pack.events) for pack in home.packs()) == accepted
    for path in home.files():
        path.unlink()
    while not client.emit(PageView(page="/b"), subject="ann"):
        pass
    assert client.totals().refused["spool_full"] >= 2
