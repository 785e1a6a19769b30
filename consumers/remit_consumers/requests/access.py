"""Access: everything that stands of somebody, as a zip that a machine can read and a person, too.

`index.html` is for the person, `summary.json` says the same for a machine, `data/<contract>.jsonl` holds the rows, and
`consents.json`, `requests.json` what was said and asked. Nobody else's data is in it: rows are minimized, texts that
people wrote are looked through again, and a guardian is only called one.

Source: policy 2021-11-01, clauses S077a, S104d; PIPL article 45.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.requests import Request
from remit_consumers.requests.found import Holding, distinct, holding
from remit_consumers.requests.page import page
from remit_consumers.requests.redact import OTHERS, redacted
from remit_consumers.requests.references import COLUMN, References
from remit_consumers.rows import COLLECTED_AT, columns_of
from remit_consumers.sharing.disclosures import recipients_of
from remit_schemas.category import Decision

INNER: Final = ("pack", "index", "subject", "tenant")
"""Columns that say how remit keeps a row, and nothing of the person."""

WRITTEN_BY_PEOPLE: Final = ("free_text",)
"""Reducers whose results are still what people wrote."""

SAID: Final = (
    "effect_at",
    "recorded_at",
    "purpose",
    "status",
    "agreed_version",
    "method",
    "channel",
)
"""What of a consent change is told."""


def export(
    deployment: Deployment, about: SubjectRef, requests: Sequence[Request], now: datetime
) -> bytes:
    """Make the zip.

    Args:
        deployment: Where everything lies.
        about: Whose data.
        requests: Theirs, as they stand.
        now: Aware UTC.

    Raises:
        LakeError: The lake cannot be read.
        KeysOutOfReach: Vault or keys cannot be read.
    """
    held = holding(deployment, about, now)
    shown = {contract: _looked_through(rows, held) for contract, rows in held.rows.items()}
    facts = summary(deployment, about, held, now) | {
        "requests": len(requests),
        "withheld": {contract: _withheld(rows, held) for contract, rows in shown.items()},
    }
    files = {
        "index.html": page(facts).encode(),
        "summary.json": _json(facts),
        "consents.json": _json(_consents(held.consents)),
        "requests.json": _json([one.public() for one in requests]),
    }
    references = References.of(deployment, about)
    for contract, rows in shown.items():
        named = rows.append_column(COLUMN, references.told(rows))
        files[f"data/{contract}.jsonl"] = _lines(_rows(contract, named))
    return _zip(files, now)


def summary(
    deployment: Deployment, about: SubjectRef, held: Holding, now: datetime
) -> dict[str, Any]:
    """Say what is held, for what, on which ground, how long, who may get and got it and what was made smaller."""
    policy = deployment.policy
    return {
        "made_at": now,
        "policy": policy.name,
        "policy_version": policy.version,
        "contracts": {
            name: {
                "rows": rows.num_rows,
                "kept_until": max(rows.column("keep_until").to_pylist()),
                "policy_versions": distinct(rows, "policy_version"),
            }
            for name, rows in held.rows.items()
        },
        "fields": _fields(held),
        "recipients": sorted(policy.recipients),
        "got_by": recipients_of(deployment.settings.lake, about.tenant, held.names, now),
        "consents": held.consents.num_rows,
    }


def _fields(held: Holding) -> list[dict[str, Any]]:
    """Each field of each contract and what became of it, as the tagsets on the rows say."""
    told: dict[tuple[str, str, str], dict[str, Any]] = {}
    for contract, rows in held.rows.items():
        for tagset in distinct(rows, "tagset"):
            found = held.tagsets.get(tagset, {})
            for name, field in json.loads(found.get("fields") or "{}").items():
                one = {"contract": contract, "field": name, **_told(field)}
                told[contract, name, json.dumps(one, sort_keys=True)] = one
    return list(told.values())


def _told(field: Mapping[str, Any]) -> dict[str, Any]:
    """What the catalogue says of one field."""
    names = ("category", "decision", "reducer", "purposes", "basis", "clause")
    return {name: field[name] for name in names if field.get(name)}


def _looked_through(rows: pa.Table, held: Holding) -> pa.Table:
    """Rows in which texts that people wrote are withheld where they may tell of others."""
    for name in _texts(rows, held):
        rows = rows.set_column(
            rows.schema.get_field_index(name), name, redacted(rows.column(name).combine_chunks())
        )
    return rows


def _withheld(shown: pa.Table, held: Holding) -> dict[str, int]:
    """How many texts of each column are withheld: a human being may look at them where somebody asks."""
    counts = {
        name: int(pc.sum(pc.equal(shown.column(name), OTHERS)).as_py() or 0)
        for name in _texts(shown, held)
    }
    return {name: count for name, count in counts.items() if count}


def _rows(contract: str, rows: pa.Table) -> Iterable[Mapping[str, Any]]:
    """The rows of a contract without what is only remit's."""
    shown = rows.drop_columns([name for name in INNER if name in rows.column_names])
    yield from ({"contract": contract, **row} for row in shown.to_pylist())


def _texts(rows: pa.Table, held: Holding) -> list[str]:
    """The columns that hold what people wrote."""
    found: set[str] = set()
    for tagset in distinct(rows, "tagset"):
        fields: Mapping[str, Mapping[str, Any]] = json.loads(
            held.tagsets.get(tagset, {}).get("fields") or "{}"
        )
        of = columns_of(rows.column_names, fields)
        for name, field in fields.items():
            if name == COLLECTED_AT or field.get("decision") == Decision.REFUSE.value:
                continue
            if field.get("reducer") in WRITTEN_BY_PEOPLE:
                found |= {
                    column
                    for column in of[name]
                    if pa.types.is_string(rows.schema.field(column).type)
                }
    return sorted(found)


def _consents(records: pa.Table) -> list[dict[str, Any]]:
    """What the ledger holds; somebody else is told of as somebody else."""
    told = []
    for row in records.to_pylist():
        one = {name: row.get(name) for name in SAID}
        one |= {"record": f"{row['pack']}/{row['index']}"}
        told.append(one | ({"guardian": OTHERS} if row.get("guardian") else {}))
    return told


def _json(facts: object) -> bytes:
    return (json.dumps(facts, indent=2, ensure_ascii=False, default=str) + "\n").encode()


def _lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False, default=str) + "\n" for row in rows).encode()


def _zip(files: Mapping[str, bytes], now: datetime) -> bytes:
    """Put files together; nothing in it tells more than they do."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as into:
        for name, data in files.items():
            told = zipfile.ZipInfo(name, now.timetuple()[:6])
            told.compress_type = zipfile.ZIP_DEFLATED
            into.writestr(told, data)
    return packed.getvalue()
