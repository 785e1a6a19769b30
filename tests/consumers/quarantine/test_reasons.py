"""The closed list of reasons: every error that can send a pack to quarantine is on it, and the docs have each."""

import json
from pathlib import Path

import pytest

from kit.lake import make_quarantined
from remit_consumers.lake.reasons import MENDABLE, Elsewhere, Reason
from remit_consumers.lake.receipt import Receipt
from remit_consumers.steps.authorize import MINOR_WITHOUT_GROUND, UNKNOWN_VERSION
from remit_consumers.steps.exclude import SUPPRESSED
from remit_schemas.errors import (
    LakeError,
    PackError,
    RemitError,
    SealingKeyError,
)
from remit_schemas.header import REASONS

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def codes(error: type[RemitError]) -> set[str]:
    """The codes of an error and of all that are kinds of it."""
    return {error.code}.union(*(codes(kind) for kind in error.__subclasses__()))


def test_every_error_of_opening_has_a_reason_on_the_list_or_has_the_pack_expire_or_wait() -> None:
    ways = (codes(PackError) | codes(SealingKeyError)) - {SealingKeyError.code}
    assert {one.value for one in Elsewhere} == ways - {one.value for one in Reason}
    ours = {Reason.UNKNOWN_CONTRACT, Reason.UNKNOWN_POLICY, Reason.NEWER_POLICY, Reason.MALFORMED}
    assert {one.value for one in Reason} - ways == {one.value for one in ours}


@pytest.mark.parametrize("counts", [{"no_such_reason": 1}, {"keys_out_of_reach": 1}])
def test_a_receipt_with_a_reason_that_is_not_on_the_list_is_refused(counts: dict[str, int]) -> None:
    receipt = json.loads(make_quarantined(0).receipt.to_json())
    assert Receipt.from_json(json.dumps(receipt)).events.quarantined == {Reason.TAMPERED: 2}
    receipt["events"]["quarantined"] = counts
    with pytest.raises(LakeError) as caught:
        Receipt.from_json(json.dumps(receipt))
    assert "reason" not in str(caught.value)


def test_the_docs_say_of_every_reason_what_it_means() -> None:
    table = OPERATIONS.read_text().partition("### Why a pack or an event is quarantined")[2]
    assert [reason for reason in Reason if f"`{reason.value}`" not in table] == []
    assert set(Reason) > MENDABLE


def test_the_docs_say_of_every_refusal_what_it_means() -> None:
    page = OPERATIONS.read_text().partition("### Why an event is refused")[2]
    table = page.partition("\n###")[0]
    refusals = {*REASONS, SUPPRESSED, MINOR_WITHOUT_GROUND, UNKNOWN_VERSION}
    assert [reason for reason in sorted(refusals) if f"`{reason}`" not in table] == []
