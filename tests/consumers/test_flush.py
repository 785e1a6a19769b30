"""A flush: every event is counted in exactly one receipt, and what a crash left behind is not committed again."""

from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.opened import PRODUCER, make_datums, make_failed, make_header, make_opened
from kit.walks import make_walk
from remit import PageView
from remit_consumers.flush import Composer
from remit_consumers.gather import Gathered, Marks, Partition
from remit_consumers.grouped import Identity
from remit_consumers.lake.commit import Flush, TableCommit
from remit_consumers.lake.reasons import Elsewhere, Reason
from remit_consumers.lake.receipt import PackOutcome
from remit_consumers.plans import Plans
from remit_consumers.steps.open import Failed, Fate, Opened
from remit_consumers.vault import Vault
from remit_schemas.contract import builtin
from remit_schemas.header import NO_CONTRACT
from remit_schemas.pack import Counts
from remit_schemas.policy import find_policy

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
EVENTS = "events/page_view"


@pytest.fixture
def composer(tmp_path: Path) -> Composer:
    walk = make_walk(Vault.open(tmp_path, b"k" * 32), tmp_path)
    return Composer("spool/x", Plans(builtin(), find_policy()), walk, timedelta(hours=72))


def flush(
    composer: Composer,
    *items: Opened | Failed,
    partition: Partition | None = None,
    read: AbstractSet[Identity] = frozenset(),
) -> Flush:
    gathered, marks = Gathered(), Marks()
    partition = partition or Partition(0, 0)
    for item in items:
        gathered.take(item, partition, marks)
    return composer.flush(gathered, {0: partition}, NOW, read)


def part(flush: Flush, table: str) -> TableCommit:
    found = [part for part in flush.parts if part.table == table]
    assert len(found) == 1, [part.table for part in flush.parts]
    return found[0]


def test_stored_events_are_counted_in_the_receipt_of_their_table(composer: Composer) -> None:
    made = flush(composer, make_opened(1), make_opened(2))
    receipt = part(made, EVENTS).receipt
    assert receipt.events.stored == 2
    assert [pack.sequence for pack in receipt.packs] == [1, 2]
    assert made.marks == {0: {(PRODUCER, 0): 2}}
    assert made.positions == {0: (0, 3)}


def test_the_newest_header_of_a_lane_tells_what_its_source_offered(composer: Composer) -> None:
    newest = make_opened(2, counts=Counts(offered=7, let_go=2, refused={"unparsed": 3}))
    (source,) = part(flush(composer, make_opened(1), newest), EVENTS).receipt.sources
    assert (source.sequence, source.offered, source.let_go) == (2, 8, 2)
    assert source.refused == {"unparsed": 3}


def test_a_malformed_datum_goes_to_quarantine_and_its_pack_stays_sealed_once(
    composer: Composer,
) -> None:
    made = flush(composer, make_opened(datums=make_datums([PageView()] * 2, malformed=[1, 3])))
    quarantine = part(made, "quarantine")
    assert quarantine.receipt.events.quarantined == {"malformed": 2}
    assert quarantine.rows is not None
    assert quarantine.rows.column("index").to_pylist() == [1, 3]
    assert quarantine.rows.column("sealed").to_pylist() == [b"sealed", None]
    assert part(made, EVENTS).receipt.events.stored == 2
    assert [(p.outcome, p.count) for p in quarantine.receipt.packs] == [(PackOutcome.PARTLY, 2)]


def test_a_pack_that_did_not_open_is_quarantined_whole_under_its_contract(
    composer: Composer,
) -> None:
    made = flush(
        composer, make_failed(Fate.QUARANTINED, Reason.TAMPERED, header=make_header(), count=5)
    )
    (only,) = made.parts
    assert only.table == "quarantine"
    assert only.receipt.contract == "page_view"
    assert only.receipt.events.quarantined == {"tampered": 5}


