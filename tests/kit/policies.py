"""Policies and contracts to test with: valid by default; a test changes the one thing that it is about."""

from remit_schemas.contract import Contract, Contracts, Field
from remit_schemas.policy import Policy

OPERATE, SERVE = "essential.service.operations", "essential.service"
REPORT, IMPROVE = "analytics.reporting", "functional.service.improve"
BY_CONTRACT = {"necessity": "required", "basis": "contract", "clause": "S001", "reason": "needed"}
BY_CONSENT = {"necessity": "optional", "basis": "consent", "clause": "S002", "reason": "liked"}
PURPOSES = {OPERATE: BY_CONTRACT, SERVE: BY_CONTRACT, REPORT: BY_CONSENT, IMPROVE: BY_CONSENT}


def make_field(name: str, category: str = "user.telemetry", avro_type: str = "string") -> Field:
    """Make a field of a contract; `long` is a time."""
    logical = "timestamp-millis" if avro_type == "long" else None
    return Field(name, avro_type, logical, nullable=True, category=category, doc="")


FIELDS = (
    make_field("ip", "user.device.ip_address"),
    make_field("page", "user.behavior.browsing_history"),
    make_field("referrer", "user.behavior.browsing_history"),
    make_field("status", avro_type="int"),
    make_field("occurred_at", "user.telemetry.x_access_time", "long"),
)


def make_contract(*fields: Field, name: str = "visit") -> Contract:
    """Make a contract with these fields, or with one of each kind."""
    return Contract(
        name=name,
        doc="",
        fields=fields or FIELDS,
        fingerprint=bytes(8),
        schema_json="{}",
        schema={},
    )


def make_contracts(*contracts: Contract) -> Contracts:
    """Put contracts on record: these, or the one of `make_contract`."""
    known = contracts or (make_contract(),)
    return Contracts({one.name: one for one in known}, {one.fingerprint: one for one in known})


def make_rule(**changes: object) -> dict[str, object]:
    """Make a rule that keeps `visit.ip` for operating; None takes a key away."""
    rule: dict[str, object] = {
        "event": "visit",
        "field": "ip",
        "keep": True,
        "purposes": [OPERATE],
        "keep_for": "30 days",
        "clause": "S003",
        "reason": "thirty is a number",
    }
    whole = rule | changes
    if {"reduce", "refuse"} & changes.keys():
        whole.pop("keep")
    if "category" in changes and "field" not in changes:
        whole.pop("field")
    if "refuse" in changes:
        whole = {key: whole[key] for key in whole if key not in ("purposes", "keep_for")} | changes
    return {key: value for key, value in whole.items() if value is not None}


def rotated(every: str) -> dict[str, object]:
    """Make the section on pseudonyms."""
    return {"rotate_every": every, "clause": "S005", "reason": "a number is a number"}


def make_policy(*rules: dict[str, object], **changes: object) -> Policy:
    """Make a policy with these rules."""
    return Policy.model_validate(policy_data(*rules, **changes))


def policy_data(*rules: dict[str, object], **changes: object) -> dict[str, object]:
    """Make a policy with these rules, as its file has it."""
    return {
        "format": "remit policy 1",
        "name": "test",
        "version": "2026-01-01",
        "effective_on": "2026-01-01",
        "updated_on": "2026-01-01",
        "language": "en",
        "document": {"sha256": "0" * 64, "sentences": 9},
        "raw_limit_h": 72,
        "raw_limit_reason": "seventy-two is a number",
        "purposes": PURPOSES,
        "prohibited": {"user.biometric": {"clause": "S004", "reason": "never"}},
        "rules": list(rules),
    } | changes
