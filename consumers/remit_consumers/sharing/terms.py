"""Whether a recipient may be given something at all: asked first, and answered from the policy alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from remit_consumers.plans import Plans
from remit_consumers.sharing.formats import Format
from remit_schemas.errors import ShareRefused
from remit_schemas.policy import Policy
from remit_schemas.recipients import ORDERED, Case, Recipient

UNKNOWN = "unknown"
"""What stands on record for a recipient that the policy does not name, because it may be anything."""

WHY: Mapping[str, str] = {
    "unlisted": "the policy names no such recipient; it has: {names}",
    "expired": "the time for which the policy names it is over: nothing goes to it any more",
    "order": "the case {case} needs --order REFERENCE and --approver NAME",
    "nothing": "the policy lists no field and no figure that it may get",
    "personal": "what was to leave holds more than figures of groups; it was not written",
}
"""Every reason for which a disclosure is refused, with what is said."""

ORDER_CHARS_MAX = 200
"""Characters of a reference or a name on record: a reference, not a story (our choice)."""

_UNTOLD = frozenset({Case.ENTRUSTED, Case.LEGAL, Case.SAFETY, Case.CONTRACT})


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for.

    Attributes:
        recipient: Whom it is for, as the policy names it.
        tenant: Whose data; empty for a single shop.
        from_day: The first UTC day of collection; None for all that is kept.
        to_day: The last one.
        reference: Of the order or case file.
        approver: Who approved it.
        form: The format of files of rows; figures and topics have one of their own.
    """

    recipient: str
    tenant: str = ""
    from_day: date | None = None
    to_day: date | None = None
    reference: str = ""
    approver: str = ""
    form: Format = Format.PARQUET


def terms_of(policy: Policy, asked: Asked, now: datetime) -> Recipient:
    """Give the terms of who may be given something now.

    Raises:
        ShareRefused: Nothing may; the reason is one of `WHY`.

    Source: policy 2021-11-01, clauses S049, S050, S059c, S072, S074.
    """
    terms = policy.recipients.get(asked.recipient)
    if terms is None:
        raise refused("unlisted", names=", ".join(sorted(policy.recipients)) or "none")
    if terms.expires_on is not None and now.date() >= terms.expires_on:
        raise refused("expired")
    told = (asked.reference, asked.approver)
    if terms.case in ORDERED and not all(map(str.strip, told)):
        raise refused("order", case=terms.case)
    if not terms.fields and not terms.measures:
        raise refused("nothing")
    return terms


def refused(reason: str, **words: str) -> ShareRefused:
    """Make the error of a refusal."""
    return ShareRefused(WHY[reason].format(**words), reason)


def names_use(plans: Plans, version: str, asked: Asked, purpose: str, terms: Recipient) -> bool:
    """Whether a policy version told people of this use by this recipient.

    What somebody agreed to, or collected under, before a recipient got another purpose does not reach to that purpose. A
    version from before there was such a recipient at all told nobody of it, which matters where people are asked; whom a
    task is entrusted to may change.

    Source: policy 2021-11-01, clauses S054c, S060, S070.
    """
    if not plans.knows(version):
        return False
    then = plans.policy(version).recipients.get(asked.recipient)
    if then is None:
        return terms.case in _UNTOLD
    return purpose in then.purposes and (then.role, then.case) == (terms.role, terms.case)
