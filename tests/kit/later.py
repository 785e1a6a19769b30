"""A later version of the shipped policy, and edits that make it smaller."""

from collections.abc import Callable
from typing import Any

from kit.shop import IMPROVE
from remit_schemas.policy import Policy, find_policy

LATER = "2031-01-01"
Edit = Callable[[dict[str, Any]], None]


def later_policy(**edits: Edit) -> Policy:
    """A later version of the shipped policy, with edits of its rules for page views by field or category."""
    told = find_policy().model_dump(mode="json", exclude_none=True)
    told |= {"version": LATER, "updated_on": LATER, "effective_on": LATER}
    for rule in told["rules"]:
        name = str(rule.get("field") or rule["category"]).rpartition(".")[2]
        if rule["event"] == "page_view" and name in edits:
            edits[name](rule)
    refused = {rule.get("field") for rule in told["rules"] if rule.get("refuse")}
    for one in told["recipients"].values():  # nobody may list what is not stored
        listed = one.get("fields", {}).get("page_view", [])
        listed[:] = [name for name in listed if name not in refused]
    return Policy.model_validate(told)


def refuse(rule: dict[str, Any]) -> None:
    """It is not collected any more."""
    for key in ("keep", "reduce", "purposes", "keep_for", "recipients"):
        rule.pop(key, None)
    rule["refuse"] = True


def by_the_hour(rule: dict[str, Any]) -> None:
    rule["reduce"] = {"timestamp": {"precision": "hour"}}


def by_the_second(rule: dict[str, Any]) -> None:
    rule["reduce"] = {"timestamp": {"precision": "second"}}


def for_a_week(rule: dict[str, Any]) -> None:
    rule["keep_for"] = "7 days"


def not_to_improve(rule: dict[str, Any]) -> None:
    rule["purposes"] = [one for one in rule["purposes"] if one != IMPROVE]
