"""Whose consent stands when something leaves: the ledger is asked then, whatever was on record when a row was stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.consent.ledger import LEDGER_DOMAIN, Ledger
from remit_consumers.deployment import Deployment
from remit_consumers.plans import Plans
from remit_consumers.pseudonyms import STORAGE_DOMAIN
from remit_consumers.reducers.pseudonym import pseudonyms
from remit_schemas.policy import Policy

NO_CONSENT = "no_consent"
"""Why a subject's rows stay: it does not agree, or not any more, or not to this."""

NOT_KNOWN = "not_known"
"""Why they stay: nothing that is on record can be tied to it, as of a visitor without an account."""


@dataclass(frozen=True, slots=True)
class Consents:
    """What is on record of all subjects, found by the names that rows bear.

    Attributes:
        ledger: Loaded.
        policy: In force.
        names: For each name that rows bear, the ledger's; of those in the vault.
        now: When it is asked.
    """

    ledger: Ledger
    policy: Policy
    names: dict[str, str]
    now: datetime

    @classmethod
    def of(cls, deployment: Deployment, plans: Plans, now: datetime) -> Self:
        """Ask lake and vault.

        Raises:
            LakeError: The ledger cannot be read.
            KeysOutOfReach: The vault cannot be read.
        """
        ledger = deployment.ledger()
        ledger.load()
        secrets = deployment.vault.secrets()
        own = pseudonyms(secrets, LEDGER_DOMAIN)
        names: dict[str, str] = {}
        for epoch in plans.epochs(now):
            names.update(zip(pseudonyms(secrets, STORAGE_DOMAIN, epoch), own, strict=True))
        return cls(ledger, deployment.policy, names, now)

    def held_back(
        self,
        tenant: str,
        subjects: Sequence[str],
        purposes: Sequence[str],
        versions: frozenset[str],
    ) -> dict[str, str]:
        """Say whose rows stay, and why.

        Args:
            tenant: Whose customers.
            subjects: Distinct names that rows bear.
            purposes: Optional ones; each must be agreed to.
            versions: The policy versions an agreement to which counts.

        Source: policy 2021-11-01, clauses S051, S054b, S073.
        """
        if not purposes or not subjects:
            return {}
        known = [self.names.get(one) for one in subjects]
        found = self.ledger.found(tenant, known, self.now)
        terms = self.policy.minors
        never = frozenset(terms.never) if terms else frozenset()
        bits = found.granted(purposes, versions, never, found.minors(terms))
        if bits is None:
            bits = np.zeros(len(subjects), np.int64)
        whole = (1 << len(purposes)) - 1
        agrees = (bits == whole).tolist()
        return {
            one: NOT_KNOWN if name is None else NO_CONSENT
            for one, name, does in zip(subjects, known, agrees, strict=True)
            if name is None or not does
        }


def subjects_of(rows: pa.Table) -> list[str]:
    """The distinct subjects of rows; those without one are none."""
    return [one for one in pc.unique(rows.column("subject")).to_pylist() if one is not None]
