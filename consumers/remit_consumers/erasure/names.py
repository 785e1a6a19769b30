"""Names: what a subject is called, everywhere, before the secret that makes its names is gone."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.informed import names_for
from remit_consumers.erasure.ledger import Named
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.lake.columns import CONSENTS_TABLE
from remit_consumers.lake.tables import is_table, open_table
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
    said = {ref: told.known(ref.tenant, ref.subject) for ref in dict.fromkeys(subjects)}
    evidence = _evidence(deployment, [name for names in said.values() for name in names])
    return tuple(
        Named(
            tenant=ref.tenant,
            stored=tuple(dict.fromkeys(stored.ever(ref.tenant, ref.subject, epochs))),
            ledger=tuple(names),
            vault=_vault_index(deployment, ref),
            suppression=suppression.index_of(ref.tenant, ref.subject).hex(),
            evidence=[row for name in names for row in evidence.get((ref.tenant, name), ())],
            informed=names_for(deployment.settings.keys, ref),
        )
        for ref, names in said.items()
    )


def _vault_index(deployment: Deployment, ref: SubjectRef) -> str:
    """The index of a subject's record; empty for a visitor, who has none."""
    return (
        ""
        if ref.subject.startswith(VISITOR)
        else deployment.vault.index_of(ref.tenant, ref.subject).hex()
    )


def _evidence(
    deployment: Deployment, names: Sequence[str]
) -> Mapping[tuple[str, str], list[list[str | None]]]:
    """What subjects had said, by tenant and name, the oldest first."""
    root = deployment.lake.root
    found: dict[tuple[str, str], list[list[str | None]]] = {}
    if not names or not is_table(root, CONSENTS_TABLE):
        return found
    dataset = open_table(root, CONSENTS_TABLE).delta.to_pyarrow_dataset()
    there = [name for name in EVIDENCE if name in dataset.schema.names]
    rows = dataset.to_table(
        columns=["tenant", "subject", *there], filter=pc.field("subject").isin(names)
    )
    for row in rows.sort_by("effect_at").to_pylist():
        told = [None if row.get(name) is None else str(row[name]) for name in EVIDENCE]
        found.setdefault((row["tenant"] or "", row["subject"]), []).append(told)
    return found
