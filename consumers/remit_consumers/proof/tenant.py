"""The report of one tenant: what became of its events, and what stands of them; nothing of anybody else."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.commit import Lake
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.queries import counted as counted_reads
from remit_consumers.lake.queries import history as read_history
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import row_tables
from remit_consumers.proof.outcomes import Counts, of_kind, of_tenant, outcomes, tenants_of, untold
from remit_consumers.rows import columns_of, present_in
from remit_consumers.store.place import delta
from remit_schemas.category import Decision
from remit_schemas.errors import SettingsError

PRESENT = ("kept", "reduced")
"""What is told of the values that stand: as they came, or made smaller."""

_HOW = dict(zip((Decision.KEEP.value, Decision.REDUCE.value), PRESENT, strict=True))


@dataclass(frozen=True, slots=True)
class TenantReport:
    """What became of one tenant's events.

    What receipts count for all tenants together is not in it: values refused, bytes, clauses and bits.

    Attributes:
        tenant: Whose.
        contracts: As in `report.Report`, of this tenant's events alone.
        reasons: The same.
        untold: Contracts of which some events were counted before receipts told tenants: their figures are too small,
            and what is in flight is not known.
        categories: For each category, the values that stand in this tenant's rows now: kept as they came, reduced.
        consents: For each optional purpose, the changes that this tenant's customers recorded.
        reads: For each purpose, the reads of this tenant's views.
    """

    tenant: str
    contracts: Mapping[str, Mapping[str, int | None]]
    reasons: Counts
    untold: tuple[str, ...]
    categories: Counts
    consents: Counts
    reads: Counts

    def to_dict(self) -> dict[str, object]:
        """What `remit report --tenant --json` prints."""
        return asdict(self)


def tenant_report(lake: Lake, tenant: str, registered: frozenset[str]) -> TenantReport:
    """Tell one tenant's figures.

    Args:
        lake: The lake.
        tenant: Whose; "" is the operator itself, and a single shop.
        registered: Tenants that are known, whether or not anything came of them.

    Raises:
        SettingsError: Neither the register nor a receipt knows the tenant.
        LakeError: The lake cannot be read.
    """
    receipts = lake.receipts()
    if tenant not in registered and tenant not in tenants_of(receipts):
        raise SettingsError("there is no such tenant: see `remit tenants list`")
    contracts, reasons = outcomes(of_tenant(receipts, tenant))
    older = untold(receipts) & contracts.keys()
    reads = read_history(lake.root, datetime.now(UTC))
    return TenantReport(
        tenant=tenant,
        contracts={
            name: {**figures, **({"in_flight": None} if name in older else {})}
            for name, figures in contracts.items()
        },
        reasons=reasons,
        untold=tuple(sorted(older)),
        categories=_categories(lake.root, receipts, tenant),
        consents=lake.consent_counts(tenant),
        reads=counted_reads(reads.filter(pc.equal(reads.column("tenant"), tenant))),
    )


def _categories(root: Path, receipts: pa.Table, tenant: str) -> Counts:
    """The values of each category in a tenant's rows, counted in the rows themselves."""
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(PRESENT, 0))
    fields = of_kind(receipts, "field", Decision.KEEP.value, Decision.REDUCE.value)
    with reaching(root):
        for name in row_tables(root):
            if name.startswith(EVENTS):
                mine = fields.filter(pc.equal(fields.column("table"), name))
                for (category, how), values in _present(root / name, mine, tenant):
                    found[category][how] += values
    return dict(sorted(found.items()))


def _present(path: Path, fields: pa.Table, tenant: str) -> Iterator[tuple[tuple[str, str], int]]:
    """Category, kept or reduced, and values, part by part of a table: a tenant may have more rows than memory."""
    kinds = fields.group_by(["field", "category"]).aggregate([("decision", "max")]).to_pylist()
    told = {row["field"]: (row["category"], _HOW[row["decision_max"]]) for row in kinds}
    rows = delta(path).to_pyarrow_dataset()
    columns = {field: own for field, own in columns_of(rows.schema.names, told).items() if own}
    wanted = sorted({column for own in columns.values() for column in own})
    for batch in rows.to_batches(columns=wanted, filter=pc.field("tenant") == tenant):
        table = pa.Table.from_batches([batch])
        for field, own in columns.items():
            yield told[field], present_in(table.select(own))
