"""The columns of the lake's own tables, and what these are called; those of events follow from their contracts."""

import pyarrow as pa

_TIME = pa.timestamp("us", "UTC")

QUARANTINE = pa.schema(
    {
        "log": pa.string(),
        "partition": pa.int32(),
        "offset": pa.int64(),
        "pack": pa.string(),
        "index": pa.int32(),
        "contract": pa.string(),
        "reason": pa.string(),
        "count": pa.int64(),
        "sealed": pa.binary(),
        "quarantined_at": _TIME,
        "keep_until": _TIME,
    }
)
"""What could not be read, sealed as it came: `index` is null where it is a whole pack, `pack` where it has no header,
`contract` where it is not known; `count` is how many events the row stands for."""

POSITIONS = pa.schema(
    {
        "log": pa.string(),
        "partition": pa.int32(),
        "position": pa.int64(),
        "marks": pa.string(),
        "committed_at": _TIME,
    }
)
"""Where each partition stands: of several rows the highest position holds. `marks` is JSON. Where `log` is ``lake/<table>``
the position is the version that this table of the lake has at least (`promises`)."""

POSITIONS_TABLE = "positions"
"""The name of the table of positions, which is there before anything else is stored."""

CONSENTS = pa.schema(
    {
        "tenant": pa.string(),
        "subject": pa.string(),
        "purpose": pa.string(),
        "status": pa.string(),
        "effect_at": pa.timestamp("us", "UTC"),
        "recorded_at": _TIME,
        "agreed_version": pa.string(),
        "method": pa.string(),
        "policy_version": pa.string(),
        "pack": pa.string(),
        "index": pa.int32(),
        "keep_until": _TIME,
        "visitor_day": pa.date32(),
        "channel": pa.string(),
        "actor": pa.string(),
        "guardian": pa.string(),
        "age_band": pa.string(),
        "jurisdiction": pa.string(),
        "minor_basis": pa.string(),
        "lane": pa.int32(),
    }
)
"""The consent ledger, one row for each consent change that somebody can be tied to. `subject` and `guardian` are the
ledger's own pseudonyms; `purpose` is null where a record is about a whole policy version or about the subject;
`effect_at` is when it was said, to the millisecond, and `recorded_at` when the ledger took it; `visitor_day` is the day
of the key that a visitor's pseudonym is made under, null for a subject in the vault; `lane` is the subject's, null in
records of older consumers. A record's id is its pack and index. Source: ISO/IEC TS 27560."""

CONSENTS_TABLE = "consents"
"""The name of the consent ledger's table."""

WITHDRAWN = pa.schema(
    {
        "tenant": pa.string(),
        "subject": pa.string(),
        "purpose": pa.string(),
        "effect_at": _TIME,
        "recorded_at": _TIME,
        "applied_at": _TIME,
        "keep_until": _TIME,
        "spared_from": pa.date32(),
        "rewritten_at": _TIME,
        "left": pa.string(),
    }
)
"""Who withdrew what, under the names that rows bear: rows of such a subject are not read for the purpose any more.
`subject` is a pseudonym as events tables store it; `effect_at` is when it was said, `recorded_at` when the lake took it;
`applied_at` is when the rows were rewritten (a later row of the same subject, purpose and time says so), null before.
`spared_from` is the first day whose rows stay, because the subject had agreed again before it; null: none. The purpose
`EVERY_PURPOSE` takes the rows themselves: all that stands of the subject is erased. `rewritten_at` is when its tables
were rewritten, but for those in `left` (joined by commas): what is stored from then on is lawful and stays, while the
erasure waits for these and for files that no commit speaks of."""

EVERY_PURPOSE = "*"
"""In place of a purpose: everything of this subject goes, because it is a minor's and has no basis."""

WITHDRAWN_TABLE = "withdrawn"
"""The name of the table of withdrawals that readers of rows ask."""

QUERIES = pa.schema(
    {
        "query": pa.string(),
        "user": pa.string(),
        "role": pa.string(),
        "purpose": pa.string(),
        "tenant": pa.string(),
        "tables": pa.string(),
        "columns": pa.string(),
        "rows": pa.int64(),
        "sql_sha256": pa.string(),
        "started_at": _TIME,
        "ended_at": _TIME,
        "outcome": pa.string(),
        "reason": pa.string(),
        "keep_until": _TIME,
    }
)
"""Who read what for which purpose: `user` is the operating system's, `tables` and `columns` are names of the view,
sorted and joined by commas; the SQL itself may hold a value, so its SHA-256 stands for it. A name that remit does not
know stands as `unknown`."""

QUERIES_TABLE = "queries"
"""The name of the table of reads."""

