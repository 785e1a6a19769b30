"""The bytes of a pack: what is written is read, and nothing hostile gets through."""

import os
from dataclasses import replace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.category import Necessity
from remit_schemas.errors import NewerFormat, NotAPack, PackError, Truncated
from remit_schemas.pack import (
    BODY_BYTES_MAX,
    EVENT_BYTES_MAX,
    FORM_BODY,
    FORM_RECORDS,
    NO_NONCE,
    REASONS,
    Counts,
    Header,
    as_body,
    compress_body,
    decompress_body,
    pack_body,
    pack_id,
    record_frame,
    record_plain,
    scan_records,
    split_body,
    split_record,
)

U64 = st.integers(0, 2**64 - 1)
NAMES = st.text(max_size=40)
HEADERS = st.builds(
    Header,
    form=st.just(FORM_BODY),
    producer=st.binary(min_size=16, max_size=16),
    lane=st.integers(0, 65535),
    sequence=st.integers(1, 2**64 - 1),
    fingerprint=st.binary(min_size=8, max_size=8),
    necessity=st.sampled_from(Necessity),
    count=st.integers(0, 1_000_000),
    key_id=st.binary(min_size=8, max_size=8),
    wrapped_key=st.binary(max_size=200),
    nonce=st.binary(min_size=12, max_size=12),
    policy_version=NAMES,
    tenant=NAMES,
    counts=st.builds(
        Counts,
        offered=U64,
        let_go=U64,
        refused=st.dictionaries(st.sampled_from(REASONS), st.integers(1, 2**64 - 1)),
    ),
)


def make_header(**changes: object) -> Header:
    header = Header(
        form=FORM_RECORDS,
        producer=bytes(range(16)),
        lane=3,
        sequence=42,
        fingerprint=b"contract",
        necessity=Necessity.REQUIRED,
        count=None,
        key_id=b"epoch-id",
        wrapped_key=bytes(80),
        nonce=NO_NONCE,
        policy_version="2021-11-01",
        tenant="",
        counts=Counts(7, 1, {"stopped": 2}),
    )
    return replace(header, **changes)  # type: ignore[arg-type]  # a test names fields


@given(HEADERS, st.binary(max_size=30))
def test_a_header_is_read_as_it_was_written_whatever_follows_it(
    header: Header, rest: bytes
) -> None:
    raw = header.to_bytes()
    read = Header.parse(raw + rest)
    assert read == header
    assert read.length == len(raw)


def test_the_bytes_of_a_header_are_those_of_the_architecture_page() -> None:
    raw = make_header(tenant="shop").to_bytes()
    assert raw[:6] == b"RM\x01\x01" + len(raw).to_bytes(2, "little")
    assert raw[6:22] == bytes(range(16))
    assert raw[22:32] == b"\x03\x00" + (42).to_bytes(8, "little")
    assert raw[32:45] == b"contract\x01\xff\xff\xff\xff"
    assert raw[45:53] == b"epoch-id"
    assert raw[53:55] == b"\x50\x00"
    assert raw[135:147] == NO_NONCE
    assert raw[147:163] == b"\x0a2021-11-01\x04shop"
    assert raw[163:179] == (7).to_bytes(8, "little") + (1).to_bytes(8, "little")
    assert raw[179:] == b"\x01" + bytes((REASONS.index("stopped"),)) + (2).to_bytes(8, "little")


def test_the_byte_of_a_reason_never_changes() -> None:
    expected = [
        *("other", "unknown_contract", "no_rule", "prohibited", "stopped", "held"),
        *("does_not_fit", "epoch_over", "spool_full", "too_large", "unparsed", "closed"),
    ]
    assert [*REASONS[: len(expected)]] == expected
    assert len(set(REASONS)) == len(REASONS)


@given(st.binary(max_size=300))
def test_random_bytes_are_no_pack(data: bytes) -> None:
    with pytest.raises(PackError):
        Header.parse(data)


@given(HEADERS, st.data())
def test_a_header_cut_anywhere_is_truncated_or_no_pack(header: Header, data: st.DataObject) -> None:
    raw = header.to_bytes()
    cut = data.draw(st.integers(0, len(raw) - 1))
    with pytest.raises(Truncated if cut >= 2 else NotAPack):
        Header.parse(raw[:cut])


@given(HEADERS, st.data())
def test_a_header_with_any_byte_changed_is_read_or_refused_and_nothing_else(
    header: Header, data: st.DataObject
) -> None:
    raw = bytearray(header.to_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    try:
        read = Header.parse(bytes(raw))
    except PackError:
        return
    assert read.length <= len(raw)


def test_a_newer_format_byte_is_told_apart_from_no_pack() -> None:
    raw = bytearray(make_header().to_bytes())
    raw[2] = 2
    with pytest.raises(NewerFormat):
        Header.parse(bytes(raw))
    raw[2] = 0
    with pytest.raises(NotAPack):
        Header.parse(bytes(raw))


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": 0},
        {"count": 5},
        {"form": FORM_BODY},
        {"form": FORM_BODY, "count": BODY_BYTES_MAX},
    ],
)
def test_a_header_that_contradicts_itself_is_no_pack(changes: dict[str, object]) -> None:
    with pytest.raises(NotAPack):
        Header.parse(make_header(**changes).to_bytes())


