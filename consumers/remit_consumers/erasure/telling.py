"""Telling: who got something of a subject, or may have sent it, is told what happened to it.

Notices are on record before anything goes. Of an erasure they are made from its order alone, so that one that a crash
interrupted tells the same parties.

Source: policy 2021-11-01, clauses S086a, S086b; GDPR article 19.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.informed import names_for
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN, days_told, every_name, names_of
from remit_consumers.erasure.ledger import Erasure
from remit_consumers.erasure.notice import ERASED, LIFTED, RESTRICTED, Happened, make
from remit_consumers.erasure.notices import notices, record, whose
from remit_consumers.erasure.scope import SubjectRef


def tell(deployment: Deployment, erasure: Erasure, now: datetime) -> int:
    """Put a notice of an erasure on record for each subject and each party that is to know; gives how many there are.

    Raises:
        LakeError: The lake cannot be read or written.
        KeysOutOfReach: The key of the recipients' names cannot be read.

    Source: policy 2021-11-01, clause S086a.
    """
    root = deployment.lake.root
    scope = {} if erasure.scope.is_whole else erasure.scope.to_dict()
    what = Happened(ERASED, erasure.erasure, scope)
    fresh = []
    for one in erasure.named:
        parties = dict(_recipients(deployment, one.tenant, one.stored))
        parties |= {to: [name] for to, name in one.informed.items()}
        fresh += [make(to, what, names, now) for to, names in parties.items()]
    record(root, fresh)
    return sum(one.reference == erasure.erasure for one in notices(root))


def tell_change(
    deployment: Deployment,
    about: SubjectRef,
    stored: Sequence[str],
    what: Happened,
    now: datetime,
) -> int:
    """Put notices of what was corrected or restricted on record; gives how many are new.

    Args:
        deployment: The installation.
        about: Whose data.
        stored: The pseudonyms under which rows of theirs may stand.
        what: Happened to it; the same again is told once.
        now: Aware UTC.

    Raises:
        LakeError: The lake cannot be read or written.
        KeysOutOfReach: Keys cannot be read.
    """
    contract = str(what.scope.get("contract", ""))
    parties = dict(_recipients(deployment, about.tenant, stored, contract))
    told = names_for(deployment.settings.keys, about)
    parties |= {to: [name] for to, name in told.items()}
    fresh = [make(to, what, names, now) for to, names in parties.items()]
    return record(deployment.lake.root, fresh)


def tell_lifted(root: Path, request: str, now: datetime) -> int:
    """Put on record for everybody who was told of a restriction that it is over; gives how many are new.

    Nobody knows any more whom it was about: the notice of then stands for the subject.

    Raises:
        LakeError: The lake cannot be read or written.
    """
    told = [one for one in notices(root) if (one.kind, one.reference) == (RESTRICTED, request)]
    over = Happened(LIFTED, request, {})
    return record(root, [make(one.to, over, [one.notice], now) for one in told])


def _recipients(
    deployment: Deployment, tenant: str, stored: Sequence[str], contract: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """Who got something of a subject, of one contract or any, and what each knows it by."""
    for _, to, theirs in whose(deployment.lake.root, {tenant: stored}, contract):
        yield to, _known_as(deployment, to, theirs)


def _known_as(deployment: Deployment, to: str, stored: Sequence[str]) -> list[str]:
    """What a recipient knows a subject by; all that it may, where the policy does not name it any more."""
    terms = deployment.policy.recipients.get(to)
    keys, domain = deployment.settings.keys, RECIPIENT_DOMAIN + to
    days = days_told(deployment.lake.root, to)
    if terms is None:
        return sorted(every_name(keys, domain, stored, days))
    return sorted(names_of(keys, domain, stored, terms.subject, days))
