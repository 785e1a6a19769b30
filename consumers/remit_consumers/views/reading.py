"""Reading: who asks is looked up, views are made what they must be, the statement runs, and the read goes on record first."""

import hashlib
import os
import pwd
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from remit_consumers.clock import Clock, utc_now
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.queries import DONE, FAILED, KEEP_FOR, REFUSED, Read, record
from remit_consumers.settings import Settings
from remit_consumers.views.building import build
from remit_consumers.views.engine import run
from remit_consumers.views.roles import Role, load_roles, refusal
from remit_consumers.views.statement import Statement, looked_at
from remit_consumers.views.store import SCHEMA, files_of, held, tenant_folder, views_of
from remit_schemas.errors import QueryFailed, ReadRefused, RemitError
from remit_schemas.policy import Policy

UNKNOWN = "unknown"
"""What stands on record for a name that may be anything."""

STATEMENT = "statement"
"""The reason on record where the statement itself is none that may run."""

_WHY: Mapping[str, str] = {
    "purpose unknown": "the policy has no such purpose; it has: {purposes}",
    "role": "no such role: name one of those in roles.yaml, beside the keys, with --role",
    "user": "this user of the operating system does not have that role",
    "purpose": "that role does not read for this purpose",
    "tenant": "that role does not read data of this tenant",
}
"""Why a read is refused, by the reason that stands on record."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked.

    Attributes:
        sql: One SELECT over the views of the purpose, which bear the names of contracts.
        purpose: For which purpose.
        tenant: Of whose data; empty for a single shop.
        role: In which role; empty where none are configured.
    """

    sql: str
    purpose: str
    tenant: str = ""
    role: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads the lake of one installation.

    Attributes:
        settings: Where everything lies.
        policy: The policy in force.
        now: Tells the time.
        user: The operating system's name of who asks.
    """

    settings: Settings
    policy: Policy
    now: Clock = utc_now
    user: str = ""

    def ask(self, question: Question) -> pa.Table:
        """Answer a question; that it was asked is on record before the answer is handed over.

        Raises:
            ReadRefused: Nobody may ask that, or it cannot be run; that is on record, too.
            LakeError: The lake cannot be read, or the record cannot be written: nothing is handed over.
            PolicyError: The roles cannot be read: nobody may ask anything.
        """
        roles = load_roles(self.settings.keys)
        begun = self._begun(question, roles)
        reason = self._refusal(question, roles)
        if reason:
            self._record(begun, REFUSED, reason)
            raise ReadRefused(_WHY[reason].format(purposes=", ".join(sorted(self.policy.purposes))))
        read = begun
        try:
            build(self.settings, self.policy, question.purpose, self.now())
            folder = self.settings.views / question.purpose
            with held(self.settings.locks, alone=False), reaching(folder):
                views = _data_sets(folder, question.tenant)
                found = looked_at(question.sql, _columns(views))
                read = _about(begun, found, (folder, question.tenant))
                rows = run(question.sql, {name: views[name] for name in found.tables})
        except RemitError as error:
            is_refused = isinstance(error, ReadRefused) and not isinstance(error, QueryFailed)
            why = (REFUSED, STATEMENT) if is_refused else (FAILED, error.code)
            self._record(read, *why)
            raise
        self._record(replace(read, rows=rows.num_rows), DONE, "")
        return rows

    def _refusal(self, question: Question, roles: Mapping[str, Role] | None) -> str:
        """Why nobody may ask that; empty where somebody may."""
        if question.purpose not in self.policy.purposes:
            return "purpose unknown"
        who = self.user or user_name()
        return refusal(roles, question.role, who, (question.purpose, question.tenant))

    def _begun(self, question: Question, roles: Mapping[str, Role] | None) -> Read:
        """The record of a question that was just asked."""
        now = self.now()
        named = {tenant for role in (roles or {}).values() for tenant in role.tenants}
        return Read(
            query=uuid.uuid4().hex,
            user=self.user or user_name(),
            role=_known(question.role, {"", *(roles or {})}),
            purpose=_known(question.purpose, set(self.policy.purposes)),
            tenant=_known(question.tenant, {"", *named}),
            tables="",
            columns="",
            rows=0,
            sql_sha256=hashlib.sha256(question.sql.encode()).hexdigest(),
            started_at=now,
            ended_at=now,
            outcome="",
            reason="",
            keep_until=now + KEEP_FOR,
        )

    def _record(self, read: Read, outcome: str, reason: str) -> None:
        """Put it on record."""
        ended: datetime = self.now()
        record(self.settings.lake, replace(read, outcome=outcome, reason=reason, ended_at=ended))


def user_name() -> str:
    """The name that the operating system gives to who runs this; the environment may claim another."""
    number = os.getuid()
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _known(name: str, names: set[str]) -> str:
    """A name if it is one, because it may be anything."""
    return name if name in names else UNKNOWN


def _data_sets(folder: Path, tenant: str) -> dict[str, ds.Dataset]:
    """One tenant's rows of each view, read as far as a statement needs them."""
    found: dict[str, ds.Dataset] = {}
    for name, view in views_of(folder).items():
        files = [str(file) for file in files_of(view, tenant)]
        schema = pq.read_schema(view / SCHEMA)
        found[name] = ds.dataset(files, schema=schema, format="parquet", partitioning=None)
    return found


def _columns(views: Mapping[str, ds.Dataset]) -> dict[str, list[str]]:
    return {name: view.schema.names for name, view in views.items()}


def _about(begun: Read, found: Statement, whose: tuple[Path, str]) -> Read:
    """What a statement reads, for the record; a tenant is named there once it has rows."""
    folder, tenant = whose
    is_known = any(tenant_folder(view, tenant).is_dir() for view in views_of(folder).values())
    return replace(
        begun,
        tables=",".join(found.tables),
        columns=",".join(found.columns),
        tenant=tenant if is_known else begun.tenant,
    )
