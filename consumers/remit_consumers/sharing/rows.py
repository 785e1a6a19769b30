"""The rows that leave for a recipient: the fields it lists, of those who may, under names and in an order of its own."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.plans import Plans
from remit_consumers.sharing.consents import Consents, subjects_of
from remit_consumers.sharing.terms import Asked, names_use
from remit_consumers.views.allowed import Allowed, allowed
from remit_consumers.views.names import ViewNames
from remit_consumers.views.rows import Only, columns_seen, stored_rows, view_rows
from remit_consumers.views.withdrawals import withdrawn
from remit_schemas.category import Necessity
from remit_schemas.recipients import Recipient

CHANGED = "purpose_changed"
"""Why rows stay: they were collected under a version of the policy that did not name this use."""

Files = Mapping[str, Collection[str]]
"""For each contract the files of its table, by their paths."""

DEDUPE = "dedupe"
"""The column that is the same for a row that comes again, and stands nowhere else."""

_CATALOGUE = ["tagset", "contract", "policy_version", "fields"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The stored rows of one contract that may leave for one purpose.

    Attributes:
        purpose: For what.
        contract: Of what.
        rows: As stored, with the columns that decide over them.
        allowed: What of them may be seen.
        categories: Of the fields among them, sorted.
        held_back: How many subjects' rows stay, by reason.
    """

    purpose: str
    contract: str
    rows: pa.Table
    allowed: Allowed
    categories: tuple[str, ...]
    held_back: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Chooser:
    """What rows are chosen with.

    Attributes:
        deployment: Everything that it stands on.
        plans: The policy versions on record.
        asked: What is asked for.
        terms: Of the recipient.
        now: When.
        files: For each contract the files that are read; None reads all.
    """

    deployment: Deployment
    plans: Plans
    asked: Asked
    terms: Recipient
    now: datetime
    files: Files | None = None

    @classmethod
    def of(
        cls,
        deployment: Deployment,
        asked: Asked,
        terms: Recipient,
        now: datetime,
        files: Files | None = None,
    ) -> Self:
        """Choose for one recipient."""
        return cls(deployment, deployment.plans(), asked, terms, now, files)

    def chosen(self, fields: Mapping[str, frozenset[str]]) -> Iterator[Chosen]:
        """Choose the rows of each purpose and contract that hold anything for the recipient.

        Args:
            fields: Names of the fields that may be seen, by contract.

        Raises:
            LakeError: Rows or ledger cannot be read.
            KeysOutOfReach: The vault cannot be read.
        """
        lake = self.deployment.settings.lake
        if not is_table(lake, "tagsets"):
            return
        catalogue = open_table(lake, "tagsets").delta.to_pyarrow_table(columns=_CATALOGUE)
        listed = [_listed(row, fields) for row in catalogue.to_pylist()]
        versions = {row["tagset"]: row["policy_version"] for row in listed}
        is_asked = any(
            map(self._optional, self.terms.purposes)
        )  # else the whole vault is not named
        consents = Consents.of(self.deployment, self.plans, self.now) if is_asked else None
        for purpose in self.terms.purposes:
            gone = withdrawn(lake, purpose)
            for contract, what in allowed(listed, purpose).items():
                only = self._only(contract)
                if only is not None and is_table(lake, f"events/{contract}"):
                    rows = stored_rows(lake / "events" / contract, what, gone, self.now, only)
                    told = self._told(what, versions, purpose)
                    yield self._choice((purpose, contract), (rows, what), told, consents)

    def _only(self, contract: str) -> Only | None:
        """What of a contract is asked for; None where nothing is."""
        if self.files is None:
            return Only(self._asked_for())
        files = self.files.get(contract)
        return Only(self._asked_for(), files, ("pack", "index")) if files else None

    def _asked_for(self) -> pc.Expression:
        """One tenant's rows, of the days that are asked for."""
        tenant = self.asked.tenant
        wanted = ds.field("tenant") == tenant
        if not tenant:
            wanted |= ds.field("tenant").is_null()
        if self.asked.from_day is not None:
            wanted &= ds.field("day") >= pa.scalar(self.asked.from_day, pa.date32())
        if self.asked.to_day is not None:
            wanted &= ds.field("day") <= pa.scalar(self.asked.to_day, pa.date32())
        return wanted

    def _told(self, what: Allowed, versions: Mapping[str, str], purpose: str) -> frozenset[str]:
        """The tagsets of versions that told people of this use."""
        return frozenset(
            tagset
            for tagset in what.tagsets
            if names_use(self.plans, versions[tagset], self.asked, purpose, self.terms)
        )

    def _choice(
        self,
        named: tuple[str, str],
        found: tuple[pa.Table, Allowed],
        told: frozenset[str],
        consents: Consents | None,
    ) -> Chosen:
        """Leave out the rows that stay."""
        purpose, contract = named
        rows, what = found
        is_told = pc.is_in(rows.column("tagset"), pa.array(sorted(told), pa.string()))
        held = Counter({CHANGED: len(subjects_of(rows.filter(pc.invert(is_told))))})
        rows = rows.filter(is_told)
        staying = self._staying(purpose, subjects_of(rows), consents) if consents else {}
        held.update(staying.values())
        if staying:
            stays = pc.is_in(rows.column("subject"), pa.array([*staying], pa.string()))
            rows = rows.filter(pc.invert(stays))
        shared = frozenset(what.columns)  # another recipient may have them all
        return Chosen(
            purpose,
            contract,
            rows,
            replace(what, shared=shared),
            self._categories(contract, what),
            +held,
        )

    def _staying(self, purpose: str, subjects: list[str], consents: Consents) -> Mapping[str, str]:
        """Whose rows stay, and why."""
        return consents.held_back(
            self.asked.tenant, subjects, self._optional(purpose), self._versions(purpose)
        )

    def _optional(self, purpose: str) -> list[str]:
        """The purposes that each subject must agree to."""
        purposes = self.deployment.policy.purposes
        is_optional = purposes[purpose].necessity is Necessity.OPTIONAL
        return sorted(self.terms.asked | ({purpose} if is_optional else set()))

    def _versions(self, purpose: str) -> frozenset[str]:
        """The policy versions an agreement to which counts for this use."""
        covering = self.plans.covering(self.deployment.policy.version)
        return frozenset(
            one for one in covering if names_use(self.plans, one, self.asked, purpose, self.terms)
        )

    def _categories(self, contract: str, what: Allowed) -> tuple[str, ...]:
        """The categories of the fields that columns come from."""
        fields = self.plans.contracts.by_name(contract).fields
        names = [name for column in what.columns for name in (column, *_stems(column))]
        return tuple(sorted({one.category for one in fields if one.name in names}))


