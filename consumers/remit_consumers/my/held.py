"""Held: what the page of a person tells them, from the same places as an access export."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.requests import Request
from remit_consumers.requests.access import summary
from remit_consumers.requests.choices import choices
from remit_consumers.requests.found import holding
from remit_consumers.requests.opened import open_register
from remit_schemas.category import Decision

ACTOR = "my"
"""Who takes the steps of requests that come from the page."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of data that is held.

    Attributes:
        category: Which.
        is_smaller: Whether only a smaller form was kept.
        purposes: What for.
        clauses: The sentences of the policy that say so.
        until: When the last of it goes.
    """

    category: str
    is_smaller: bool
    purposes: Sequence[str]
    clauses: Sequence[str]
    until: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """What a person is told.

    Attributes:
        kinds: What is held, by category.
        rows: Records of each contract.
        got_by: Recipients that got any of it.
        choices: For each optional purpose since when they agree to it; None: they do not.
        requests: Theirs, the newest first.
    """

    kinds: Sequence[Kind]
    rows: Mapping[str, int]
    got_by: Sequence[str]
    choices: Mapping[str, datetime | None]
    requests: Sequence[Request]


def held(deployment: Deployment, about: SubjectRef, now: datetime) -> Held:
    """Find what a person is told.

    Args:
        deployment: Where everything lies.
        about: Who.
        now: Aware UTC.

    Raises:
        LakeError: The lake cannot be read.
        KeysOutOfReach: Vault or keys cannot be read.
    """
    found = holding(deployment, about, now)
    facts = summary(deployment, about, found, now)
    return Held(
        kinds=_kinds(facts),
        rows={name: one["rows"] for name, one in facts["contracts"].items()},
        got_by=facts["got_by"],
        choices=choices(deployment, found.consents),
        requests=asked_by(deployment, about),
    )


def asked_by(deployment: Deployment, about: SubjectRef) -> list[Request]:
    """The requests of a person, the newest first; none where the policy takes none."""
    if deployment.policy.requests is None:
        return []
    return open_register(deployment, ACTOR).of(about)[::-1]


def _kinds(facts: Mapping[str, Any]) -> list[Kind]:
    """Put fields of one category together; what was refused is not held."""
    found: defaultdict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for field in facts["fields"]:
        if field["decision"] != Decision.REFUSE:
            found[field["category"]].append(field)
    return [
        Kind(
            category=category,
            is_smaller=all(one["decision"] == Decision.REDUCE for one in fields),
            purposes=sorted({purpose for one in fields for purpose in one.get("purposes", ())}),
            clauses=sorted({one["clause"] for one in fields if "clause" in one}),
            until=max(facts["contracts"][one["contract"]]["kept_until"] for one in fields),
        )
        for category, fields in sorted(found.items())
    ]
