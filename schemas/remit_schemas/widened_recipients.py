"""Where a recipient gets more than before: who it is, in which case, for what, which fields and figures, until when.

What is wider here was agreed to by nobody: whoever accepted the version before stays under it, and neither their rows nor
their consents reach a use that it did not name.
"""

from collections.abc import Iterable, Iterator
from typing import get_args

from remit_schemas.change import Change, ChangeKind
from remit_schemas.policy import Policy
from remit_schemas.recipients import Measure, Recipient
from remit_schemas.view import Names

_LONGEST_FIRST = get_args(Names)

_Said = tuple[str, str]
"""A part of a recipient's terms, and what it gives more."""


def looser_recipients(old: Policy, new: Policy) -> Iterator[Change]:
    """Say what recipients get that they did not.

    Source: policy 2021-11-01, clauses S054c, S060, S070, S113.
    """
    for name, after in new.recipients.items():
        before = old.recipients.get(name)
        for part, words in _looser(before, after) if before else _new(after):
            where = f"recipients.{name}.{part}" if part else f"recipients.{name}"
            yield Change(ChangeKind.SHARED, where, words)


def is_comparable(change: Change) -> bool:
    """Whether less can be told from more: of two roles, or cases, each gives what the other does not."""
    is_of_recipient = change.where.startswith("recipients.")
    return not (is_of_recipient and change.where.endswith((".role", ".case")))


def _new(after: Recipient) -> Iterator[_Said]:
    """What somebody gets who got nothing; who gets nothing still is no news."""
    if after.fields or after.measures:
        what = ", ".join((*_fields(after), *sorted(after.measures)))
        yield "", f"gets {what} for {_listed(after.purposes)}, and got nothing"


def _looser(before: Recipient, after: Recipient) -> Iterator[_Said]:
    """What a recipient gets more than before."""
    for part in ("role", "case"):
        was, now = getattr(before, part), getattr(after, part)
        if was != now:
            yield part, f"was {was}, is {now}"
    if before.consent and before.consent != after.consent:
        yield "consent", f"was by consent to {before.consent}, is by {after.consent or 'none'}"
    for part in ("purposes", "sub_recipients"):
        for one in _more(getattr(before, part), getattr(after, part)):
            words = f"uses it for {one}, and did not" if part == "purposes" else _handed_on(one)
            yield part, words
    for one in _more(_fields(before), _fields(after)):
        yield "fields", f"gets {one}, and did not"
    yield from _of_measures(before, after)
    yield from _of_time_and_crowd(before, after)


def _of_measures(before: Recipient, after: Recipient) -> Iterator[_Said]:
    """Which figures are new, of another event or finer."""
    for name, now in after.measures.items():
        was = before.measures.get(name)
        if was is None:
            yield "measures", f"gets {name}, and did not"
        elif _is_finer(was, now):
            yield "measures", f"{name} tells more than before"


def _of_time_and_crowd(before: Recipient, after: Recipient) -> Iterator[_Said]:
    """Where it gets something for longer, from a smaller crowd, or by names that last."""
    until, now = before.expires_on, after.expires_on
    if until is not None and (now is None or now > until):
        yield "expires_on", f"was until {until}, is {f'until {now}' if now else 'without end'}"
    if after.subjects_min < before.subjects_min:
        words = (
            f"was in a crowd of {before.subjects_min} subjects, is in one of {after.subjects_min}"
        )
        yield "subjects_min", words
    if after.exact and not before.exact:
        yield "exact", "goes out as it is stored, and did not"
    if _LONGEST_FIRST.index(after.subject) < _LONGEST_FIRST.index(before.subject):
        yield "subject", f"names of subjects were {before.subject}, are {after.subject}"


def _is_finer(was: Measure, now: Measure) -> bool:
    """Whether a figure tells what it did not; a coarser one does not."""
    return (was.event, was.of) != (now.event, now.of) or not {*now.by} <= {*was.by}


def _fields(one: Recipient) -> list[str]:
    """Every field that a recipient gets, with its contract."""
    return [f"{event}.{name}" for event, names in one.fields.items() for name in names]


def _more(before: Iterable[str], after: Iterable[str]) -> list[str]:
    return sorted({*after} - {*before})


def _handed_on(one: str) -> str:
    return f"may hand it on to {one}, and could not"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
