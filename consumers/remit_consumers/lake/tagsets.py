"""The catalogue of tagsets: what the 16 hex digits on every row stand for."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import pyarrow as pa

from remit_consumers.lake.columns import TAGSETS
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.receipt import canonical
from remit_consumers.lake.tables import Table, evolve, is_table, open_table
from remit_schemas.decided import FieldPlan, Outcome
from remit_schemas.plan import Plan

TABLE: Final = "tagsets"
"""The table that the catalogue lies in."""


@dataclass(frozen=True, slots=True)
class Tagset:
    """A contract under a policy version and a consent outcome.

    Attributes:
        tagset: 16 hex digits, as on the rows.
        contract: Name of the contract.
        policy: Name of the policy.
        policy_version: Version of the policy.
        purposes: Every purpose that any field is stored for, sorted, joined by commas.
        fields: For each field category, decision, reducer, parameters, clause, purposes and basis, as canonical JSON;
            and `precision`, a time's own where some purpose has another.
        places: The data that places were looked up in; empty where none were.
        floor: The floor that decided which traits were common enough; `none` where none was known yet, empty where the
            policy has none.
    """

    tagset: str
    contract: str
    policy: str
    policy_version: str
    purposes: str
    fields: str
    places: str = ""
    floor: str = ""


def tagset_of(plan: Plan, outcome: Outcome) -> Tagset:
    """Describe the tagset of a plan under one consent outcome."""
    fields: dict[str, dict[str, object]] = {
        name: {
            "category": planned.category,
            "decision": outcome.fields[name].decision.value,
            "reducer": planned.reducer,
            "parameters": dict(outcome.fields[name].parameters or planned.parameters),
            "clause": planned.clause,
            "purposes": list(outcome.fields[name].purposes),
            "basis": outcome.fields[name].basis,
            **_by_default(planned),
        }
        for name, planned in plan.fields.items()
    }
    purposes = {purpose for decided in outcome.fields.values() for purpose in decided.purposes}
    return Tagset(
        tagset=outcome.tagset,
        contract=plan.contract,
        policy=plan.policy,
        policy_version=plan.policy_version,
        purposes=",".join(sorted(purposes)),
        fields=canonical(fields),
        places=outcome.places,
        floor=outcome.floor,
    )


def _by_default(planned: FieldPlan) -> dict[str, str]:
    """How finely a time is kept for a purpose that `by_purpose` does not name: `parameters` say what the finest needs."""
    if not planned.parameters.get("by_purpose"):
        return {}
    return {"precision": str(planned.parameters["precision"])}


def known(table: Table) -> set[str]:
    """The tagsets that the catalogue has."""
    return set(table.delta.to_pyarrow_table(columns=["tagset"]).column(0).to_pylist())


def catalogue(root: Path) -> dict[str, Mapping[str, str]]:
    """The rows of a lake's catalogue by their names, none where there is none yet; what an older version did not write is empty.

    Raises:
        LakeError: It cannot be read.
    """
    if not is_table(root, TABLE):
        return {}
    blank = dict.fromkeys(Tagset.__dataclass_fields__, "")
    return {
        row["tagset"]: blank | {name: value for name, value in row.items() if value is not None}
        for row in open_table(root, TABLE).delta.to_pyarrow_table().to_pylist()
    }


def add(table: Table, tagsets: Iterable[Tagset]) -> None:
    """Write tagsets into the catalogue, durably; one that another writer adds as well says the same."""
    evolve(table, TAGSETS)
    files = write(
        table.path, pa.Table.from_pylist([asdict(one) for one in tagsets], schema=TAGSETS)
    )
    sync(files)
    append(table.path, table.version, Append(files, {}))
