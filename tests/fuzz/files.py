"""Targets of files: what operators write, what deployments hand to one another, and what the lake's log says."""

import base64
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fuzz.target import ROOM, Target, of_file, of_text
from remit.edge import sources
from remit_cli.consent_receipts import _read as read_receipts
from remit_consumers.backup.manifest import MANIFEST, read_manifest
from remit_consumers.erasure import informed
from remit_consumers.erasure.certificate import Certificate
from remit_consumers.erasure.ledger import BEGUN, FIRST, ErasureLedger, _hash
from remit_consumers.erasure.ledger import FILE as ERASURES
from remit_consumers.evidence import anchor, archive
from remit_consumers.evidence.bundle import MANIFEST as MANIFEST_OF_EVIDENCE
from remit_consumers.evidence.witness import Witness
from remit_consumers.lake.durable import options
from remit_consumers.lake.log import entry
from remit_consumers.lake.receipt import EventCounts, Receipt
from remit_consumers.lake.splice import spliced
from remit_consumers.requests import tokens
from remit_consumers.sharing.transferred import verify
from remit_consumers.vault import witness as vault_witness
from remit_consumers.vault.store import Extent
from remit_schemas.bundle import decode_bundle
from remit_schemas.contract import builtin, contract_of
from remit_schemas.export.consent_receipt import check_receipt
from remit_schemas.policy import builtin_policy, load_policy, policy_from_json

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEY = SIGNER.public_key().public_bytes_raw()
POLICY = builtin_policy("salesmartly", "2021-11-01")
PAGES = builtin().by_name("page_view").schema_json


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


INNER = json.dumps(
    {
        "policy": {
            "name": POLICY.name,
            "version": POLICY.version,
            "sha256": POLICY.sha256,
            "document": {},
        },
        "epoch": "e1",
        "key_id": _b64(bytes(8)),
        "public_key": _b64(bytes(32)),
        "not_after": "2030-01-01T00:00:00+00:00",
        "stopped": ["user.device"],
        "lane_key": _b64(bytes(32)),
        "lanes": 12,
    }
).encode()


def _signed_bundle(inner: bytes) -> object:
    """Sign whatever is there, so that what is behind the signature is reached."""
    outer = b'{"bundle":%b,"signature":"%b","verify_key":"%b"}'
    made = outer % (inner, _b64(SIGNER.sign(inner)).encode(), _b64(KEY).encode())
    return decode_bundle(made, trust=KEY, pin=None)


def _consent_receipts(file: Path) -> None:
    for one in read_receipts(file):
        check_receipt(one, KEY)


SIGNED = {"signature": _b64(bytes(64)), "verify_key": _b64(KEY)}
ANCHOR = {
    "facts": {
        "anchor": 1,
        "at": "2021-11-01T00:00:00+00:00",
        "previous": "",
        "tables": {},
        "restored": None,
    },
    **SIGNED,
}


def _archive() -> bytes:
    packed = io.BytesIO()
    manifest = {"facts": {"format": 1, "files": {"a.json": {"sha256": ""}}}, **SIGNED}
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:
        into.writestr(MANIFEST_OF_EVIDENCE, json.dumps(manifest))
        into.writestr("a.json", '{"a":1}')
    return packed.getvalue()


def _evidence(file: Path) -> None:
    found = archive.opened(file)
    list(found.breaches())
    _ = found.manifest.is_signed
    for name in found.members:
        found.json(name)
        list(found.lines(name))


RECEIPT = (
    Receipt(
        "l",
        "page_view",
        "1",
        {0: (0, 9)},
        EventCounts(1, {}, {}, 0),
        purposes={"marketing": (1, 0)},
        versions={"1": 1},
    )
    .to_json()
    .encode()
)

ROWS = pa.table({"subject": [f"{n // 20:032x}" for n in range(100)], "status": list(range(100))})


def _parquet() -> bytes:
    sink = io.BytesIO()
    pq.write_table(ROWS, sink, row_group_size=50, **options(ROWS.schema))
    return sink.getvalue()


def _splice(data: bytes) -> None:
    """Splice whatever Parquet's own reader takes for a file; what comes of it must be one, too, or nothing."""
    try:
        about = pq.read_metadata(pa.BufferReader(data))
        if about.num_row_groups < 1 or about.row_group(0).num_columns != ROWS.num_columns:
            return
        about.row_group(0).column(0)
    except (pa.ArrowException, OSError, ValueError, TypeError):
        return
    whole = spliced(data, about, {0: ROWS.slice(0, 10)}, options(ROWS.schema))
    if whole is not None:
        assert pq.read_metadata(pa.BufferReader(whole)).row_group(0).num_rows == 10


def _of_log(data: bytes) -> object:
    return of_file(
        "table/_delta_log/00000000000000000000.json", lambda _: entry(ROOM / "table", 0)
    )(data)


