"""The pseudonyms of one domain: each subject's secret is asked for once, and its pseudonym kept in memory for a while."""

import pyarrow as pa

from remit_consumers.reducers.final import final, refuse_final
from remit_consumers.reducers.pseudonym import pseudonyms
from remit_consumers.reducers.scope import Rows, Scope, each_scope
from remit_consumers.vault import Vault

STORAGE_DOMAIN = "storage"
"""The pseudonym domain of the lake; views and recipients get domains of their own (D8)."""

REMEMBERED_MAX = 200_000
"""Pseudonyms remembered, some 30 MB; asking the vault again costs 3 µs each, remembering 0.1."""


class Pseudonyms:
    """Turns subjects into the pseudonyms of one domain. Plain subjects live in this process's memory only."""

    def __init__(self, vault: Vault, domain: str) -> None:
        self._vault = vault
        self._domain = domain
        self._known: dict[Scope, dict[str, str]] = {}
        self._count = 0

    def of(self, subjects: pa.Array, rows: Rows, rotate_days: int = 0) -> pa.ExtensionArray:
        """Replace a column of subjects, each distinct one of a tenant and period once; null where there is none.

        Args:
            subjects: Plain, as the app names them.
            rows: Whose customers they are, and when their events were collected.
            rotate_days: Days, counted from 1970-01-01, after which a subject has another pseudonym; 0 is never.

        Returns:
            Dictionary-encoded text under the type that nothing is made a pseudonym of again.

        Raises:
            ReducerError: The column holds pseudonyms already.
            KeysOutOfReach: The vault cannot be read or written.
        """
        refuse_final(subjects.type)
        return final(each_scope(subjects, rows, rotate_days, self.names))

    def names(self, scope: Scope, subjects: list[str]) -> list[str | None]:
        """Give the pseudonyms of distinct subjects of one tenant and period; errors as in `of`."""
        known = self._known.setdefault(scope, {})
        fresh = [subject for subject in subjects if subject not in known]
        if fresh and self._count + len(fresh) > REMEMBERED_MAX:
            self._known.clear()
            self._count = 0
            known = self._known[scope] = {}
            fresh = subjects
        if fresh:
            secrets = self._vault.secrets_of(scope.tenant, fresh)
            known.update(zip(fresh, pseudonyms(secrets, self._domain, scope.epoch), strict=True))
            self._count += len(fresh)
        return [known[subject] for subject in subjects]
