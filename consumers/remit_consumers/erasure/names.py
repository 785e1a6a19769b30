"""Names: what a subject is called, everywhere, before the secret that makes its names is gone."""

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.ledger import Named
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.lake.columns import CONSENTS
from remit_schemas.subject import VISITOR

EVIDENCE = ("purpose", "status", "effect_at", "agreed_version", "method")
"""What is kept of a consent record after an erasure, sealed beside the keys."""


def named(
    deployment: Deployment, subjects: Sequence[SubjectRef], now: datetime
) -> tuple[Named, ...]:
    """Say what subjects are called: in rows and in the consent ledger; nobody enters the vault for it.

    Raises:
        KeysOutOfReach: Keys or vault cannot be read.
    """
    suppression = Suppression.open(deployment.settings.keys)
    stored, told = deployment.names(), deployment.ledger_names()
    epochs = ["", *deployment.plans().epochs(now)]
    records = _records(deployment)
    found = []
    for ref in dict.fromkeys(subjects):
        said = told.known(ref.tenant, ref.subject)
        found.append(
            Named(
                tenant=ref.tenant,
                stored=tuple(dict.fromkeys(stored.ever(ref.tenant, ref.subject, epochs))),
                ledger=tuple(said),
                vault=_vault_index(deployment, ref),
                suppression=suppression.index_of(ref.tenant, ref.subject).hex(),
                evidence=_evidence(records, ref.tenant, said),
            )
        )
    return tuple(found)


def _vault_index(deployment: Deployment, ref: SubjectRef) -> str:
    """The index of a subject's record; empty for a visitor, who has none."""
    return (
        ""
        if ref.subject.startswith(VISITOR)
        else deployment.vault.index_of(ref.tenant, ref.subject).hex()
    )


def _records(deployment: Deployment) -> pa.Table:
    """All consent records."""
    found = deployment.lake.consents(-1)
    return CONSENTS.empty_table() if found is None else found.rows


def _evidence(records: pa.Table, tenant: str, names: Sequence[str]) -> list[list[str | None]]:
    """What somebody had said, without a name."""
    if not names:
        return []
    mine = pc.and_(
        pc.equal(records.column("tenant"), tenant),
        pc.is_in(records.column("subject"), pa.array(names, pa.string())),
    )
    rows = records.filter(mine).sort_by("effect_at").select(list(EVIDENCE)).to_pylist()
    return [[None if row[name] is None else str(row[name]) for name in EVIDENCE] for row in rows]
