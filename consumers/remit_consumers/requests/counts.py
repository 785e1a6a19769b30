"""Counts of requests for report and metrics: by right and state, by who asked, by why they were denied; how time stands."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from remit_consumers.requests.register import Request
from remit_schemas.requests import Right

NO_REQUESTS: Mapping[str, Mapping[str, int]] = {}


def counted(requests: Sequence[Request], now: datetime) -> Mapping[str, Mapping[str, int]]:
    """Count requests.

    Returns:
        `rights` (`<right>.<state>`), `requesters`, `channels`, `grounds`, `jurisdictions`, `denials`, `delays`, `repeats`
        (may_charge) and `clause` (open, late, and days_left, the fewest of an open one); empty where there are none.
    """
    if not requests:
        return NO_REQUESTS
    open_ = [one for one in requests if one.is_open]
    left = days_left(open_, now)
    clock = {"open": len(open_), "late": sum(one.due_at < now for one in open_)}
    return {
        "clause": clock | ({"days_left": min(left.values())} if left else {}),
        "rights": _count(f"{one.right}.{one.state}" for one in requests),
        "requesters": _count(one.requester for one in requests),
        "channels": _count(one.channel for one in requests),
        "jurisdictions": _count(one.jurisdiction or "unknown" for one in requests),
        "grounds": _count(one.ground for one in requests),
        "denials": _count(one.reason for one in requests if one.state == "denied"),
        "delays": _count(one.reason for one in open_),
        "repeats": {"may_charge": sum(one.may_charge for one in requests)},
    }


def days_left(requests: Iterable[Request], now: datetime) -> Mapping[Right, int]:
    """For each right, the fewest whole days that an open request has left."""
    left: dict[Right, int] = {}
    for one in requests:
        if one.is_open:
            right, days = Right(one.right), (one.due_at - now).days
            left[right] = min(days, left.get(right, days))
    return left


def _count(words: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(word for word in words if word).items()))