def test_a_reason_of_a_newer_remit_is_counted_as_other() -> None:
    raw = bytearray(make_header().to_bytes())
    raw[-9] = 250
    assert Header.parse(bytes(raw)).counts.refused == {"other": 2}


def test_a_name_that_is_too_long_is_refused_without_repeating_it() -> None:
    with pytest.raises(PackError, match="256 bytes") as caught:
        make_header(tenant="canary" + "x" * 250).to_bytes()
    assert "canary" not in str(caught.value)


def test_both_forms_of_a_pack_have_one_identity() -> None:
    header = make_header()
    body = as_body(header, 9, os.urandom(12), Counts(8, 1, {}))
    assert body.identity == header.identity
    assert body.pack_id == header.pack_id == pack_id(bytes(range(16)), 3, 42)
    assert header.pack_id == "000102030405060708090a0b0c0d0e0f-3-42"
    assert Header.parse(body.to_bytes()) == body


@given(st.lists(st.tuples(st.binary(max_size=60), st.binary(max_size=20)), max_size=30))
def test_a_body_gives_back_every_event_at_its_own_boundary(
    events: list[tuple[bytes, bytes]],
) -> None:
    datums, subjects = [d for d, _ in events], [s for _, s in events]
    body = split_body(decompress_body(compress_body(pack_body(datums, subjects))), len(events))
    assert list(body.datum_lengths) == [len(d) for d in datums]
    assert list(body.subject_lengths) == [len(s) for s in subjects]
    assert bytes(body.datums) == b"".join(datums)
    assert bytes(body.subjects) == b"".join(subjects)


@given(st.binary(max_size=200), st.integers(0, 50))
def test_a_body_of_random_bytes_adds_up_or_is_refused(body: bytes, count: int) -> None:
    try:
        parts = split_body(body, count)
    except PackError:
        return
    assert sum(parts.datum_lengths) == len(parts.datums)
    assert sum(parts.subject_lengths) == len(parts.subjects)


def test_a_body_whose_lengths_do_not_add_up_is_refused() -> None:
    body = pack_body([b"abc", b"de"], [b"s", b""])
    with pytest.raises(Truncated):
        split_body(body[:-1], 2)
    with pytest.raises(Truncated):
        split_body(body[:11], 2)
    with pytest.raises(PackError):
        split_body(body + b"x", 2)


def test_an_event_of_more_than_a_mebibyte_is_refused() -> None:
    datum = bytes(EVENT_BYTES_MAX + 1)
    with pytest.raises(PackError):
        split_body(pack_body([datum], [b""]), 1)
    with pytest.raises(PackError):
        split_record(record_plain(datum, b""))
    assert split_body(pack_body([datum[1:]], [b""]), 1).datum_lengths[0] == EVENT_BYTES_MAX


@pytest.mark.parametrize(
    "bomb",
    [
        zstandard.ZstdCompressor().compress(bytes(BODY_BYTES_MAX + 1)),
        zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000)),
        zstandard.ZstdCompressor().compress(b"x") + b"trailing",
        zstandard.ZstdCompressor().compress(os.urandom(100))[:-1],
        b"",
        b"no frame",
    ],
    ids=["larger", "no size", "trailing", "cut", "empty", "no frame"],
)
def test_a_body_that_decompresses_to_no_honest_size_is_refused(bomb: bytes) -> None:
    with pytest.raises(PackError):
        decompress_body(bomb)


@given(st.binary(max_size=100), st.binary(max_size=60))
def test_a_record_gives_back_datum_and_subject(datum: bytes, subject: bytes) -> None:
    assert split_record(record_plain(datum, subject)) == (datum, subject)


@pytest.mark.parametrize("record", [b"", b"\x01", b"\x02\x00x"])
def test_a_record_that_ends_within_its_subject_is_truncated(record: bytes) -> None:
    with pytest.raises(Truncated):
        split_record(record)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=10), st.integers(0, 60))
def test_records_are_found_up_to_the_last_whole_one(records: list[bytes], cut: int) -> None:
    data = b"header" + b"".join(map(record_frame, records))
    cut = min(cut, len(data) - 6)
    found = [data[s : s + n] for s, n in scan_records(data[: len(data) - cut], 6)]
    assert found == records[: len(found)]
    if cut == 0:
        assert found == records
    zeros = [data[s : s + n] for s, n in scan_records(data + bytes(4) + record_frame(b"old"), 6)]
    assert zeros == records
