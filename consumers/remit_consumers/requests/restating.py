"""Restating: what was put right goes to whoever has it: views are made anew, and recipients are told.

A recipient gets a notice of kind `corrected` under the names by which it knows the subject, and asks for the rows again;
what it got stays as it is until then.

Source: policy 2021-11-01, clauses S077b, S086a.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.notices import make, record, whose
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.telling import known_as
from remit_consumers.lake.requests import Request
from remit_consumers.views.renewing import renew

CORRECTED: Final = "corrected"
"""The kind of notice."""


def restate(
    deployment: Deployment,
    found: Request,
    rows: tuple[SubjectRef, str],
    names: Sequence[str],
    now: datetime,
) -> int:
    """Make the views anew that somebody had made, and put notices on record; gives how many recipients are told.

    Args:
        deployment: Where everything lies.
        found: The request, which notices refer to.
        rows: Whose rows were put right, and of which contract.
        names: The pseudonyms under which they stand.
        now: Aware UTC.

    Raises:
        LakeError: The lake cannot be read or written; doing it again tells nobody twice.
        KeysOutOfReach: The key of the recipients' names, or of the views, cannot be read.
    """
    root, (about, contract) = deployment.lake.root, rows
    fresh = [
        make(to, CORRECTED, found.request, known_as(deployment, to, stored), now)
        for _, to, stored in whose(root, {about.tenant: names}, contract)
    ]
    record(root, fresh)
    renew(deployment.settings, deployment.policy, lambda: now)
    return len(fresh)
