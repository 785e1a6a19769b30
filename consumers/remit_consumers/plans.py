"""The plans that govern: contracts and policy versions on record, compiled once."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa

from remit_consumers.reducers.scope import epochs
from remit_consumers.rows import stored_schema
from remit_schemas.contract import Contracts
from remit_schemas.errors import SettingsError
from remit_schemas.governing import Versions
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy, versions_in
from remit_schemas.tenancy import NOBODY, Tenancy

NO_TIME = timedelta()


class Plans:
    """Compiled plans by contract and policy version; versions that appear in the policy's folder are taken up."""

    def __init__(
        self,
        contracts: Contracts,
        policy: Policy,
        folder: Path | None = None,
        check: Callable[[Policy], None] = lambda _: None,
        tenancy: Callable[[], Tenancy] = lambda: NOBODY,
    ) -> None:
        """Hold what governs.

        Args:
            contracts: Those on record.
            policy: The version in force.
            folder: Where its other versions lie, and newer ones will appear.
            check: Raises where this consumer lacks what a policy needs.
            tenancy: Gives the register of tenants and campaigns as it stands.
        """
        self.contracts = contracts
        self.tenancy = tenancy
        self._check = check
        self._policies = {policy.version: policy}
        self._folder = folder
        self._name = policy.name
        self._plans: dict[tuple[str, str], Plan] = {}
        self._looked: frozenset[tuple[str, int]] = frozenset()
        self._versions = Versions(self._policies, contracts)

    @property
    def newest(self) -> str:
        """The newest policy version on record."""
        return max(self._policies)

    def knows(self, version: str) -> bool:
        """Whether a policy version is on record; a version it does not know yet is looked for in the folder."""
        if version not in self._policies:
            self._look_again()
        return version in self._policies

    def governing(self, accepted: str, in_force: str) -> str | None:
        """The version that governs a subject who accepted one; None where that is not on record."""
        return self._versions.governing(accepted, in_force) if self.knows(accepted) else None

    def covering(self, governing: str) -> frozenset[str]:
        """The versions an agreement to which holds under this one, those among them that no pack has named yet."""
        self._look_again()  # else somebody's agreement to one of these would count for nothing
        return self._versions.covering(governing)

    def plan(self, contract: str, version: str) -> Plan:
        """The plan of the newest version of a contract under a policy version on record.

        Raises:
            KeyError: It is not on record.
        """
        key = contract, version
        if key not in self._plans:
            self.knows(
                version
            )  # rows may stand under one of which no pack came since this process began
            self._plans[key] = compile_plan(
                self.contracts.by_name(contract), self._policies[version]
            )
        return self._plans[key]

    def schema(self, contract: str, version: str) -> pa.Schema:
        """The schema of a contract's event table."""
        return stored_schema(self.contracts.by_name(contract), self.plan(contract, version))

    def epochs(self, now: datetime, ahead: timedelta = NO_TIME) -> list[str]:
        """The periods under whose pseudonyms rows may stand: as far back as any policy version on record keeps anything.

        One period ahead is among them, for producers whose clock is; or all that begin within a time `ahead`.
        """
        found: dict[str, None] = {}
        for policy in list(self._policies.values()):
            days = policy.pseudonyms.rotate_days if policy.pseudonyms else 0
            longest = max(_lengths(policy), default=NO_TIME)
            last = (now + max(ahead, timedelta(days=days))).date()
            first = (now - longest).date()
            found |= dict.fromkeys(epochs(days, first, last))
        return list(found)

    def policy(self, version: str) -> Policy:
        """A policy version on record; KeyError where it is not."""
        return self._policies[version]

    def take_up(self) -> None:
        """Take up every version that lies in the policy's folder."""
        self._look_again()

    def _look_again(self) -> None:
        """Read the versions that came into the policy's folder since; one that cannot be used is not on record."""
        if self._folder is None:
            return
        there = frozenset(_files(self._folder))
        if there == self._looked:
            return
        for policy in versions_in(self._folder, self._name):
            with suppress(SettingsError):
                self._check(policy)
                self._policies.setdefault(policy.version, policy)
        self._looked = there


def _files(folder: Path) -> Iterator[tuple[str, int]]:
    """The names of the files that may hold a version, each with the time of its last change."""
    for path in folder.glob("*.yaml"):
        with suppress(FileNotFoundError):  # gone meanwhile
            yield path.name, path.stat().st_mtime_ns


def _lengths(policy: Policy) -> Iterator[timedelta]:
    """How long a policy lets anything be kept: by rules, by laws and by consents."""
    yield from (rule.keep_for for rule in policy.rules if rule.keep_for)
    for terms in policy.retention:
        yield from (one.keep_for for one in terms.extensions)
        if terms.floor:
            yield terms.floor.keep_for + timedelta(days=1)