def _in_folder(name: str, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """A parser of the one file of its name in a folder of its own."""
    where = f"{name.replace('.', '-').replace('/', '-')}/{name}"
    return of_file(where, lambda file: read(file.parents[len(Path(name).parts) - 1]))


def _vault_seen(keys: Path) -> Extent:
    return vault_witness.Witness(keys).compare(lambda: Extent(b"", 1, 1))


def _line(value: object) -> bytes:
    return json.dumps(value).encode()


ERASED: dict[str, Any] = {
    "v": 1,
    "kind": BEGUN,
    "erasure": "e1",
    "at": "2026-03-05T12:00:00+00:00",
    "reason": "requested",
    "scope": {"categories": [], "purposes": [], "from_day": None, "to_day": None},
    "until_agreed": False,
    "keep_until": "2030-03-05T12:00:00+00:00",
    "vault": [],
    "sealed": "",
    "sealed_sha256": "",
    "versions": {},
    "before": FIRST,
}


def _chained(record: Any) -> bytes:  # noqa: ANN401 - whatever stands there
    """A record as the ledger writes it, with the hash that it should have."""
    if not isinstance(record, dict):
        return _line(record) + b"\n"
    whole = {**record, "before": FIRST}
    return _line({**whole, "hash": _hash(whole)}) + b"\n"


def _erasures(keys: Path) -> object:
    return ErasureLedger(keys).all()


def _erasures_chained(keys: Path) -> object:
    """Give the record the hash that it should have, so that what is behind the chain is reached."""
    file = keys / ERASURES
    try:
        record = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return None
    file.write_bytes(_chained(record))
    return _erasures(keys)


COMMIT = b"\n".join(
    map(
        _line,
        (
            {"commitInfo": {"timestamp": 1, "remit": "{}"}},
            {"add": {"path": "a", "stats": '{"numRecords":3}'}},
            {"txn": {"appId": "a", "version": 1}},
        ),
    )
)
SOURCE: dict[str, Any] = {"name": "a", "sha256": "", "origins": [], "kind": "browser", "rate": 1}

TARGETS = (
    Target(
        "policy_yaml",
        of_file("policy.yaml", load_policy),
        (b"policy: a\nversion: '1'\nrules:\n  - {event: page_view}\n",),
        is_quoting=True,
    ),
    Target(
        "policy_json",
        policy_from_json,
        (POLICY.canonical,),
        is_quoting=True,
    ),
    Target(
        "contract",
        of_text(lambda text: contract_of(text, "a.avsc")),
        (PAGES.encode(),),
        is_quoting=True,
    ),
    Target(
        "bundle",
        lambda data: decode_bundle(data, trust=KEY, pin=None),
        (_line({"bundle": {}, **SIGNED}),),
    ),
    Target("bundle_signed", _signed_bundle, (INNER,)),
    Target(
        "consent_receipts",
        of_file("receipts.json", _consent_receipts),
        (
            _line(
                {
                    "receipts": [
                        {
                            "receipt": {},
                            "signature": SIGNED["signature"],
                            "verify_key": SIGNED["verify_key"],
                        }
                    ]
                }
            ),
        ),
    ),
    Target("evidence_zip", of_file("evidence.zip", _evidence), (_archive(),)),
    Target("anchor", _in_folder("anchors/0000.json", anchor.kept), (_line(ANCHOR),)),
    Target(
        "witness",
        of_file("witness.jsonl", lambda file: Witness(file).anchors()),
        (_line(ANCHOR) + b"\n",),
    ),
    Target(
        "certificate",
        of_file("certificate.json", Certificate.read),
        (_line({"facts": {"certificate": 1, "previous": ""}, **SIGNED}),),
    ),
    Target(
        "write_keys",
        _in_folder(f"{sources.FOLDER}/{sources.FILE}", sources.read),
        (_line({"sources": [SOURCE]}),),
    ),
    Target(
        "api_tokens",
        _in_folder(tokens.FILE, tokens.read),
        (_line({"tokens": [{"name": "a", "sha256": "", "added_on": ""}]}),),
    ),
    Target(
        "told_sources",
        _in_folder(informed.FILE, informed.informed),
        (
            _line(
                {"sources": [{"name": "a", "key": _b64(bytes(32)), "tenants": [], "address": ""}]}
            ),
        ),
    ),
    Target(
        "vault_seen",
        _in_folder(vault_witness.FILE, _vault_seen),
        (_line({"vault": "00", "edition": 1, "records": 2}),),
    ),
    Target(
        "erasure_ledger",
        _in_folder(ERASURES, _erasures),
        (_chained(ERASED),),
    ),
    Target(
        "erasure_ledger_chained",
        _in_folder(ERASURES, _erasures_chained),
        (_line(ERASED),),
    ),
    Target("backup_manifest", _in_folder(MANIFEST, read_manifest), (b"{}",)),
    Target(
        "transfer",
        _in_folder("manifest.json", verify),
        (
            _line(
                {
                    "manifest": {
                        "format": "remit transfer 1",
                        "files": {},
                        "policies": {},
                        "heads": {},
                        "categories": {},
                    },
                    **SIGNED,
                }
            ),
        ),
    ),
    Target("receipt", of_text(Receipt.from_json), (RECEIPT,)),
    Target("delta_log", _of_log, (COMMIT,)),
    Target("parquet_splice", _splice, (_parquet(),)),
)
