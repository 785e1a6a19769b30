"""The pseudonyms of one domain: each subject's secret is asked for once, and its pseudonym kept in memory for a while."""

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.pseudonym import pseudonyms
from remit_consumers.vault import Vault

STORAGE_DOMAIN = "storage"
"""The pseudonym domain of the lake; views and recipients get domains of their own (D8)."""

REMEMBERED_MAX = 200_000
"""Subjects remembered for each tenant, some 30 MB; asking the vault again costs 3 µs each, remembering 0.1."""


class Pseudonyms:
    """Turns subjects into the pseudonyms of one domain. Plain subjects live in this process's memory only."""

    def __init__(self, vault: Vault, domain: str) -> None:
        self._vault = vault
        self._domain = domain
        self._known: dict[str, dict[str, str]] = {}

    def of(self, tenants: pa.Array, subjects: pa.Array) -> pa.Array:
        """Replace a column of subjects, each distinct one once; null where there is none.

        Args:
            tenants: Whose customer each is.
            subjects: Plain, as the app names them.
        """
        if subjects.null_count == len(subjects):
            return pa.nulls(len(subjects), pa.string())
        present = tenants.unique().to_pylist()
        if len(present) == 1:
            return self._of_one(present[0], subjects)
        whole = pa.nulls(len(subjects), pa.string())
        for tenant in present:
            mine = pc.if_else(pc.equal(tenants, tenant), subjects, pa.scalar(None, pa.string()))
            whole = pc.coalesce(whole, self._of_one(tenant, mine).dictionary_decode())
        return whole

    def _of_one(self, tenant: str, subjects: pa.Array) -> pa.DictionaryArray:
        encoded = subjects.dictionary_encode()
        names = pa.array(self._names(tenant, encoded.dictionary.to_pylist()), pa.string())
        return pa.DictionaryArray.from_arrays(encoded.indices, names)

    def _names(self, tenant: str, subjects: list[str]) -> list[str]:
        known = self._known.setdefault(tenant, {})
        fresh = [subject for subject in subjects if subject not in known]
        if fresh:
            if len(known) + len(fresh) > REMEMBERED_MAX:
                known.clear()
                fresh = subjects
            secrets = self._vault.secrets_of(tenant, fresh)
            known.update(zip(fresh, pseudonyms(secrets, self._domain), strict=True))
        return [known[subject] for subject in subjects]