def test_bytes_that_are_no_pack_are_quarantined_under_no_contract(composer: Composer) -> None:
    (only,) = flush(composer, make_failed(Fate.QUARANTINED, Reason.NOT_A_PACK, count=0)).parts
    assert (only.table, only.receipt.contract) == ("quarantine", "")


def test_an_expired_pack_is_counted_in_its_contracts_table_without_rows(composer: Composer) -> None:
    (only,) = flush(
        composer, make_failed(Fate.EXPIRED, Elsewhere.KEY_DESTROYED, header=make_header(), count=4)
    ).parts
    assert only.table == EVENTS
    assert only.rows is None
    assert only.receipt.events.expired == 4


def test_counts_of_what_no_contract_names_are_told_without_rows(composer: Composer) -> None:
    counts = Counts(offered=3, refused={"unknown_contract": 3})
    pack = make_opened(fingerprint=NO_CONTRACT, counts=counts, datums=make_datums([]))
    (only,) = flush(composer, pack).parts
    assert only.rows is None
    assert [source.offered for source in only.receipt.sources] == [3]


def test_a_pack_that_a_crash_left_in_its_table_is_not_committed_again(composer: Composer) -> None:
    made = flush(composer, make_opened(1), make_opened(2), read={(PRODUCER, 0, 1)})
    assert [pack.sequence for pack in part(made, EVENTS).receipt.packs] == [2]
    assert made.marks == {0: {(PRODUCER, 0): 2}}


def test_a_copy_of_such_a_pack_that_lies_elsewhere_on_the_log_is_not_stored_either(
    composer: Composer,
) -> None:
    made = flush(composer, make_opened(1, offset=77), read={(PRODUCER, 0, 1)})
    assert not made.parts


def test_malformed_datums_that_a_crash_left_in_quarantine_are_not_put_there_again(
    composer: Composer,
) -> None:
    left = Partition(1, 1, {"quarantine": {1: PackOutcome.PARTLY}})
    made = flush(composer, make_opened(1, datums=make_datums(malformed=[1])), partition=left)
    assert [part.table for part in made.parts] == [EVENTS]


def test_a_pack_that_a_crash_left_in_quarantine_whole_stays_there(composer: Composer) -> None:
    left = Partition(1, 1, {"quarantine": {1: PackOutcome.QUARANTINED}})
    assert not flush(composer, make_opened(1), partition=left).parts


@pytest.mark.parametrize("fate", [Fate.EXPIRED, Fate.QUARANTINED])
@pytest.mark.parametrize(
    ("table", "outcome"),
    [
        ("quarantine", PackOutcome.QUARANTINED),
        (EVENTS, PackOutcome.EXPIRED),
        (EVENTS, PackOutcome.READ),
    ],
)
def test_what_became_of_a_pack_before_a_crash_stands_though_its_key_has_gone_since(
    composer: Composer, fate: Fate, table: str, outcome: PackOutcome
) -> None:
    left = Partition(7, 7, {table: {7: outcome}})
    reason = Elsewhere.KEY_DESTROYED if fate is Fate.EXPIRED else Reason.KEY_LOST
    failed = make_failed(fate, reason, header=make_header(), count=4, offset=7)
    assert not flush(composer, failed, partition=left).parts


def test_nothing_but_resends_moves_the_position_alone(composer: Composer) -> None:
    gathered, partition = Gathered(), Partition(5, 5)
    gathered.take(make_opened(1, offset=5), partition, {(PRODUCER, 0): 1})
    made = composer.flush(gathered, {0: partition}, NOW)
    assert not made.parts
    assert made.positions == {0: (5, 6)}


def test_gaps_and_resends_are_told_once(composer: Composer) -> None:
    made = flush(
        composer,
        make_opened(3),
        make_opened(2),
        make_failed(Fate.QUARANTINED, Reason.NOT_A_PACK, offset=9),
    )
    assert sum(part.receipt.gaps for part in made.parts) == 2
    assert sum(part.receipt.resent for part in made.parts) == 1
