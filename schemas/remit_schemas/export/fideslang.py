"""A policy as fideslang: categories and uses of our own, a dataset for each contract, a system that declares it all.

Source: fideslang 3 (its text under CC BY 4.0, its models under Apache-2.0); https://ethyca.github.io/fideslang
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from remit_schemas.category import CATEGORIES, PURPOSES, Basis, Decision
from remit_schemas.contract import Contract, Contracts
from remit_schemas.decided import FieldPlan
from remit_schemas.export.processing import SUBJECTS, Processing, plans_of, processings
from remit_schemas.plan import Plan
from remit_schemas.policy import Policy
from remit_schemas.rule import duration_text
from remit_schemas.specs import SPECS

SUBJECT = "x_user"
"""The data subject of every declaration: a policy tells no kinds of people apart, so none of fideslang's is chosen."""

BASES: Mapping[Basis, str] = {
    Basis.CONSENT: "Consent",
    Basis.CONTRACT: "Contract",
    Basis.LEGAL_OBLIGATION: "Legal obligations",
    Basis.VITAL_INTERESTS: "Vital interests",
    Basis.PUBLIC_INTEREST: "Public interest",
    Basis.LEGITIMATE_INTERESTS: "Legitimate interests",
}
"""fideslang's words for the grounds. PIPL article 13(6), data that somebody published, has none there."""

TYPES: Mapping[str, str] = {
    "string": "string",
    "final": "string",
    "int": "integer",
    "int32": "integer",
    "long": "integer",
    "double": "float",
    "bool": "boolean",
    "boolean": "boolean",
    "timestamp[ms, UTC]": "string",
}
"""fideslang's types of data; it has none for a time."""


def fideslang(policy: Policy, contracts: Contracts) -> dict[str, JsonValue]:
    """Write a policy as a fideslang taxonomy with its resources.

    Returns:
        The keys `data_category`, `data_subject`, `dataset`, `system` and `policy`, as `fideslang.models.Taxonomy` reads.

    Raises:
        PolicyError: A contract cannot be brought under the policy.
    """
    declared = processings(policy, contracts)
    plans = plans_of(policy, contracts)
    stored = [
        (contract, plan) for contract, plan in zip(contracts, plans, strict=True) if _stored(plan)
    ]
    used = {one for processing in declared for one in processing.categories} | set(
        policy.prohibited
    )
    return {
        "data_category": list(_own_categories(used)),
        "data_subject": [{"fides_key": SUBJECT, "name": "User", "description": SUBJECTS}],
        "dataset": [_dataset(contract, plan) for contract, plan in stored],
        "system": [_system(policy, declared, [contract.name for contract, _ in stored])],
        "policy": list(_prohibitions(policy)),
    }


def _own_categories(used: Iterable[str]) -> Iterator[JsonValue]:
    """The categories that are in use and that fideslang does not have: each below one that it has."""
    for key in sorted(used):
        parent, _, last = key.rpartition(".")
        if last.startswith("x_"):
            yield {
                "fides_key": key,
                "parent_key": parent,
                "name": last.removeprefix("x_").replace("_", " ").capitalize(),
                "description": CATEGORIES[key].meaning,
            }


def _stored(plan: Plan) -> list[FieldPlan]:
    return [field for field in plan.fields.values() if field.decision is not Decision.REFUSE]


def _dataset(contract: Contract, plan: Plan) -> JsonValue:
    """One contract's table: the columns that are stored, and nothing that is refused."""
    types = {field.name: field.avro_type for field in contract.fields}
    columns: list[JsonValue] = []
    for field in _stored(plan):
        columns += [
            _column(field, name, kind) for name, kind in _columns(field, types[field.field])
        ]
    collection: dict[str, JsonValue] = {"name": contract.name, "fields": columns}
    return {
        "fides_key": contract.name,
        "name": contract.name,
        "description": contract.doc,
        "collections": [collection],
    }


def _columns(field: FieldPlan, avro_type: str) -> list[tuple[str, str]]:
    """The columns that are left of a field, each with fideslang's type."""
    if field.reducer is None:
        return [(field.field, TYPES[avro_type])]
    outputs = SPECS[field.reducer].outputs
    return [(output.column(field.field), TYPES[output.arrow]) for output in outputs]


def _column(field: FieldPlan, name: str, kind: str) -> JsonValue:
    uses: list[JsonValue] = [purpose.key for purpose in field.purposes]
    subjects: list[JsonValue] = [SUBJECT]
    categories: list[JsonValue] = [field.category]
    return {
        "name": name,
        "description": f"{SPECS[field.reducer].summary if field.reducer else 'Kept as it is.'} ({field.clause})",
        "data_categories": categories,
        "data_uses": uses,
        "data_subjects": subjects,
        "fides_meta": {"data_type": kind, "read_only": True},
    }


def _system(
    policy: Policy, declared: Sequence[Processing], datasets: Sequence[str]
) -> dict[str, JsonValue]:
    """The service that a policy is about. Egress, transfers, controller and officer are left out: no policy knows them."""
    references: list[JsonValue] = [*datasets]
    return {
        "fides_key": policy.name,
        "name": policy.name,
        "description": f"What policy {policy.name} {policy.version} allows ({policy.sha256})",
        "system_type": "Service",
        "processes_personal_data": True,
        "dataset_references": references,
        "privacy_declarations": [_declaration(one) for one in declared],
    }


def _declaration(one: Processing) -> JsonValue:
    """What one contract's data are used for, for one purpose."""
    categories: list[JsonValue] = [*one.categories]
    subjects: list[JsonValue] = [SUBJECT]
    references: list[JsonValue] = [one.contract.name]
    features: list[JsonValue] = [f"{one.purpose.necessity}: {PURPOSES[one.purpose.key].meaning}"]
    return {
        "name": one.name,
        "data_categories": categories,
        "data_use": one.purpose.key,
        "data_subjects": subjects,
        "dataset_references": references,
        "features": features,
        "legal_basis_for_processing": BASES.get(one.purpose.basis),
        "retention_period": duration_text(one.keep_for),
        "data_shared_with_third_parties": bool(one.recipients),
        "third_parties": ", ".join(one.recipients) or None,
    }


def _prohibitions(policy: Policy) -> Iterator[JsonValue]:
    """What must never be collected, as a policy that an evaluation of fideslang holds every declaration against."""
    if not policy.prohibited:
        return
    prohibited: list[JsonValue] = [*sorted(policy.prohibited)]
    uses: list[JsonValue] = [*sorted({key.partition(".")[0] for key in PURPOSES})]
    rule: dict[str, JsonValue] = {
        "name": "prohibited",
        "data_categories": {"matches": "ANY", "values": prohibited},
        "data_uses": {"matches": "ANY", "values": uses},
        "data_subjects": {"matches": "ANY", "values": [SUBJECT]},
    }
    yield {
        "fides_key": f"{policy.name}_prohibited",
        "name": f"What {policy.name} prohibits",
        "rules": [rule],
    }
