"""The rows themselves, held against their receipts: present, tagged, once, and as many values as were counted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.files import walked
from remit_consumers.lake.log import entries
from remit_consumers.lake.logcut import opening
from remit_consumers.lake.receipt import PackOutcome
from remit_consumers.lake.tables import row_tables
from remit_consumers.proof.identities import Identities
from remit_consumers.proof.removals import removed_by
from remit_consumers.rows import columns_of, present_in
from remit_consumers.store.place import delta as delta_of
from remit_consumers.store.place import parquet
from remit_schemas.category import Decision

TAGS = ("pack", "index", "policy_version", "tagset", "keep_until", "day")
"""What no row may lack."""


def breaches(root: Path, receipts: pa.Table, tagsets: set[str]) -> Iterator[str]:
    """Say in which tables rows and receipts disagree, as of the newest commit that the receipts know.

    Args:
        root: The lake's folder.
        receipts: All receipts as rows.
        tagsets: The tagsets that the catalogue knows.
    """
    newest = _newest(receipts)
    for name in row_tables(root):
        if name not in newest:
            continue
        yield from _files(root, name, receipts, newest[name])
        delta = delta_of(root / name, newest[name])
        mine = receipts.filter(pc.equal(receipts.column("table"), name))
        if name == "quarantine":
            yield from _quarantine(delta, mine)
        elif name == CONSENTS_TABLE:
            identities = Identities()
            for rows in _parts(delta, ["pack", "index"]):
                identities.add(rows)
            yield from _once(name, identities)
        else:
            yield from _events(delta, name, mine, tagsets)


def _newest(receipts: pa.Table) -> dict[str, int]:
    """For each table the newest version that carries a receipt."""
    rows = receipts.group_by("table").aggregate([("version", "max")]).to_pylist()
    return {row["table"]: row["version_max"] for row in rows}


def _stored(receipts: pa.Table, key: str) -> Counter[str | int]:
    """Events stored, by table or version."""
    mask = pc.and_(
        pc.equal(receipts.column("kind"), "events"), pc.equal(receipts.column("decision"), "stored")
    )
    rows = receipts.filter(mask).group_by(key).aggregate([("values_in", "sum")]).to_pylist()
    return Counter({row[key]: row["values_in_sum"] for row in rows})


def _files(root: Path, name: str, receipts: pa.Table, newest: int) -> Iterator[str]:
    """Hold each commit's files against its receipt, from where the log begins, and the files left against their footers."""
    at, live = opening(root, name)
    if at >= 0 and name != "quarantine":
        yield from _before_the_cut(name, receipts, at, sum(live.values()))
    told = (entry for entry in entries(root / name, at) if entry.version <= newest)
    for version, rows, said in walked(name, live, told):
        yield f"{name}: version {version} added {rows} rows, its receipt says {said}"
    for path, rows in live.items():
        if (
            not (root / name / path).is_file()
            or parquet(root / name / path).metadata.num_rows != rows
        ):
            yield f"{name}: a file of its rows is gone or changed"


def _before_the_cut(name: str, receipts: pa.Table, at: int, rows: int) -> Iterator[str]:
    """Hold the rows that the log begins with against what the receipts of all commits before come to."""
    mask = pc.and_(
        pc.equal(receipts.column("table"), name), pc.less_equal(receipts.column("version"), at)
    )
    before = receipts.filter(mask)
    stored = _recorded(before) if name == CONSENTS_TABLE else _stored(before, "table")[name]
    if (expected := stored - removed_by(before, "table")[name]) != rows:
        yield f"{name}: {rows} rows when its log was cut, the receipts before say {expected}"


def _recorded(receipts: pa.Table) -> int:
    """Consent changes recorded."""
    mask = pc.equal(receipts.column("decision"), PackOutcome.RECORDED.value)
    return int(pc.sum(receipts.filter(mask).column("values_in")).as_py() or 0)


def _events(delta: DeltaTable, name: str, receipts: pa.Table, tagsets: set[str]) -> Iterator[str]:
    """Hold the rows of an events table against its receipts."""
    rows, without, tagged, identities = 0, Counter[str](), set[str | None](), Identities()
    for part in _parts(delta, list(TAGS)):
        rows += part.num_rows
        without.update({tag: part.column(tag).null_count for tag in TAGS})
        tagged.update(pc.unique(part.column("tagset")).to_pylist())
        identities.add(part)
    expected = _stored(receipts, "table")[name] - removed_by(receipts, "table")[name]
    if rows != expected:
        yield f"{name}: {rows} rows, receipts say {expected}"
    for tag, lacking in (+without).items():
        yield f"{name}: {lacking} rows without {tag}"
    if unknown := tagged - tagsets - {None}:
        yield f"{name}: {len(unknown)} tagsets that the catalogue does not know"
    yield from _once(name, identities)
    yield from _values(delta, name, receipts)


