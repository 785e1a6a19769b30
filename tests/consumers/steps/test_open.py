"""Open: every pack gets an answer, and only an authentic one its events."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.keys import KeyStore
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Datums, Failed, Fate, Opened, open_packs
from remit_schemas.bundle import Bundle
from remit_schemas.category import Necessity
from remit_schemas.contract import builtin
from remit_schemas.header import NO_CONTRACT, NO_NONCE, Counts, Header, as_body
from remit_schemas.pack import compress_body, pack_body, record_frame, record_plain
from remit_schemas.policy import builtin_policy
from remit_schemas.sealing import (
    body_nonce,
    data_key_info,
    pack_keys,
    seal_body,
    seal_record,
    wrap_data_key,
)

CONTRACTS = builtin()
POLICY = builtin_policy("salesmartly", "2021-11-01")
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
DATA_KEY = bytes(range(32))
Form = Callable[[Header, "Events"], bytes]
Events = list[tuple[bytes, bytes]]
EVENTS: Events = [(b"datum-0", b"alice"), (b"", b""), (b"datum-two", "é".encode())]
FINGERPRINT = CONTRACTS.by_name("page_view").fingerprint


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyStore:
    store = KeyStore.open(tmp_path_factory.mktemp("keys") / "keys", POLICY)
    store.ensure(NOW)
    return store


def make_header(bundle: Bundle, *, sequence: int = 1, fingerprint: bytes = FINGERPRINT) -> Header:
    producer, lane = b"p" * 16, 3
    return Header(
        form=1,
        producer=producer,
        lane=lane,
        sequence=sequence,
        fingerprint=fingerprint,
        necessity=Necessity.REQUIRED,
        count=None,
        key_id=bundle.key_id,
        wrapped_key=wrap_data_key(bundle.public_key, DATA_KEY, data_key_info(producer, lane)),
        nonce=NO_NONCE,
        policy_version=POLICY.version,
        tenant="shop",
        counts=Counts(7, 1, {"prohibited": 2}),
    )


def records(header: Header, events: Events) -> bytes:
    """Write a pack in form 1, as `emit` leaves it."""
    head, pack = header.to_bytes(), pack_keys(DATA_KEY, header.identity)
    sealed = (
        record_frame(seal_record(pack, place, record_plain(datum, subject), head))
        for place, (datum, subject) in enumerate(events)
    )
    return head + b"".join(sealed)


def sealed_body(header: Header, body: bytes, count: int) -> bytes:
    """Write a pack in form 2 around any bytes."""
    whole = as_body(header, count, body_nonce(), header.counts)
    head, pack = whole.to_bytes(), pack_keys(DATA_KEY, header.identity)
    return head + seal_body(pack, whole.nonce, compress_body(body), head)


def body(header: Header, events: Events) -> bytes:
    packed = pack_body([datum for datum, _ in events], [subject for _, subject in events])
    return sealed_body(header, packed, len(events))


def open_one(data: bytes, keys: KeyStore) -> Opened | Failed:
    (answer,) = open_packs([Sealed(0, 5, data, 0.0)], keys, CONTRACTS)
    return answer


def opened(data: bytes, keys: KeyStore) -> Opened:
    answer = open_one(data, keys)
    assert isinstance(answer, Opened), answer
    return answer


def failed(data: bytes, keys: KeyStore) -> Failed:
    answer = open_one(data, keys)
    assert isinstance(answer, Failed)
    return answer


def events_of(datums: Datums) -> Events:
    """Cut the columns into events again."""
    data, subjects, found = bytes(datums.data), bytes(datums.subjects), []
    for length, subject_length in zip(datums.lengths, datums.subject_lengths, strict=True):
        found.append((data[:length], subjects[:subject_length]))
        data, subjects = data[length:], subjects[subject_length:]
    assert (data, subjects) == (b"", b"")
    return found


@given(st.lists(st.tuples(st.binary(max_size=40), st.binary(max_size=10)), min_size=1))
def test_both_forms_give_the_same_events(keys: KeyStore, events: Events) -> None:
    header = make_header(keys.bundle())
    for data in (
        records(header, events),
        records(header, events) + bytes(64),
        body(header, events),
    ):
        pack = opened(data, keys)
        assert events_of(pack.datums) == events
        assert pack.datums.index.tolist() == list(range(len(events)))
        assert pack.datums.malformed.tolist() == []
        assert pack.datums.size == sum(len(datum) for datum, _ in events)
        assert pack.header.identity == header.identity
        assert pack.header.counts == header.counts


def test_an_empty_pack_in_form_2_carries_counts(keys: KeyStore) -> None:
    header = make_header(keys.bundle())
    assert len(opened(body(header, []), keys).datums) == 0
    without = make_header(keys.bundle(), fingerprint=NO_CONTRACT)
    assert opened(body(without, []), keys).header.counts.refused == {"prohibited": 2}


def test_answers_stand_in_the_order_of_the_packs(keys: KeyStore) -> None:
    header = make_header(keys.bundle())
    packs = [body(header, EVENTS), b"junk", records(header, EVENTS)]
    answers = open_packs([Sealed(0, n, data, 0.0) for n, data in enumerate(packs)], keys, CONTRACTS)
    assert [type(answer) for answer in answers] == [Opened, Failed, Opened]
    assert [answer.sealed.offset for answer in answers] == [0, 1, 2]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data[:0], "not_a_pack"),
        (lambda data: b"junk" + data, "not_a_pack"),
        (lambda data: data[:2] + b"\x02" + data[3:], "newer_format"),
        (lambda data: data[:40], "truncated"),
        (lambda data: data[:-1], "tampered"),
        (lambda data: data + b"\0", "tampered"),
    ],
)
def test_bytes_that_were_changed_are_quarantined_with_the_reason(
    keys: KeyStore, change: Callable[[bytes], bytes], reason: str
) -> None:
    answer = failed(change(body(make_header(keys.bundle()), EVENTS)), keys)
    assert (answer.outcome, answer.reason) == (Fate.QUARANTINED, reason)
    assert answer.count == (3 if answer.header else 0)


@pytest.mark.clause("S110d")
@given(data=st.data(), form=st.sampled_from([records, body]))
def test_no_byte_of_a_header_can_be_changed(
    keys: KeyStore, data: st.DataObject, form: Form
) -> None:
    header = make_header(keys.bundle())
    pack = bytearray(form(header, EVENTS))
    place = data.draw(st.integers(0, len(header.to_bytes()) - 1))
    pack[place] ^= data.draw(st.integers(1, 255))
    assert failed(bytes(pack), keys).outcome is Fate.QUARANTINED


@given(st.binary(max_size=400))
def test_hostile_bytes_get_an_answer_and_raise_nothing(keys: KeyStore, data: bytes) -> None:
    assert failed(data, keys).outcome is Fate.QUARANTINED
    assert failed(b"RM\x01\x02" + data, keys).outcome is Fate.QUARANTINED
    head = make_header(keys.bundle()).to_bytes()
    assert failed(head + data, keys).outcome is Fate.QUARANTINED


@given(st.binary(max_size=60), st.integers(0, 1000))
def test_an_authentic_body_of_nonsense_is_quarantined_or_adds_up(
    keys: KeyStore, nonsense: bytes, count: int
) -> None:
    answer = open_one(sealed_body(make_header(keys.bundle()), nonsense, count), keys)
    if isinstance(answer, Opened):
        assert sum(
            len(datum) + len(subject) + 6 for datum, subject in events_of(answer.datums)
        ) == len(nonsense)
    else:
        assert (answer.outcome, answer.count) == (Fate.QUARANTINED, count)


def test_an_authentic_body_that_is_no_zstd_is_quarantined(keys: KeyStore) -> None:
    header = as_body(make_header(keys.bundle()), 1, body_nonce(), Counts())
    head, pack = header.to_bytes(), pack_keys(DATA_KEY, header.identity)
    answer = failed(head + seal_body(pack, header.nonce, b"no zstd at all", head), keys)
    assert answer.outcome is Fate.QUARANTINED


def test_a_body_that_would_fill_memory_is_quarantined(keys: KeyStore) -> None:
    bomb = sealed_body(make_header(keys.bundle()), bytes((64 << 20) + 1), 1)
    assert len(bomb) < 20_000
    assert failed(bomb, keys).outcome is Fate.QUARANTINED


def test_a_record_that_was_changed_is_malformed_and_the_rest_stands(keys: KeyStore) -> None:
    header = make_header(keys.bundle())
    pack = bytearray(records(header, EVENTS))
    pack[len(header.to_bytes()) + 6] ^= 1
    datums = opened(bytes(pack), keys).datums
    assert events_of(datums) == EVENTS[1:]
    assert datums.index.tolist() == [1, 2]
    assert datums.malformed.tolist() == [0]


def test_a_record_that_was_cut_off_is_malformed_and_the_rest_stands(keys: KeyStore) -> None:
    pack = records(make_header(keys.bundle()), EVENTS)[:-3]
    datums = opened(pack, keys).datums
    assert events_of(datums) == EVENTS[:2]
    assert datums.malformed.tolist() == [2]


def test_records_that_changed_places_do_not_open(keys: KeyStore) -> None:
    header = make_header(keys.bundle())
    head = header.to_bytes()
    first, second = (len(record_frame(bytes(18 + len(d) + len(s)))) for d, s in EVENTS[:2])
    pack = records(header, EVENTS)
    start, middle, end = len(head), len(head) + first, len(head) + first + second
    swapped = head + pack[middle:end] + pack[start:middle] + pack[end:]
    assert opened(swapped, keys).datums.malformed.tolist() == [0, 1]


def test_records_without_one_that_opens_prove_nothing_and_are_quarantined(keys: KeyStore) -> None:
    header = make_header(keys.bundle())
    assert failed(header.to_bytes(), keys).reason == "tampered"
    forged = replace(header, counts=Counts(10**6, 0, {}))
    data = forged.to_bytes() + records(header, EVENTS)[len(header.to_bytes()) :]
    answer = failed(data, keys)
    assert (answer.reason, answer.count) == ("tampered", 3)


@pytest.mark.parametrize("form", [records, body])
def test_a_contract_that_nobody_knows_is_quarantined_with_its_count(
    keys: KeyStore, form: Form
) -> None:
    answer = failed(form(make_header(keys.bundle(), fingerprint=b"12345678"), EVENTS), keys)
    assert (answer.outcome, answer.reason, answer.count) == (
        Fate.QUARANTINED,
        "unknown_contract",
        3,
    )


@pytest.mark.parametrize("form", [records, body])
def test_a_pack_whose_key_is_destroyed_is_expired_with_its_count(
    tmp_path: Path, form: Form
) -> None:
    keys = KeyStore.open(tmp_path / "keys", POLICY)
    data = form(make_header(keys.ensure(NOW)), EVENTS)
    keys.ensure(NOW + timedelta(hours=POLICY.raw_limit_h))
    answer = failed(data, keys)
    assert (answer.outcome, answer.reason, answer.count) == (Fate.EXPIRED, "key_destroyed", 3)


def test_a_pack_waits_while_the_keys_are_out_of_reach_and_opens_after(tmp_path: Path) -> None:
    keys = KeyStore.open(tmp_path / "keys", POLICY)
    data = body(make_header(keys.ensure(NOW)), EVENTS)
    (tmp_path / "keys").rename(tmp_path / "elsewhere")
    assert failed(data, keys).outcome is Fate.WAIT
    (tmp_path / "elsewhere").rename(tmp_path / "keys")
    assert events_of(opened(data, keys).datums) == EVENTS


def test_a_key_that_was_never_issued_is_quarantined(keys: KeyStore, tmp_path: Path) -> None:
    other = KeyStore.open(tmp_path / "keys", POLICY)
    answer = failed(body(make_header(other.ensure(NOW)), EVENTS), keys)
    assert (answer.outcome, answer.reason) == (Fate.QUARANTINED, "unknown_key")
