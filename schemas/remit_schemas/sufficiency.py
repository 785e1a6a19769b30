"""Whether alternatives can do what is asked of them: each alone must suffice."""

from collections.abc import Mapping, Sequence

from remit_schemas.alternatives import Alternatives
from remit_schemas.category import Decision, Necessity
from remit_schemas.contract import Contract
from remit_schemas.decided import FieldPlan
from remit_schemas.errors import PolicyError
from remit_schemas.policy_file import nearest


def alternatives_of(
    contract: Contract, written: Sequence[Alternatives], fields: Mapping[str, FieldPlan]
) -> Alternatives | None:
    """Find the alternatives of a contract and see that each of them does for what is required.

    Raises:
        PolicyError: One is no field, is never null, or is not stored for a required purpose.
    """
    found = next((one for one in written if one.event == contract.name), None)
    if found is None:
        return None
    nullable = {field.name for field in contract.fields if field.nullable}
    for name in found.fields:
        where = f"the alternatives of {contract.name} name {name!r}"
        if name not in fields:
            raise PolicyError(f"{where}, which is no field of it{nearest(name, fields)}")
        if name not in nullable:
            raise PolicyError(f"{where}, which is always there")
        if not _is_required(fields[name]):
            raise PolicyError(f"{where}, which is not stored for a required purpose")
    return found


def _is_required(field: FieldPlan) -> bool:
    return field.decision is not Decision.REFUSE and any(
        purpose.necessity is Necessity.REQUIRED for purpose in field.purposes
    )
