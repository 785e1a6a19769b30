"""Receipts: one canonical form, a chain for each table, laid out as a table once."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.lake import LOG, PRODUCER, make_flush, make_quarantined, make_receipt
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.reasons import Reason
from remit_consumers.lake.receipt import EventCounts, PackCount, PackOutcome, Receipt, SourceCount
from remit_consumers.lake.receipts import chain, stored
from remit_schemas.errors import LakeError

NUMBERS = st.integers(0, 2**40)
REASONS = st.dictionaries(st.sampled_from(["malformed", "stopped", "no_consent"]), NUMBERS)
HELD = st.dictionaries(st.sampled_from(Reason), NUMBERS)


@given(
    events=st.builds(EventCounts, NUMBERS, REASONS, HELD, NUMBERS),
    sources=st.lists(
        st.builds(
            SourceCount,
            st.binary(min_size=16, max_size=16),
            NUMBERS,
            NUMBERS,
            NUMBERS,
            NUMBERS,
            REASONS,
        )
    ),
    packs=st.lists(
        st.builds(
            PackCount,
            *(st.binary(min_size=16, max_size=16), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS),
            *(st.binary(min_size=32, max_size=32), st.sampled_from(PackOutcome)),
        )
    ),
)
def test_a_receipt_read_back_is_the_same_and_so_are_its_bytes(
    events: EventCounts, sources: list[SourceCount], packs: list[PackCount]
) -> None:
    text = Receipt(LOG, "page_view", "1", {3: (1, 2)}, events, sources, packs).to_json()
    again = Receipt.from_json(text)
    assert again.to_json() == text
    assert (again.events, list(again.sources), list(again.packs)) == (events, sources, packs)
    assert text.isascii()


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"v":2}', '{"v":1}', '{"v":1,"secret@example.com":0}']
)
def test_what_is_no_receipt_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(LakeError) as caught:
        Receipt.from_json(text)
    assert "secret" not in str(caught.value)


def test_the_chain_is_what_the_architecture_page_says(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.claim(LOG, 0)
    head = hashlib.sha256(b"events/page_view").digest()
    for offset in range(3):
        lake.commit(make_flush(offset))
        log = tmp_path / "events/page_view/_delta_log" / f"{offset + 1:020d}.json"
        text = json.loads(log.read_text().splitlines()[0])["commitInfo"]["remit"]
        assert text == make_receipt(offset).to_json()
        head = hashlib.sha256(head + text.encode()).digest()
    assert [link.head for link in chain(tmp_path, "events/page_view")][-1] == head.hex()


def test_receipts_are_laid_out_once_whoever_asks_and_how_often(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    assert lake.materialise() == 0
    lake.claim(LOG, 0)
    lake.commit(make_flush(0))
    lake.commit(make_flush(1, *make_flush(1).parts, make_quarantined(1)))
    assert lake.materialise() == 3
    assert lake.materialise() == 0
    assert Lake(tmp_path).materialise() == 0
    before = lake.receipts()
    lake.commit(make_flush(2))
    assert lake.receipts().num_rows > before.num_rows
    tail = lake.receipts().num_rows
    assert Lake(tmp_path).materialise() == 1
    assert lake.receipts().num_rows == tail == stored(tmp_path).num_rows


def test_every_figure_of_a_receipt_has_its_row(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.claim(LOG, 0)
    lake.commit(make_flush(0))
    rows = {(row["kind"], row["decision"] or ""): row for row in lake.receipts().to_pylist()}
    assert rows["events", "stored"]["values_in"] == 3
    assert rows["source", "offered"]["values_in"] == 3
    assert rows["pack", "read"]["producer"] == PRODUCER.hex()
    assert rows["field", "reduce"]["clause"] == "S025"
    assert Receipt.from_json(rows["commit", ""]["receipt"]).to_json() == make_receipt(0).to_json()
    assert not pc.any(pc.is_null(lake.receipts().column("chain"))).as_py()


def test_consumers_that_chain_at_the_same_moment_chain_each_commit_once(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    lake.claim(LOG, 0)
    with ThreadPoolExecutor(4) as pool:
        for offset in range(30):
            lake.commit(make_flush(offset))
            together = Barrier(4)

            def chains(together: Barrier = together) -> int:
                together.wait(60)
                return Lake(tmp_path).materialise()

            assert sum(each.result() for each in [pool.submit(chains) for _ in range(4)]) == 1
    heads = stored(tmp_path).filter(pc.field("kind") == "commit").column("chain")
    assert len(heads) == len(heads.unique()) == 30
