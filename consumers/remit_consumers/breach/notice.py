"""The draft of a notice: what the law asks to be said, filled in with what is known; somebody has to finish and send it."""

from collections.abc import Iterator

from remit_consumers.breach.affected import Affected, Span
from remit_consumers.breach.registers import NOT_COVERED
from remit_schemas.category import CATEGORIES


def draft(found: Affected, span: Span) -> str:
    """Write the draft.

    Source: PIPL article 57 (categories, causes, possible harm; measures; contact); GDPR article 33(3).
    """
    return "\n".join(_lines(found, span)) + "\n"


def _lines(found: Affected, span: Span) -> Iterator[str]:
    yield "DRAFT - to be completed and approved before it is sent"
    yield ""
    yield f"What happened: [cause], found at {span.found_at:%Y-%m-%d %H:%M} UTC."
    yield f"Word to the authority is due by {span.notify_by:%Y-%m-%d %H:%M} UTC (GDPR article 33); PIPL article 57: at once."
    yield f"Concerned is what was collected from {span.from_day} to {span.to_day}:"
    for category in found.categories:
        yield f"- {CATEGORIES[category].meaning if category in CATEGORIES else category} ({category})"
    yield f"People concerned: {found.subjects}, under pseudonyms; {found.without_subject} records are of nobody who can be told."
    if len(found.tenants) > 1 or any(found.tenants):
        yield f"Customers of {len(found.tenants)} tenants, each of which is told apart."
    yield f"The same data was given before to: {', '.join(found.recipients) or 'nobody'}."
    yield from _of_registers(found)
    yield from _of_sealed(found)
    yield "Possible harm: [to be judged]."
    yield "What was done, and what you can do: [measures]."
    yield "Contact: [name, address]."
    yield ""
    yield "Not counted above, and to be looked at before this is sent:"
    for part in NOT_COVERED:
        yield f"- {part}"


def _of_registers(found: Affected) -> Iterator[str]:
    """What else names people, each register under names of its own."""
    for name, one in found.registers.items():
        whose = "" if one.subjects is None else f" of {one.subjects} people under other pseudonyms"
        yield f"Records of {name} that came in these days: {one.rows}{whose}."
    if found.vault is None:
        yield "The vault, which ties pseudonyms to people, cannot be reached: how many it holds is to be found out."
    else:
        yield f"The vault, which lies apart, ties pseudonyms to {found.vault} people of whatever day; whether it lay open: [yes or no]."


def _of_sealed(found: Affected) -> Iterator[str]:
    """What could not be read."""
    gone = [one for one in found.sealed if one.unreadable_since is not None]
    still = len(found.sealed) - len(gone)
    if gone:
        last = max(one.unreadable_since for one in gone if one.unreadable_since)
        yield f"Raw records of {len(gone)} epochs cannot be read by anybody, the last since {last:%Y-%m-%d %H:%M} UTC."
    if still:
        yield f"Raw records of {still} epochs were sealed: only who has their keys can read them."
