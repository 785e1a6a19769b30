"""The risks that are left when a policy is followed: each follows from a plan or from a receipt, none is guessed."""

from collections.abc import Iterator, Sequence

from remit_consumers.proof.report import Report
from remit_schemas.category import CATEGORIES, Decision, Sensitivity
from remit_schemas.plan import Plan

_CLOSE = (Sensitivity.STORED_CONTENT, Sensitivity.HIGHLY_SENSITIVE)
"""How close to a person a category is that should not be kept as it came."""

_TRAITS_MIN = 3
"""Reduced fields of one contract that together can single somebody out (Sweeney 2000 needed three traits)."""


def risks(plans: Sequence[Plan], told: Report | None) -> Iterator[str]:
    """Say what is left, a sentence each.

    Args:
        plans: Of every contract.
        told: What receipts say; None where nothing is measured.
    """
    for plan in plans:
        yield from _of_plan(plan)
    if plans and plans[0].pseudonyms is None:
        yield "Pseudonyms never change: rows of one subject can be linked for as long as they are kept."
    if told is not None:
        yield from _of_receipts(told)
    yield "Reduced and pseudonymised data are still personal data: with the vault, a row leads back to its subject."


def _of_plan(plan: Plan) -> Iterator[str]:
    """What one contract leaves."""
    stored = [field for field in plan.fields.values() if field.decision is not Decision.REFUSE]
    for field in stored:
        if field.reducer is None and CATEGORIES[field.category].sensitivity in _CLOSE:
            yield f"{plan.contract}.{field.field} is kept as it came, and {field.category} comes close to a person."
        if field.reducer == "free_text":
            yield f"{plan.contract}.{field.field} is scrubbed text: it may hold what no pattern knows."
    reduced = [field.field for field in stored if field.reducer and field.reducer != "timestamp"]
    if plan.floor is None and len(reduced) >= _TRAITS_MIN:
        yield f"{plan.contract} has no floor: {', '.join(reduced)} together can single somebody out."


def _of_receipts(told: Report) -> Iterator[str]:
    """What the receipts show."""
    for contract, found in told.floors.items():
        if found.after.rare:
            yield f"{contract}: combinations that few subjects share were stored in the last closed window."
    if told.plain_door.producers:
        yield f"Plain door {told.plain_door.sentence()}."
    unread = [name for name, row in told.contracts.items() if row["quarantined"] or row["expired"]]
    if unread:
        yield f"Events that nobody could read, in quarantine or expired: {', '.join(sorted(unread))}."
