"""A policy about payments, from the words of a simulation."""

from functools import cache

from kit.retained import CONSENTED, Words
from remit_schemas.policy import Policy, find_policy

PROGRESS = ("started", "paid", "failed", "cancelled")
REQUIRED = "essential.service.payment_processing"


@cache
def _base() -> dict[str, object]:
    """The shipped policy without its rules and what speaks of them."""
    told = find_policy().model_dump(mode="json", exclude_none=True)
    rest = (
        "floors",
        "functions",
        "editions",
        "promises",
        "recipients",
        "signals",
        "views",
        "volumes",
    )
    return {name: part for name, part in told.items() if name not in rest}


def policy_of(words: Words, *others: str) -> Policy:
    """Write the words down as a policy file would, beside the shipped rules of some other events."""
    shipped = find_policy().model_dump(mode="json", exclude_none=True)["rules"]
    rules: list[dict[str, object]] = [rule for rule in shipped if rule["event"] in others]
    told = {**_base(), "rules": rules}
    how = {
        "occurred_at": {
            "timestamp": {"precision": "minute", "decay": [f"{a} days {p}" for a, p in words.decay]}
        },
        "collected_at": {"timestamp": {"precision": "day"}},
    }
    for name, days in words.keep.items():
        purposes = [REQUIRED, CONSENTED] if name in words.both else [REQUIRED]
        rule = {"event": "payment", "field": name, "keep_for": f"{days} days", "clause": "S105a"}
        reduce = how.get(name, {"closed": {"values": ["alipay", "own", *PROGRESS]}})
        purposes = [CONSENTED] if name in words.optional else purposes
        rules.append(rule | {"reduce": reduce, "purposes": purposes, "reason": "A test."})
    told["retention"] = [_retention(words)] if words.named else []
    return Policy.model_validate(told)


def _retention(words: Words) -> dict[str, object]:
    said = {"clause": "S105a", "reason": "A test."}
    terms: dict[str, object] = {"event": "payment", **said}
    if words.floor:
        days, values, by_occurrence = words.floor
        some = {"field": "progress", "values": [*values]} if values else {}
        start = {"counted_from": "occurred_at"} if by_occurrence else {}
        terms["floor"] = {
            "keep_for": f"{days} days",
            "purpose": "essential.legal_obligation",
            **(some | start | said),
        }
    if words.end:
        values, days = words.end
        terms["ends_with"] = {
            "field": "progress",
            "values": [*values],
            "then": f"{days} days",
            **said,
        }
    if words.longer:
        terms["extensions"] = [
            {"purpose": CONSENTED, "keep_for": f"{words.longer} days", **said},
        ]
    return terms