def leaving(chosen: Chosen, asked: Asked, terms: Recipient, deployment: Deployment) -> pa.Table:
    """Make of chosen rows what goes out: no name, number or order by which it could be found again elsewhere.

    Source: policy 2021-11-01, clauses S054a, S059b; DESIGN.md, D8.
    """
    names = ViewNames(deployment.settings.keys, RECIPIENT_DOMAIN + asked.recipient, terms.subject)
    crowd = None if terms.exact else terms.subjects_min
    more = None
    if "pack" in chosen.rows.column_names:
        more = {DEDUPE: _dedupe(chosen.rows, deployment, asked.recipient)}
    return view_rows(chosen.rows, chosen.allowed, names, crowd, more).drop_columns(["tenant"])


def _dedupe(rows: pa.Table, deployment: Deployment, recipient: str) -> pa.Array:
    """For each row what it is known by when it comes again: keyed, for this recipient alone."""
    places = rows.column("index").cast(pa.string())
    identity = pc.binary_join_element_wise(rows.column("pack").cast(pa.string()), places, "|")
    names = ViewNames(deployment.settings.keys, f"{RECIPIENT_DOMAIN}{recipient}/{DEDUPE}")
    found = names.of(identity.combine_chunks(), rows.column("day").combine_chunks())
    return pa.nulls(rows.num_rows, pa.string()) if found is None else found


def countable(chosen: Chosen) -> pa.Table:
    """Make of chosen rows what is counted: whose each is, and the columns that the purpose may see of it."""
    columns = {"subject": chosen.rows.column("subject").combine_chunks()}
    return pa.table(columns | columns_seen(chosen.rows, chosen.allowed))


def _listed(row: Mapping[str, str], fields: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """A tagset as if it had only the fields that are listed."""
    listed = fields.get(row["contract"], frozenset())
    decided = {name: one for name, one in json.loads(row["fields"]).items() if name in listed}
    return dict(row) | {"fields": json.dumps(decided)}


def _stems(column: str) -> Iterator[str]:
    """The names of fields that a column may come from: `user_agent_os_major`, `user_agent_os`, and so on."""
    while "_" in column:
        column = column.rpartition("_")[0]
        yield column