def _parts(delta: DeltaTable, columns: list[str]) -> Iterator[pa.Table]:
    """The rows of a table, some at a time: all of them at once would take 100 bytes each."""
    for batch in delta.to_pyarrow_dataset().to_batches(columns=columns):
        yield pa.Table.from_batches([batch])


def _once(name: str, identities: Identities) -> Iterator[str]:
    """Say how many rows have an identity that another one has."""
    if identities.doubles:
        yield f"{name}: {identities.doubles} events stand twice"


def _values(delta: DeltaTable, name: str, receipts: pa.Table) -> Iterator[str]:
    """Hold the values present in each field's columns against the values that its receipts say were stored."""
    fields = receipts.filter(pc.equal(receipts.column("kind"), "field"))
    rows = fields.group_by("field").aggregate([("values_out", "sum")]).to_pylist()
    expected: dict[str, int] = {row["field"]: row["values_out_sum"] for row in rows}
    filled = receipts.filter(pc.equal(receipts.column("kind"), "filled"))
    for row in filled.group_by("field").aggregate([("values_in", "sum")]).to_pylist():
        expected[row["field"]] = expected.get(row["field"], 0) + row["values_in_sum"]
    for field, values in removed_by(receipts, "field", "removed_values").items():
        expected[str(field)] = expected.get(str(field), 0) - values
    columns = columns_of(delta.to_pyarrow_dataset().schema.names, expected)
    present = dict.fromkeys(columns, 0)
    for part in _parts(delta, sorted({one for mine in columns.values() for one in mine})):
        for field, mine in columns.items():
            present[field] += present_in(part.select(mine)) if mine else 0
    for field, values in present.items():
        if values != expected[field]:
            yield f"{name}.{field}: {values} values, receipts say {expected[field]}"


def _quarantine(delta: DeltaTable, receipts: pa.Table) -> Iterator[str]:
    """Hold the rows of the quarantine against its receipts."""
    mask = pc.and_(
        pc.equal(receipts.column("kind"), "events"),
        pc.equal(receipts.column("decision"), "quarantined"),
    )
    expected = int(pc.sum(receipts.filter(mask).column("values_in")).as_py() or 0)
    expected -= removed_by(receipts, "table")["quarantine"]
    expected -= removed_by(receipts, "table", "released")["quarantine"]
    present = int(pc.sum(delta.to_pyarrow_table(columns=["count"]).column(0)).as_py() or 0)
    if present != expected:
        yield f"quarantine: {present} events, receipts say {expected}"


def field_breaches(receipts: pa.Table) -> Iterator[str]:
    """Say where a receipt contradicts itself: values in are kept, reduced or refused, and none of it appears anew."""
    fields = receipts.filter(pc.equal(receipts.column("kind"), "field"))
    decision, came, left = (fields.column(name) for name in ("decision", "values_in", "values_out"))
    wrong = {
        "refused and stored": pc.and_(
            pc.equal(decision, Decision.REFUSE.value), pc.greater(left, 0)
        ),
        "kept, but not as many as came": pc.and_(
            pc.equal(decision, Decision.KEEP.value), pc.not_equal(came, left)
        ),
        "reduced to more than came": pc.and_(
            pc.equal(decision, Decision.REDUCE.value), pc.greater(left, came)
        ),
    }
    for what, mask in wrong.items():
        rows = int(pc.sum(mask).as_py() or 0)
        if rows:
            yield f"{rows} rows of receipts: values {what}"
    yield from _more_values_than_events(receipts, fields)


def _more_values_than_events(receipts: pa.Table, fields: pa.Table) -> Iterator[str]:
    """Say which fields have more values than their contract has events stored."""
    mask = pc.and_(
        pc.equal(receipts.column("kind"), "events"), pc.equal(receipts.column("decision"), "stored")
    )
    stored = (
        receipts.filter(mask).group_by("contract").aggregate([("values_in", "sum")]).to_pylist()
    )
    events = {row["contract"]: row["values_in_sum"] for row in stored}
    for row in fields.group_by(["contract", "field"]).aggregate([("values_in", "sum")]).to_pylist():
        if row["values_in_sum"] > events.get(row["contract"], 0):
            yield f"{row['contract']}.{row['field']}: more values than events stored"