REQUESTS = pa.schema(
    {
        "request": pa.string(),
        "step": pa.int32(),
        "state": pa.string(),
        "at": _TIME,
        "right": pa.string(),
        "requester": pa.string(),
        "channel": pa.string(),
        "jurisdiction": pa.string(),
        "tenant": pa.string(),
        "subject": pa.string(),
        "received_at": _TIME,
        "due_at": _TIME,
        "policy_version": pa.string(),
        "proof": pa.string(),
        "ground": pa.string(),
        "reason": pa.string(),
        "clause": pa.string(),
        "scope": pa.string(),
        "may_charge": pa.bool_(),
        "evidence": pa.string(),
        "actor": pa.string(),
        "keep_until": _TIME,
    }
)
"""What became of requests, a row for each step, whole in itself: the row with a request's highest step is how it stands.
`subject` is a pseudonym that nothing else bears, null where nothing was known of them; `proof` is a kind of proof;
`reason` is why it was denied or takes its time; `scope` is JSON; `evidence` is the SHA-256 of what was handed over or of
the certificate; `actor` is the operating system's name, or that of the token, of who took the step."""

REQUESTS_TABLE = "requests"
"""The name of the table of requests."""

RESTRICTIONS = pa.schema(
    {
        "tenant": pa.string(),
        "subject": pa.string(),
        "request": pa.string(),
        "placed_at": _TIME,
        "lifted_at": _TIME,
        "keep_until": _TIME,
        "to_day": pa.date32(),
        "code": pa.string(),
    }
)
"""Whose rows are kept and used for nothing: `subject` is a pseudonym as events tables store it, and of several rows of
one request and name the last one holds. `to_day` is the last day whose rows it lies on; null: all. `code` is why rows
could not be erased (DPV, justifications), and `request` is then the erasure; null: the subject asked for it."""

RESTRICTIONS_TABLE = "restrictions"
"""The name of the table of restrictions."""

TAGSETS = pa.schema(
    {
        "tagset": pa.string(),
        "contract": pa.string(),
        "policy": pa.string(),
        "policy_version": pa.string(),
        "purposes": pa.string(),
        "fields": pa.string(),
        "places": pa.string(),
        "floor": pa.string(),
    }
)
"""What the tagsets on the rows stand for; `fields` is JSON, `places` names the data that places were looked up in,
`floor` a row of `floors`; empty: none decided."""

FLOORS = pa.schema(
    {
        "floor": pa.string(),
        "contract": pa.string(),
        "columns": pa.string(),
        "subjects_min": pa.int64(),
        "begun_at": _TIME,
        "ended_at": _TIME,
        "subjects": pa.int64(),
        "combinations_before": pa.int64(),
        "rare_before": pa.int64(),
        "unique_before": pa.int64(),
        "combinations_after": pa.int64(),
        "rare_after": pa.int64(),
        "unique_after": pa.int64(),
        "common": pa.string(),
    }
)
"""Closed windows: how many combinations of traits there were before and after the floor, how many of them rare and
unique, and as JSON those that enough subjects shared."""

RECEIPTS = pa.schema(
    {
        "commit": pa.string(),
        "table": pa.string(),
        "version": pa.int64(),
        "kind": pa.string(),
        "contract": pa.string(),
        "policy_version": pa.string(),
        "field": pa.string(),
        "category": pa.string(),
        "decision": pa.string(),
        "reason": pa.string(),
        "reducer": pa.string(),
        "clause": pa.string(),
        "purposes": pa.string(),
        "basis": pa.string(),
        "producer": pa.string(),
        "tenant": pa.string(),
        "lane": pa.int32(),
        "sequence": pa.int64(),
        "values_in": pa.int64(),
        "values_out": pa.int64(),
        "bytes_in": pa.int64(),
        "bytes_out": pa.int64(),
        "distinct_in": pa.int64(),
        "distinct_out": pa.int64(),
        "bits_in": pa.int64(),
        "bits_out": pa.int64(),
        "chain": pa.string(),
        "receipt": pa.string(),
        "committed_at": _TIME,
    }
)
"""The receipts of all commits. `kind` says what a row counts: `field` (values), `floored` (rows whose value of a column
became `other`), `filled` (rows that had no value of a field and have one now), `corrected` (rows whose value was put right), `removed`, `narrowed` and
`removed_values` (rows that went, rows that were left with less, and values of a field that went; decision is revoked,
swept or erased), `waited` (milliseconds from the record that asked for that to the commit), `events` (decision stored, refused,
quarantined or expired), `tenant` (the same events, and rows that were removed, by tenant), `source` (the source's own counts, cumulative; decision offered, let_go or refused), `pack`
(decision is the outcome, reason the SHA-256), `cut` (rows when the log was cut at the version in `sequence`, reason the SHA-256
of their files) and `commit` (`receipt` is its canonical JSON, `committed_at` when its commit was written: null in rows of
older versions). `chain` is the head of
the table's chain after the commit."""
