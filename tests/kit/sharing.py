"""An installation whose policy has recipients of a test's own, with a crowd of visitors and what they agreed to."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from kit.crowd import NOW, make_crowd, settings_in
from kit.policies import IMPROVE, OPERATE, REPORT
from remit_consumers.consent.ledger import LEDGER_DOMAIN
from remit_consumers.deployment import Deployment
from remit_consumers.lake.columns import CONSENTS, CONSENTS_TABLE
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import open_table
from remit_consumers.reducers.pseudonym import pseudonyms
from remit_consumers.vault import Vault
from remit_schemas.policy import Policy, find_policy

LISTED = ["occurred_at", "page", "user_agent", "status"]


def recipient(**changes: object) -> dict[str, object]:
    """Make a recipient that gets page views to run the service; None takes a key away."""
    one: dict[str, object] = {
        "role": "processor",
        "case": "entrusted",
        "purposes": [OPERATE],
        "fields": {"page_view": LISTED},
        "clause": "S066a",
        "reason": "a task is a task",
    }
    return {key: value for key, value in (one | changes).items() if value is not None}


def policy_with(version: str | None = None, **recipients: Mapping[str, object]) -> Policy:
    """The policy that is shipped, with other recipients; underscores in their names stand for hyphens."""
    written = find_policy().model_dump(mode="json", exclude_none=True)
    named = {name.replace("_", "-"): one for name, one in recipients.items()}
    changes: dict[str, object] = {"recipients": named}
    if version:
        changes |= {"version": version, "updated_on": version}
    return Policy.model_validate(written | changes)


def crowded(folder: Path, policy: Policy, views: int = 3_000, subjects: int = 200) -> Deployment:
    """An installation with a crowd in it, all of whose page views are stored for every purpose."""
    settings = settings_in(folder)
    Deployment.open(settings).keys.ensure(NOW)
    make_crowd(settings, policy, frozenset({REPORT, IMPROVE}), views, subjects)
    return replace(Deployment.open(settings), policy=policy)


def vault_of(deployment: Deployment) -> Vault:
    """The vault under the index key that the crowd was stored with."""
    return Vault.open(deployment.settings.vault, b"k" * 32)


def say(
    deployment: Deployment,
    subjects: Iterable[str],
    purpose: str,
    status: str = "given",
    at: datetime = NOW - timedelta(days=5),
) -> None:
    """Put on record what subjects say to a purpose, under the policy in force."""
    named = list(subjects)
    secrets = vault_of(deployment).secrets_of("", named)
    names = pseudonyms(secrets, LEDGER_DOMAIN)
    rows = [
        {
            "tenant": "",
            "subject": name,
            "purpose": purpose,
            "status": status,
            "effect_at": at,
            "recorded_at": at,
            "agreed_version": deployment.policy.version,
            "method": "api",
            "policy_version": deployment.policy.version,
            "pack": f"{status}-{at.isoformat()}",
            "index": number,
            "keep_until": NOW + timedelta(days=1_000),
        }
        for number, name in enumerate(names)
    ]
    table = open_table(deployment.settings.lake, CONSENTS_TABLE)
    files = write(table.path, pa.Table.from_pylist(rows, schema=CONSENTS))
    sync(files)
    append(table.path, table.version, Append(files, {}))


def people(subjects: int = 200) -> list[str]:
    """How the app calls the subjects of a crowd."""
    return [f"customer-{number}" for number in range(subjects)]
