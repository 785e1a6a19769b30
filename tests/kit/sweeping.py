"""A lake whose policy says more of retention than the shipped one, and its sweeps."""

from datetime import datetime
from typing import Any

from kit.withdrawing import Shop
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.proof.verify import verify
from remit_consumers.retention.sweep import Sweep, Swept
from remit_schemas.policy import Policy, find_policy

SAID: dict[str, Any] = {"clause": "S105a", "reason": "A test."}


def policy_with(
    terms: dict[str, Any] | None, keep: dict[str, str] | None = None, **reduce: dict[str, Any]
) -> Policy:
    """The shipped policy with a retention of page views, other ceilings and reducers for some of its fields."""
    told = find_policy().model_dump(mode="json", exclude_none=True)
    if terms is not None:
        told["retention"] = [{"event": "page_view", **SAID, **terms}]
    for rule in told["rules"]:
        if rule["event"] == "page_view":
            name = rule.get("field") or rule["category"]
            rule["keep_for"] = (keep or {}).get(name, rule["keep_for"])
            rule["reduce"] = reduce.get(name.rpartition(".")[2], rule.get("reduce"))
            if rule["reduce"] is None:
                del rule["reduce"]
    return Policy.model_validate(told)


def sweep(shop: Shop, now: datetime) -> Swept:
    """Do what is due in a shop's lake at a moment."""
    done = Sweep(shop.root, shop.plans.plan, Vacuum()).apply(now)
    assert done is not None
    return done


def holds(shop: Shop) -> None:
    """See that rows and receipts agree: stored = present + erased + swept + revoked, for rows and for values."""
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    for name in ("chain", "rows", "values"):
        assert checks[name].holds, checks[name].detail
