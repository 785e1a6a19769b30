"""Two versions of a policy side by side: what is newly collected, kept longer, shared wider, and which right shrank."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from remit_schemas.bits import bits_of
from remit_schemas.category import Decision
from remit_schemas.change import Change, ChangeKind
from remit_schemas.contract import Contracts
from remit_schemas.decided import FieldPlan
from remit_schemas.evolve import widened
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy
from remit_schemas.rule import duration_text
from remit_schemas.widened_recipients import is_comparable

_NARROWER: Mapping[ChangeKind, str] = {
    ChangeKind.COLLECTED: "less is collected, or left of it",
    ChangeKind.USED: "is used for less",
    ChangeKind.KEPT: "is kept shorter",
    ChangeKind.SHARED: "goes to fewer",
    ChangeKind.RIGHT: "people can refuse more, or are spared more",
}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is collected under one of the versions only.

    Attributes:
        name: Contract and field.
        category: What it is.
        words: How it is collected, for what and how long.
        bits: What one value tells; None where nobody can say.
    """

    name: str
    category: str
    words: str
    bits: float | None

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `--json` prints for it."""
        return {
            "field": self.name,
            "category": self.category,
            "words": self.words,
            "bits": self.bits,
        }


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    """What one version changes of another.

    Attributes:
        old: Version before.
        new: Version after.
        collected: Fields that are newly collected.
        dropped: Fields that are no longer.
        widened: Everything that takes something from somebody; each needs the express consent of whoever agreed to
            the old version.
        narrowed: What takes less than before.
        categories: Categories that are newly collected, anywhere.
        categories_dropped: Those that are no longer.
        recipients: Who newly gets something.
        recipients_dropped: Who does not any more.
        bits: How many more bits one event of each contract tells, added up where that can be said.
    """

    old: str
    new: str
    collected: tuple[FieldChange, ...]
    dropped: tuple[FieldChange, ...]
    widened: tuple[Change, ...]
    narrowed: tuple[Change, ...]
    categories: tuple[str, ...]
    categories_dropped: tuple[str, ...]
    recipients: tuple[str, ...]
    recipients_dropped: tuple[str, ...]
    bits: float

    @property
    def summary(self) -> str:
        """The whole in a line for a pull request: `+1 category, +9.3 bits, new recipient`."""
        parts = [
            _counted("+", len(self.categories), "category", "categories"),
            _counted("-", len(self.categories_dropped), "category", "categories"),
            f"{self.bits:+.1f} bits" if abs(self.bits) >= 0.05 else "",  # noqa: PLR2004 - what rounds to 0.1
            _named("new recipient", self.recipients),
            _named("no longer for", self.recipients_dropped),
        ]
        rights = sum(change.kind is ChangeKind.RIGHT for change in self.widened)
        longer = sum(change.kind is ChangeKind.KEPT for change in self.widened)
        parts.append(_counted("", longer, "field is kept longer", "fields are kept longer"))
        parts.append(_counted("", rights, "right shrank", "rights shrank"))
        return ", ".join(filter(None, parts)) or _nothing(self)

    def to_json(self) -> dict[str, JsonValue]:
        """Give what `remit policy diff --json` prints."""
        return {
            "old": self.old,
            "new": self.new,
            "summary": self.summary,
            "needs_consent": bool(self.widened),
            "collected": [one.to_json() for one in self.collected],
            "dropped": [one.to_json() for one in self.dropped],
            "widened": [_change_json(one) for one in self.widened],
            "narrowed": [_change_json(one) for one in self.narrowed],
            "categories": {"added": [*self.categories], "dropped": [*self.categories_dropped]},
            "recipients": {"added": [*self.recipients], "dropped": [*self.recipients_dropped]},
            "bits": round(self.bits, 1),
        }


def diff(old: Policy, new: Policy, contracts: Contracts) -> PolicyDiff:
    """Compare two versions of a policy.

    Raises:
        PolicyError: One of the two does not compile with these contracts.
    """
    before, after = _fields(old, contracts), _fields(new, contracts)
    back = filter(is_comparable, widened(new, old, contracts))
    narrowed = dict.fromkeys(Change(one.kind, one.where, _NARROWER[one.kind]) for one in back)
    was, now = (_recipients(of, fields) for of, fields in ((old, before), (new, after)))
    told = [(bits_of(before[name]), bits_of(after[name])) for name in after]
    return PolicyDiff(
        old=old.version,
        new=new.version,
        collected=tuple(_only(after, before)),
        dropped=tuple(_only(before, after)),
        widened=tuple(widened(old, new, contracts)),
        narrowed=tuple(narrowed),
        categories=_more(_categories(after), _categories(before)),
        categories_dropped=_more(_categories(before), _categories(after)),
        recipients=_more(now, was),
        recipients_dropped=_more(was, now),
        bits=sum(more - less for less, more in told if less is not None and more is not None),
    )


def _fields(policy: Policy, contracts: Contracts) -> dict[str, FieldPlan]:
    """Every field of every contract under a policy, by contract and field."""
    plans = (compile_plan(contract, policy) for contract in contracts)
    return {
        f"{plan.contract}.{name}": field for plan in plans for name, field in plan.fields.items()
    }


def _is_stored(field: FieldPlan) -> bool:
    return field.decision is not Decision.REFUSE


def _only(some: Mapping[str, FieldPlan], others: Mapping[str, FieldPlan]) -> Iterator[FieldChange]:
    """The fields that are collected under one version and not under the other."""
    for name, field in some.items():
        if _is_stored(field) and not _is_stored(others[name]):
            yield FieldChange(name, field.category, _words(field), bits_of(field))


def _words(field: FieldPlan) -> str:
    """How a field is collected."""
    how = f"reduced by {field.reducer}" if field.reducer else "as it comes"
    purposes = ", ".join(purpose.key for purpose in field.purposes)
    kept = f", kept {duration_text(field.keep_for)}" if field.keep_for else ""
    return f"{how}, for {purposes}{kept} ({field.clause})"


def _categories(fields: Mapping[str, FieldPlan]) -> frozenset[str]:
    return frozenset(field.category for field in fields.values() if _is_stored(field))


def _recipients(policy: Policy, fields: Mapping[str, FieldPlan]) -> frozenset[str]:
    """Who gets a field by a rule, or a field or figure by its own terms."""
    terms = policy.recipients.items()
    listed = {name for name, one in terms if one.fields or one.measures}
    return frozenset(one for field in fields.values() for one in field.recipients) | listed


def _more(some: frozenset[str], others: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(some - others))


def _counted(sign: str, number: int, one: str, many: str) -> str:
    return f"{sign}{number} {one if number == 1 else many}" if number else ""


def _named(what: str, names: tuple[str, ...]) -> str:
    return f"{what} {', '.join(names)}" if names else ""


def _nothing(diff: PolicyDiff) -> str:
    """What is said where no number changed."""
    if diff.widened:
        return _counted("", len(diff.widened), "change widens it", "changes widen it")
    return "nothing is wider" if diff.narrowed else "no difference"


def _change_json(change: Change) -> dict[str, JsonValue]:
    return {"kind": change.kind.value, "where": change.where, "words": change.words}
