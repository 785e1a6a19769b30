"""Scope: whom an erasure is about, and how much of what stands of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Self

from remit_schemas.category import CATEGORIES, PURPOSES, is_under
from remit_schemas.errors import SettingsError

REQUESTED = "requested"
"""The reason that receipts give for what an erasure took."""

ACCOUNT_CANCELLED = "account_cancelled"
"""Why an erasure is done whose subject closed their account."""

REASONS = (
    "unlawful_processing",
    "no_consent",
    "contract_breach",
    "purpose_ended",
    "service_ended",
    ACCOUNT_CANCELLED,
    "minor",
    REQUESTED,
)
"""Why an erasure may be asked for. Source: policy 2021-11-01, clauses S080 to S085, S095b, S118."""

KNOWN = "`remit policy explain` names those in use"


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """A subject, as the app names it.

    Attributes:
        tenant: Whose customer; empty for a single shop.
        subject: Its id; it lives in memory only.
    """

    tenant: str
    subject: str


@dataclass(frozen=True, slots=True)
class Scope:
    """How much of a subject goes; nothing named is everything.

    Attributes:
        categories: Fields of these categories, and of those below them, are emptied.
        purposes: Rows are narrowed to what other purposes may have.
        from_day: First day of collection.
        to_day: Last day of collection.

    Source: policy 2021-11-01, clause S079a.
    """

    categories: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    from_day: date | None = None
    to_day: date | None = None

    def __post_init__(self) -> None:
        for what, named, known in (
            ("categories", self.categories, CATEGORIES),
            ("purposes", self.purposes, PURPOSES),
        ):
            if unknown := [name for name in named if name not in known]:
                raise SettingsError(f"{len(unknown)} {what} of a scope are not known; {KNOWN}")
        if self.from_day and self.to_day and self.from_day > self.to_day:
            message = "the first day of a scope is after its last"
            raise SettingsError(message)

    @property
    def is_whole(self) -> bool:
        """Whether everything of the subject goes, the secret of its pseudonyms with it."""
        return self == Scope()

    @property
    def takes_rows(self) -> bool:
        """Whether rows go, and not only something in them."""
        return not (self.categories or self.purposes)

    def covers(self, category: str) -> bool:
        """Whether a category is one of those named, or below one."""
        return is_under(category, self.categories)

    def before(self, now: datetime) -> datetime:
        """Until when something must have been collected to be in it: what arrives late is refused."""
        if self.to_day is None:
            return now
        return min(now, datetime.combine(self.to_day + timedelta(days=1), time(), UTC))

    def to_dict(self) -> dict[str, object]:
        """As JSON has it."""
        return {
            "categories": sorted(self.categories),
            "purposes": sorted(self.purposes),
            "from_day": self.from_day.isoformat() if self.from_day else None,
            "to_day": self.to_day.isoformat() if self.to_day else None,
        }

    @classmethod
    def from_dict(cls, form: Mapping[str, Any]) -> Self:
        """Read what `to_dict` gave."""
        first, last = (
            form[name] and date.fromisoformat(form[name]) for name in ("from_day", "to_day")
        )
        return cls(tuple(form["categories"]), tuple(form["purposes"]), first or None, last or None)
