"""The closed list of reasons: every error that can send a pack to quarantine is on it, and the docs have each."""

from pathlib import Path

from remit_consumers.flush import MALFORMED
from remit_consumers.quarantine.reasons import MENDABLE, Reason
from remit_consumers.steps.open import UNKNOWN_CONTRACT
from remit_consumers.waiting import NEWER_POLICY
from remit_schemas.errors import (
    KeyDestroyed,
    KeysOutOfReach,
    PackError,
    RemitError,
    SealingKeyError,
)

ELSEWHERE = {KeyDestroyed.code, KeysOutOfReach.code}
"""Errors of opening that expire a pack or have it wait."""


def codes(error: type[RemitError]) -> set[str]:
    """The codes of an error and of all that are kinds of it."""
    return {error.code}.union(*(codes(kind) for kind in error.__subclasses__()))


def test_every_way_into_quarantine_has_a_reason_on_the_list() -> None:
    ways = (codes(PackError) | codes(SealingKeyError)) - ELSEWHERE - {SealingKeyError.code}
    ways |= {UNKNOWN_CONTRACT, NEWER_POLICY, "unknown_policy", MALFORMED}
    assert ways == {reason.value for reason in Reason}


def test_the_docs_say_of_every_reason_what_it_means() -> None:
    page = Path(__file__).parents[3] / "docs" / "operations.md"
    table = page.read_text().partition("### Why a pack or an event is quarantined")[2]
    assert [reason for reason in Reason if f"`{reason.value}`" not in table] == []
    assert set(Reason) > MENDABLE
