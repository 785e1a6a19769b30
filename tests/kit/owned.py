"""Contracts of an app's own: classes of events that carry their schema, as `remit events new` writes them."""

import json
from collections.abc import Mapping

from kit.contracts import make_field_json, make_record
from kit.spooled import Home
from remit_schemas.policy import Policy, find_policy

REPORT, IMPROVE = "analytics.reporting", "functional.service.improve"
OPERATE = "essential.service.operations"


def make_schema(name: str = "search", **changes: object) -> str:
    """Write a contract with a text and a card number, as the JSON of its file."""
    fields = (
        make_field_json("place"),
        make_field_json("click"),
        make_field_json("card", privacy={"category": "user.financial.credit_card"}),
    )
    return json.dumps(make_record(*fields, name=name) | changes)


class Own:
    """An event of an app's own; a test gives its subclass a `__schema__`."""

    def __init__(self, **values: object) -> None:
        self.occurred_at = self.collected_at = 1_700_000_000_000
        self.place = self.click = self.card = None
        vars(self).update(values)


def rules_for(event: str, **purposes: str) -> list[dict[str, object]]:
    """Make rules that keep the fields of `make_schema`, each for the purpose named."""
    named = {"occurred_at": OPERATE, "collected_at": OPERATE, "place": OPERATE, "click": REPORT}
    return [
        {
            "event": event,
            "field": field,
            "keep": True,
            "purposes": [purpose],
            "keep_for": "30 days",
            "clause": "S025",
            "reason": "a test",
        }
        for field, purpose in (named | purposes).items()
    ]


def owned_policy(*rules: Mapping[str, object], **changes: object) -> Policy:
    """The policy that is shipped, and these rules."""
    plain = find_policy(None).model_dump(mode="json", exclude_none=True)
    return Policy.model_validate(plain | {"rules": [*plain["rules"], *rules]} | changes)


def refusals(home: Home) -> dict[str, int]:
    """Add up what the newest headers of every source count as refused."""
    newest: dict[tuple[object, ...], Mapping[str, int]] = {}
    for pack in home.packs():
        h = pack.header
        newest[h.producer, h.lane, h.fingerprint, h.tenant] = h.counts.refused
    found: dict[str, int] = {}
    for counts in newest.values():
        for reason, n in counts.items():
            found[reason] = found.get(reason, 0) + n
    return found
