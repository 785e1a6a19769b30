"""A notice: what a recipient or a source is told of one subject, until when it has to answer, and when it is told again.

Source: policy 2021-11-01, clauses S086a, S086b; GDPR article 19.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from remit_consumers.consent.withdrawals import EVIDENCE_KEPT
from remit_consumers.lake.receipt import canonical

ANSWER_WITHIN: Final = timedelta(days=15)
"""How long a party has to answer: as long as the operator itself. Source: policy 2021-11-01, clause S101."""

LAPSES_AFTER: Final = EVIDENCE_KEPT
"""How long who does not answer is told again. After it the erasure ledger forgets what the subject was called, too."""

KEPT_FOR: Final = timedelta(days=1_096)
"""How long it stays on record that somebody was told: for three years a claim can be brought (Civil Code of the PRC,
article 188)."""

RETRY: Final = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(days=1))
"""How long after each try the next one comes; after the last, once a day."""

EXCEPTIONS: Final = ("legal_obligation", "independent_authorisation")
"""Why a party may keep what it has. Source: policy 2021-11-01, clause S086b."""

ERASED: Final = "erased"
CORRECTED: Final = "corrected"
RESTRICTED: Final = "restricted"
LIFTED: Final = "lifted"
KINDS: Final = (ERASED, CORRECTED, RESTRICTED, LIFTED)
"""What happened to what stands of a subject; a restriction that is lifted names its own notice in place of the subject."""

OPEN, OVERDUE, ACKNOWLEDGED, LAPSED = STATES = ("open", "overdue", "acknowledged", "lapsed")
"""How a notice stands: waits for an answer, waits for too long, was answered, was never answered and is given up."""

SOURCE: Final = "source/"
"""What the name of a source begins with where recipients stand beside it: no recipient's name has a slash."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; the fields are those of the table.

    Attributes:
        notice: Its id: the same for the same thing said to the same party.
        to: Name of the recipient, or of the source behind `SOURCE`.
        kind: From `KINDS`.
        reference: The erasure or request that it is about.
        subjects: The names under which the party knows one subject, joined by commas; empty once that is over.
        made_at: Aware UTC, as all times here.
        due_at: Until when it is to be answered.
        keep_until: Until when it stays on record.
        tries: How often it was sent.
        tried_at: When last.
        taken_at: When the party first took it; None: it never did.
        acknowledged_at: When the party said that it is done.
        exception: Why it need not, from `EXCEPTIONS`.
        scope: Of what, as JSON; empty where it is of everything.
    """

    notice: str
    to: str
    kind: str
    reference: str
    subjects: str
    made_at: datetime
    due_at: datetime
    keep_until: datetime
    tries: int = 0
    tried_at: datetime | None = None
    taken_at: datetime | None = None
    acknowledged_at: datetime | None = None
    exception: str | None = None
    scope: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.acknowledged_at is None and bool(self.subjects)

    def is_due(self, now: datetime) -> bool:
        """Whether it is to be sent now, for the first time or again."""
        if not self.is_open:
            return False
        if self.tried_at is None:
            return True
        return now >= self.tried_at + RETRY[min(self.tries, len(RETRY)) - 1]

    def is_lapsed(self, now: datetime) -> bool:
        """Whether nobody will answer any more."""
        return self.is_open and now >= self.made_at + LAPSES_AFTER

    def state(self, now: datetime) -> str:
        """How it stands, from `STATES`."""
        if self.is_open:
            return OVERDUE if now > self.due_at else OPEN
        return ACKNOWLEDGED if self.acknowledged_at else LAPSED

    def told(self, now: datetime) -> dict[str, object]:
        """What is shown of it: nobody's name."""
        form = {name: value for name, value in asdict(self).items() if name != "subjects"}
        return form | {"state": self.state(now)}

    def to_json(self) -> dict[str, object]:
        """What its party gets."""
        return {
            "v": 1,
            "notice": self.notice,
            "to": self.to,
            "kind": self.kind,
            "scope": json.loads(self.scope or "{}"),
            "subjects": self.subjects.split(","),
            "made_at": self.made_at.isoformat(),
            "answer_by": self.due_at.isoformat(),
            "exceptions": list(EXCEPTIONS),
        }


@dataclass(frozen=True, slots=True)
class Happened:
    """What notices are about.

    Attributes:
        kind: From `KINDS`.
        reference: The erasure or request.
        scope: Of what; empty where it is of everything.
    """

    kind: str
    reference: str
    scope: Mapping[str, object]


def make(to: str, of: Happened, subjects: Sequence[str], now: datetime) -> Notice:
    """Make a notice; the same again is the same notice.

    Args:
        to: Whom it is for.
        of: What it is about.
        subjects: The names under which the party knows one subject.
        now: Aware UTC.
    """
    named = ",".join(sorted(subjects))
    told = "\x1f".join((to, of.kind, of.reference, *sorted(subjects)))
    return Notice(
        notice=hashlib.sha256(told.encode()).hexdigest()[:32],
        to=to,
        kind=of.kind,
        reference=of.reference,
        subjects=named,
        made_at=now,
        due_at=now + ANSWER_WITHIN,
        keep_until=now + KEPT_FOR,
        scope=canonical(of.scope) if of.scope else None,
    )
