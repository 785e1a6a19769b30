"""Collected but never read: what nobody asked for and nobody was given in a period, and how to stop collecting it.

Source: PIPL article 6 (no more than the purpose needs); GDPR article 5(1)(c).
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.queries import DONE
from remit_consumers.period import Period
from remit_consumers.proof.outcomes import grouped, of_kind
from remit_consumers.proof.spans import commits_in
from remit_consumers.rows import columns_of
from remit_consumers.sharing.disclosures import MADE
from remit_schemas.category import Necessity
from remit_schemas.policy import Policy

TIMES = frozenset({"occurred_at", "collected_at"})
"""Fields that remit itself reads in every event: retention counts from them."""

_Fields = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Unread:
    """A field that was stored and never read.

    Attributes:
        contract: Its contract.
        field: Its name.
        category: What it is.
        necessity: `required` where any purpose that it is stored for is: look twice before you stop it.
        values: How many were stored in the period.
        bytes: Their size.
        change: The rule that stops collecting it, one line for a new version of the policy.
        instead_of: The rule that it takes the place of; empty where it only stands beside one for the category.
        listed_by: Recipients that the policy would give it: it goes off their lists, too.
    """

    contract: str
    field: str
    category: str
    necessity: str
    values: int
    bytes: int
    change: str
    instead_of: str
    listed_by: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """As JSON."""
        return asdict(self)


def unread(
    receipts: pa.Table, reads: pa.Table, disclosures: pa.Table, policy: Policy, period: Period
) -> list[Unread]:
    """Name the fields that were stored in a period, and neither read nor shared in it; those with most bytes first.

    A disclosure is on record with its categories: every field of one counts as shared. A read names views and columns:
    where it names two views, a column that both have counts as read in both. So what is named here was not read.

    Args:
        receipts: All of them (columns: `columns.RECEIPTS`).
        reads: Columns: `columns.QUERIES`.
        disclosures: Columns: `leaving.DISCLOSURES`.
        policy: The policy in force.
        period: Of which days.
    """
    fields = of_kind(commits_in(receipts, period), "field")
    keys = ["contract", "field", "category", "purposes", "clause"]
    rows = grouped(fields, keys, ["values_out", "bytes_out"])
    known: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for row in rows:
        known[str(row["contract"])][str(row["field"])] = str(row["category"])
    used = {
        *_read(period.of(reads, "started_at"), known),
        *_shared(period.of(disclosures, "made_at"), known),
    }
    sums: dict[tuple[str, str], Unread] = {}
    for row in rows:
        key = (str(row["contract"]), str(row["field"]))
        if row["values_out"] and key not in used and key[1] not in TIMES:
            sums[key] = _added(sums.get(key), row, policy, period)
    return sorted(sums.values(), key=lambda one: (-one.bytes, one.contract, one.field))


def _read(reads: pa.Table, known: _Fields) -> Iterator[tuple[str, str]]:
    """The fields that reads named."""
    done = reads.filter(pc.equal(reads.column("outcome"), DONE))
    for row in done.select(["tables", "columns"]).group_by(["tables", "columns"]).aggregate([]).to_pylist():  # fmt: skip
        columns = [name for name in (row["columns"] or "").split(",") if name]
        for contract in (row["tables"] or "").split(","):
            for field, own in columns_of(columns, known.get(contract, {})).items():
                if own and set(own) & set(columns):
                    yield contract, field


def _shared(disclosures: pa.Table, known: _Fields) -> Iterator[tuple[str, str]]:
    """The fields of the categories that recipients were given."""
    made = disclosures.filter(pc.equal(disclosures.column("outcome"), MADE))
    for row in made.select(["contract", "categories"]).to_pylist():
        given: Collection[str] = (row["categories"] or "").split(",")
        for field, category in known.get(row["contract"], {}).items():
            if category in given:
                yield row["contract"], field


def _added(before: Unread | None, row: Mapping[str, str | int], policy: Policy, period: Period) -> Unread:  # fmt: skip
    """A field with what one more group of its values adds."""
    contract, field = str(row["contract"]), str(row["field"])
    terms = [policy.purposes[name] for name in str(row["purposes"]).split(",") if name in policy.purposes]  # fmt: skip
    is_required = any(one.necessity is Necessity.REQUIRED for one in terms)
    if before is not None:
        is_required = is_required or before.necessity == Necessity.REQUIRED.value
    own = any((rule.event, rule.field) == (contract, field) for rule in policy.rules)
    return Unread(
        contract=contract,
        field=field,
        category=str(row["category"]),
        necessity=(Necessity.REQUIRED if is_required else Necessity.OPTIONAL).value,
        values=int(row["values_out"]) + (before.values if before else 0),
        bytes=int(row["bytes_out"]) + (before.bytes if before else 0),
        change=_change(contract, field, str(row["clause"]), period),
        instead_of=f"{contract}.{field}" if own else "",
        listed_by=tuple(_listing(contract, field, policy)),
    )


def _listing(contract: str, field: str, policy: Policy) -> Iterator[str]:
    """The recipients that list a field, or whose figures are grouped by what is stored of it."""
    for name, one in sorted(policy.recipients.items()):
        columns = [column for terms in one.measures.values() if terms.event == contract for column in terms.by]  # fmt: skip
        if field in one.fields.get(contract, ()) or columns_of(columns, [field])[field]:
            yield name


def _change(contract: str, field: str, clause: str, period: Period) -> str:
    """The rule that refuses a field."""
    ends = period.to_dict()
    when = " ".join(f"{name} {day}" for name, day in ends.items() if day)
    reason = f"Nobody read it or was given it{' ' if when else ''}{when}."
    return (
        f"- {{event: {contract}, field: {field}, refuse: true, clause: {clause},"
        f' reason: "{reason}"}}'
    )
