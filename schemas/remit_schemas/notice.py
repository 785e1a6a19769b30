"""What people are told of a new version of a policy: what it widens, in words that come from the policies themselves."""

from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from remit_schemas.contract import Contracts
from remit_schemas.evolve import widened
from remit_schemas.policy import Policy
from remit_schemas.policy_file import Written
from remit_schemas.rule import Text, Version


class Notice(Written):
    """A notice of material changes.

    Attributes:
        since: The version before.
        changes: What is collected, used, kept or shared more, and which right shrank; one a line.

    Source: policy 2021-11-01, clause S114.
    """

    part: ClassVar[str] = "a notice"

    since: Version
    changes: Annotated[tuple[Text, ...], Field(min_length=1)]


def notice_of(policy: Policy, others: Iterable[Policy], contracts: Contracts) -> Notice | None:
    """Say what a version changes that its readers must be told; None where nobody has less than before.

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
