"""Which version of a policy governs whom: the newest that takes nothing from what they agreed to; and who is told what."""

from collections.abc import Iterable, Mapping

from remit_schemas.contract import Contracts
from remit_schemas.evolve import widened
from remit_schemas.notice import Notice
from remit_schemas.policy import Policy


class Versions:
    """The versions of one policy, and which of them may follow which without asking anybody.

    Source: policy 2021-11-01, clauses S112, S113.
    """

    def __init__(self, policies: Mapping[str, Policy], contracts: Contracts) -> None:
        """Hold them together.

        Args:
            policies: Every version on record, by name; may gain versions later.
            contracts: What they speak of.
        """
        self._policies = policies
        self._contracts = contracts
        self._widened: dict[tuple[str, str], bool] = {}

    def widens(self, old: str, new: str) -> bool:
        """Whether one version takes anything from who agreed to the other; both are on record."""
        if old == new:
            return False
        if (old, new) not in self._widened:
            changes = widened(self._policies[old], self._policies[new], self._contracts)
            self._widened[old, new] = bool(changes)
        return self._widened[old, new]

    def governing(self, accepted: str, in_force: str) -> str | None:
        """Find the version that governs a subject.

        Args:
            accepted: The version that the subject accepted.
            in_force: The version in force when the event was collected.

        Returns:
            The newest version up to the one in force that widens nothing of what was accepted; else what was accepted.
            None where that is not on record: nothing can be said to be allowed.
        """
        if accepted not in self._policies:
            return None
        first = min(accepted, in_force)
        for version in sorted(self._policies, reverse=True):
            if first <= version <= in_force and not self.widens(accepted, version):
                return version
        return accepted

    def covering(self, governing: str) -> frozenset[str]:
        """Name the versions an agreement to which holds under this one: it widens nothing of them."""
        if governing not in self._policies:
            return frozenset({governing})
        on_record = list(self._policies)  # another thread may take one up meanwhile
        return frozenset(old for old in on_record if not self.widens(old, governing))


def notice_of(policy: Policy, others: Iterable[Policy], contracts: Contracts) -> Notice | None:
    """Say what a version changes that people must be told; None where nobody has less than before.

    Args:
        policy: The version in force.
        others: Versions on record; the newest older one of the same policy is compared with.
        contracts: What they speak of.
    """
    older = [one for one in others if one.name == policy.name and one.version < policy.version]
    if not older:
        return None
    before = max(older, key=lambda one: one.version)
    changes = tuple(change.text for change in widened(before, policy, contracts))
    return Notice(since=before.version, changes=changes) if changes else None
