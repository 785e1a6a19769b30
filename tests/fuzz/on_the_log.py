"""Targets of what lies on the log and in the spool: packs, records, datums, and the messages of the plain door."""

import struct
from functools import cache, partial

import numpy as np
import pyarrow as pa

from fuzz.target import ROOM, Target, of_text
from kit.spooled import Home
from remit import arrivals
from remit.bridge.inlet import SUBJECT, TENANT, Admitted, Inlet
from remit.bridge.schema_ids import _fingerprint, own_ids
from remit.bridge.terms import BridgeAgreement
from remit.journal import _parsed
from remit.route import is_tenant
from remit.settings import Places
from remit.slot import prepare
from remit_consumers.steps.decode import Bodies, decode
from remit_schemas import spool
from remit_schemas.category import Necessity
from remit_schemas.codec import decode_one, encoder, from_confluent, own_schema_id, to_confluent
from remit_schemas.contract import Contract, builtin
from remit_schemas.events import PageView
from remit_schemas.header import FORM_BODY, Counts, Header
from remit_schemas.pack import (
    SUBJECT_BYTES_MAX,
    compress_body,
    decompress_body,
    pack_body,
    record_frame,
    record_plain,
    scan_records,
    split_body,
    split_record,
)

PAGES = builtin().by_name("page_view")
DATUM = encoder(PAGES)(PageView(occurred_at=1, collected_at=2, page="/cart", ip="203.0.113.9"))
BODY = pack_body([DATUM, DATUM], [b"ada", b""])


def _header() -> bytes:
    return Header(
        form=FORM_BODY,
        producer=bytes(range(16)),
        lane=3,
        sequence=7,
        fingerprint=PAGES.fingerprint,
        necessity=Necessity.REQUIRED,
        count=2,
        key_id=bytes(8),
        wrapped_key=bytes(80),
        nonce=bytes(12),
        policy_version="2021-11-01",
        tenant="",
        counts=Counts(5, 0, {"prohibited": 2}),
    ).to_bytes()


def _records(data: bytes) -> None:
    for start, length in scan_records(data, 0):
        assert start + length <= len(data)


def _columns(contract: Contract, data: bytes) -> None:
    """Decode the bytes as one datum and as two halves beside good ones: none may pull its neighbours along."""
    half = len(data) // 2
    raw = [DATUM, data, data[:half], DATUM, data[half:]]
    lengths = np.array([len(one) for one in raw], np.int64)
    subjects = pa.array([data[:9], b"", b"ada", data[-9:], b""], pa.binary())
    done = decode(contract, Bodies(raw, lengths), subjects)
    assert len(done.rows) + len(done.malformed) == len(raw)
    done.table.validate(full=True)
    if contract is PAGES:
        assert {3} <= set(done.rows.tolist()) | set(done.malformed.tolist())
        assert 3 in done.rows or data[-9:] != data[-9:].decode(errors="replace").encode()


@cache
def _inlet() -> Inlet:
    """The plain door of an installation of its own."""
    home = Home(ROOM / "plain door")
    prepare(home.data / spool.FOLDER)
    terms = BridgeAgreement(Places.from_env({}, data=home.data), builtin()).terms
    return Inlet(terms, own_ids(builtin().versions), len(DATUM) + 1)


def _kafka_headers(data: bytes) -> None:
    """Take lines as the headers of a message, its subject and tenant first, then its key: what goes in has names that fit."""
    subject, tenant, key, *others = (*data.split(b"\n"), b"", b"", b"")
    headers = [(SUBJECT, subject or None), (TENANT, tenant)]
    headers += [(one.decode("latin-1"), one) for one in others]
    seen = _inlet().look(to_confluent(DATUM, own_schema_id(PAGES)), key, headers)
    if isinstance(seen, Admitted):
        assert len(seen.subject.encode()) <= SUBJECT_BYTES_MAX
        assert is_tenant(seen.tenant), "no header of a pack can carry it"


TARGETS = (
    Target("kafka_headers", _kafka_headers, (b"ada\n\nkey\ntrace", b"\n\nada")),
    Target("pack_header", Header.parse, (_header(),)),
    Target(
        "pack_body", lambda data: split_body(data[1:], data[0] if data else 0), (b"\x02" + BODY,)
    ),
    Target("pack_compressed", decompress_body, (compress_body(BODY),)),
    Target("spool_record", split_record, (record_plain(DATUM, b"ada"),)),
    Target("spool_records", _records, (record_frame(DATUM) * 3, struct.pack("<I", 1 << 31))),
    Target(
        "spool_names",
        of_text(lambda text: (spool.parse_pack_name(text), spool.parse_open_name(text))),
        (spool.pack_name(3).encode(), spool.open_name(bytes(16), 1, 2).encode()),
    ),
    Target("spool_arrivals", lambda data: list(arrivals.read(data)), (bytes(200),)),
    Target(
        "follower_journal", of_text(_parsed), (b'{"format":1,"pack":1,"before":[],"after":[]}',)
    ),
    Target("avro_datum", partial(decode_one, PAGES), (DATUM,)),
    Target("avro_columns", partial(_columns, PAGES), (DATUM,)),
    Target("confluent_message", from_confluent, (to_confluent(DATUM, 7),)),
    Target("registry_answer", _fingerprint, (b'{"schema":"{\\"type\\":\\"string\\"}"}',)),
)
