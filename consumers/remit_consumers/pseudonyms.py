"""The pseudonyms of one domain: each subject's secret is asked for once, and its pseudonym kept in memory for a while."""

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.reducers.final import final, refuse_final
from remit_consumers.reducers.pseudonym import pseudonyms
from remit_consumers.reducers.scope import Rows, Scope, each_scope
from remit_consumers.reducers.unique import text
from remit_consumers.vault import Vault
from remit_consumers.visitor_keys import VisitorKeys
from remit_consumers.visitors import VisitorNames, day_numbered
from remit_schemas.subject import VISITOR

STORAGE_DOMAIN = "storage"
"""The pseudonym domain of the lake; views and recipients get domains of their own (D8)."""

REMEMBERED_MAX = 200_000
"""Pseudonyms remembered, some 30 MB; asking the vault again costs 3 µs each, remembering 0.1."""


class Pseudonyms:
    """Turns subjects into the pseudonyms of one domain. Plain subjects live in this process's memory only.

    A subject that the app knows has its secret in the vault; a visitor without an account has a pseudonym for a day.
    """

    def __init__(self, vault: Vault, domain: str, visitors: VisitorKeys | None = None) -> None:
        """Open the pseudonyms of a domain.

        Args:
            vault: The secrets of the subjects that the app knows.
            domain: What the pseudonyms are for.
            visitors: The keys of those it does not know; without them they have no pseudonym.
        """
        self._vault = vault
        self.visitors = VisitorNames(visitors, domain) if visitors else None
        self._domain = domain
        self._known: dict[Scope, dict[str, str]] = {}
        self._count = 0
        self._edition = vault.edition()

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
        subjects = text(subjects)
        without_account = pc.fill_null(pc.starts_with(subjects, VISITOR), fill_value=False)
        visitors = without_account.true_count
        if not visitors:
            return final(each_scope(subjects, rows, rotate_days, self.names))
        if visitors == len(subjects):
            return final(self._of_visitors(subjects, rows))
        nobody = pa.scalar(None, pa.string())
        accounts = pc.if_else(without_account, nobody, subjects)
        named = each_scope(accounts, rows, rotate_days, self.names).dictionary_decode()
        others = self._of_visitors(pc.if_else(without_account, subjects, nobody), rows)
        return final(pc.coalesce(named, others.dictionary_decode()).dictionary_encode())

    def _of_visitors(self, subjects: pa.Array, rows: Rows) -> pa.DictionaryArray:
        """Replace a column of visitors, each day's under its own key."""
        named = each_scope(subjects, rows, 1, self._visitor_names)
        # A name that is gone is null among the values of the dictionary: it must be null in the rows.
        return (
            named.dictionary_decode().dictionary_encode() if named.dictionary.null_count else named
        )

    def _visitor_names(self, scope: Scope, subjects: list[str]) -> list[str | None]:
        """Give the pseudonyms of distinct visitors of one tenant and day."""
        if self.visitors is None:
            return [None] * len(subjects)
        day = day_numbered(int(scope.epoch.partition("/")[0]))
        return self.visitors.names(scope.tenant, day, subjects)

    def known(self, tenant: str, subject: str) -> list[str]:
        """Give the pseudonyms that one subject has and that never change; asking makes none.

        Raises:
            KeysOutOfReach: Vault or keys cannot be read.
        """
        if subject.startswith(VISITOR):
            visitors = self.visitors
            days = visitors.days_begun() if visitors else []
            found = [visitors.names(tenant, day, [subject])[0] for day in days] if visitors else []
            return [name for name in found if name]
        secret = self._vault.known_secret_of(tenant, subject)
        return [] if secret is None else pseudonyms([secret], self._domain)

    def ever(self, tenant: str, subject: str, epochs: Sequence[str]) -> list[str]:
        """Give every pseudonym under which rows of one subject may stand; asking makes none.

        Args:
            tenant: Whose customer.
            subject: As the app names it. A visitor has one for each day whose key lives.
            epochs: The periods in which rows were stored that still stand.

        Raises:
            KeysOutOfReach: Vault or keys cannot be read.
        """
        if subject.startswith(VISITOR):
            return self.known(tenant, subject)
        secret = self._vault.known_secret_of(tenant, subject)
        if secret is None:
            return []
        return [name for epoch in epochs for name in pseudonyms([secret], self._domain, epoch)]

    def forget_gone(self) -> None:
        """Forget the visitors of days whose keys are gone."""
        if self.visitors is not None:
            self.visitors.forget_gone()

    def forget_all(self) -> None:
        """Forget every pseudonym: an erasure may have destroyed the secret that one was made of."""
        self._known.clear()
        self._count = 0
        self._vault.known_secret_of("", "")  # has it notice what other processes destroyed

    def names(self, scope: Scope, subjects: list[str]) -> list[str | None]:
        """Give the pseudonyms of distinct subjects of one tenant and period; errors as in `of`."""
        self._drop_forgotten()
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

    def _drop_forgotten(self) -> None:
        """Drop what is remembered where a secret was destroyed since: nobody may be stored under its pseudonym again."""
        edition = self._vault.edition()
        if edition != self._edition:
            self._edition = edition
            self._known.clear()
            self._count = 0
