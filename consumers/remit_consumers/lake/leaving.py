"""The columns of the tables of what left: who got what, and whose."""

import pyarrow as pa

_TIME = pa.timestamp("us", "UTC")

DISCLOSURES = pa.schema(
    {
        "disclosure": pa.string(),
        "recipient": pa.string(),
        "role": pa.string(),
        "case": pa.string(),
        "clause": pa.string(),
        "purpose": pa.string(),
        "contract": pa.string(),
        "categories": pa.string(),
        "rows": pa.int64(),
        "subjects": pa.int64(),
        "held_back": pa.string(),
        "tenant": pa.string(),
        "policy_version": pa.string(),
        "from_day": pa.date32(),
        "to_day": pa.date32(),
        "order_reference": pa.string(),
        "approver": pa.string(),
        "sha256": pa.string(),
        "outcome": pa.string(),
        "reason": pa.string(),
        "made_at": _TIME,
        "keep_until": _TIME,
    }
)
"""Who got what, or was refused: a row for each purpose and contract of a disclosure. `categories` are joined by commas;
`held_back` is JSON, subjects by the reason why their rows stayed; `sha256` is of what went out; `outcome` is `made` or
`refused`, `reason` from a closed list; a later row with the outcome `undone` or `interrupted` says what became of one that
was made. `from_day` and `to_day` are those of the rows. A recipient that the policy does not name stands as `unknown`."""

DISCLOSURES_TABLE = "disclosures"
"""The name of the table of disclosures."""

DISCLOSED = pa.schema(
    {
        "disclosure": pa.string(),
        "recipient": pa.string(),
        "contract": pa.string(),
        "tenant": pa.string(),
        "subject": pa.string(),
        "rows": pa.int64(),
        "keep_until": _TIME,
    }
)
"""Whose rows went out, and how many: `subject` is a pseudonym as events tables store it, so it goes with them."""

DISCLOSED_TABLE = "disclosed"
"""The name of the table of those whose rows went out."""
