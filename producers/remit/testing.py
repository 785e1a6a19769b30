"""For tests of an app: a client that keeps what it would send, and questions to ask of that.

Everything that decides is the real thing: the policy, the contracts, the plans, consent and signals, the encoders. Only
the log is missing: nothing is sealed, nothing is written, and no key, spool or consumer is needed.

    with capture() as client:
        checkout(client)
    assert_collects(client, "page_view", field="page")
    assert_never(client, "user.contact")

pytest has it as the fixture `remit_capture`. What an assertion says names fields, categories and clauses, no values.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NoReturn

from remit.capture import Captured, CapturedEvent, capture
from remit_schemas.category import CATEGORIES, PURPOSES, Decision, is_under
from remit_schemas.contract import builtin
from remit_schemas.decided import FieldPlan, Purpose

__all__ = [
    "Captured",
    "CapturedEvent",
    "assert_collects",
    "assert_never",
    "assert_purpose",
    "capture",
]


def assert_collects(captured: Captured, what: str, *, field: str | None = None) -> None:
    """Assert that something is collected: emitted, and stored under the policy and what subjects agreed to.

    Args:
        captured: The client.
        what: A contract, or a category (what lies below it counts).
        field: One field of it.

    Raises:
        AssertionError: It is not; says what became of it.
    """
    if any(_found(captured, what, field, is_stored=True)):
        return
    named = f"{what}.{field}" if field else what
    emitted = Counter(_named(event, one) for event, one in _found(captured, what, field))
    if not emitted:
        _fail(f"nothing of {named} was emitted; {_story(captured)}")
    _, first = next(_found(captured, what, field))
    _fail(f"{named} is not collected: {_told(emitted)}; {_why_not(first)}")


def assert_never(captured: Captured, *what: str) -> None:
    """Assert that no value of these categories leaves the app, not even one that would be reduced.

    Args:
        captured: The client.
        what: Categories (what lies below counts), or contracts.

    Raises:
        AssertionError: One does; says in which fields, and by which clause.
    """
    for each in what:
        emitted = Counter(_named(event, field) for event, field in _found(captured, each, None))
        if emitted:
            _fail(f"{each} leaves the app: {_told(emitted)}")


def assert_purpose(
    captured: Captured, purpose: str, what: str | None = None, *, field: str | None = None
) -> None:
    """Assert that something is collected for a purpose.

    Args:
        captured: The client.
        purpose: A purpose, such as ``analytics.reporting``.
        what: A contract or a category; None is anything.
        field: One field of it.

    Raises:
        AssertionError: Nothing is; says for which purposes it is.
    """
    if purpose not in PURPOSES:
        _fail(f"unknown purpose{_nearest(purpose, PURPOSES)}")
    collected = list(_found(captured, what, field, is_stored=True))
    served = {one.key for event, each in collected for one in _purposes(event, each)}
    if purpose in served:
        return
    named = f"{what or 'anything'}{'.' + field if field else ''}"
    reason = f"it is for {', '.join(sorted(served))}" if served else "nothing of it is collected"
    _fail(f"{named} is not collected for {purpose}: {reason}; {_story(captured)}")


def _purposes(event: CapturedEvent, field: FieldPlan) -> list[Purpose]:
    outcome = event.plan.outcome(event.granted, event.plan.spare(event.values))
    holds = set(outcome.fields[field.field].purposes)
    return [purpose for purpose in field.purposes if purpose.key in holds]


def _found(
    captured: Captured, what: str | None, field: str | None, *, is_stored: bool = False
) -> Iterator[tuple[CapturedEvent, FieldPlan]]:
    """The fields that were emitted, or are collected, of a contract or a category."""
    _check(captured, what)
    for event in captured.events:
        for one in event.collected if is_stored else event.emitted:
            is_of = what is None or event.contract == what or is_under(one.category, (what,))
            if is_of and field in {None, one.field}:
                yield event, one


def _check(captured: Captured, what: str | None) -> None:
    """Refuse a name that is neither a contract nor a category: a question about nothing is always answered well."""
    known = {each.name for each in builtin()} | {event.contract for event in captured.events}
    if what is not None and what not in known and what not in CATEGORIES:
        _fail(f"{what} is neither a contract nor a category{_nearest(what, [*known, *CATEGORIES])}")


def _nearest(word: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(word, list(known), n=1)
    return f", did you mean {nearest[0]}" if nearest else ""


def _named(event: CapturedEvent, field: FieldPlan) -> str:
    by = f", {field.clause}" if field.clause else ""
    how = f"the policy would {field.decision.value} it"
    how += f" by {field.reducer}" if field.reducer else ""
    return f"{event.contract}.{field.field} ({field.category}{by}; {how})"


def _told(emitted: Counter[str]) -> str:
    return "; ".join(
        f"{name} in {events} event{'s' if events > 1 else ''}" for name, events in emitted.items()
    )


def _why_not(field: FieldPlan) -> str:
    """Why a field that was emitted would not be stored."""
    if field.decision is Decision.REFUSE:
        return field.reason
    needed = ", ".join(f"{purpose.key} ({purpose.clause})" for purpose in field.purposes)
    return f"its subject has not agreed to {needed}"


def _story(captured: Captured) -> str:
    """What was captured at all."""
    accepted = Counter(event.contract for event in captured.events)
    words = [f"{events} {contract}" for contract, events in accepted.items()] or ["no event"]
    words += [
        f"{events} {contract} refused ({reason})"
        for (contract, reason), events in captured.refusals.items()
    ]
    return f"captured: {', '.join(words)}"


def _fail(words: str) -> NoReturn:
    raise AssertionError(words)
