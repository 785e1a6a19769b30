"""What stands of one subject in the lake: rows of the events tables, and what the ledger holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from deltalake import DeltaTable

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import row_tables
from remit_consumers.lake.tagsets import catalogue
from remit_consumers.plans import NO_TIME
from remit_consumers.reach import check_secrets
from remit_consumers.store.place import delta


@dataclass(frozen=True, slots=True)
class Holding:
    """Everything of one subject.

    Attributes:
        rows: By contract, as they are stored.
        consents: What the ledger holds (columns: `tables.CONSENTS`).
        tagsets: For each tagset on the rows, its row of the catalogue.
        names: The pseudonyms under which rows of theirs may stand.
    """

    rows: Mapping[str, pa.Table] = field(default_factory=dict)
    consents: pa.Table = field(default_factory=lambda: pa.table({}))
    tagsets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    names: Sequence[str] = ()


def names_of(
    deployment: Deployment, about: SubjectRef, now: datetime, ahead: timedelta = NO_TIME
) -> list[str]:
    """Every pseudonym under which rows of a subject may stand, or may come to within a time `ahead`; asking makes none.

    Raises:
        KeysOutOfReach: Vault or keys cannot be read.
    """
    epochs: Sequence[str] = deployment.plans().epochs(now, ahead)
    return deployment.names().ever(about.tenant, about.subject, epochs)


def holding(deployment: Deployment, about: SubjectRef, now: datetime) -> Holding:
    """Find everything that stands of a subject.

    Raises:
        LakeError: The lake cannot be read.
        KeysOutOfReach: Vault or keys cannot be read.
    """
    root = deployment.settings.lake
    check_secrets(
        deployment.settings
    )  # a folder that is not mounted holds nothing, and that is no answer
    names = names_of(deployment, about, now)
    with reaching(root):
        tables = [name for name in row_tables(root) if name.startswith(EVENTS)]
        rows = {
            name.removeprefix(EVENTS): rows_of(delta(root / name), about.tenant, names)
            for name in tables
        }
        tagsets = (
            catalogue(deployment.settings.lake)
            if any(one.num_rows for one in rows.values())
            else {}
        )
    return Holding(
        rows={name: one for name, one in rows.items() if one.num_rows},
        consents=deployment.ledger().of(about.tenant, about.subject),
        tagsets=tagsets,
        names=names,
    )


def rows_of(table: DeltaTable, tenant: str, names: Sequence[str]) -> pa.Table:
    """The rows of an events table that are of one tenant's subject, in the order of their time."""
    lake = table.to_pyarrow_dataset()
    is_theirs = ds.field("subject").isin(pa.array(names, pa.string()))
    if "tenant" in lake.schema.names:
        mine = ds.field("tenant") == tenant
        is_theirs &= mine if tenant else (mine | ds.field("tenant").is_null())
    elif tenant:
        return lake.schema.empty_table()
    rows = lake.to_table(filter=is_theirs)
    return rows.sort_by("occurred_at") if "occurred_at" in rows.column_names else rows


def distinct(rows: pa.Table, column: str) -> list[str]:
    """The distinct values of a column, sorted."""
    return sorted(pc.unique(rows.column(column)).drop_null().to_pylist())
