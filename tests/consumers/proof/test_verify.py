"""Report and verify: the law holds on what was committed, and every way of breaking it is seen."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable, write_deltalake

from kit.lake import LOG, PRODUCER, SCHEMA, make_flush, make_quarantined, make_receipt, make_rows
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.receipt import EventCounts, PackCount, PackOutcome, SourceCount
from remit_consumers.lake.receipts import SINCE_FORMAT_2
from remit_consumers.proof.report import report
from remit_consumers.proof.tenant import tenant_report
from remit_consumers.proof.verify import Verification, packs_waiting, verify
from remit_schemas.errors import SettingsError

TABLE = "events/page_view"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with three packs stored, and their receipts laid out but for the last."""
    folder = tmp_path / "data"
    lake = Lake(folder / "lake")
    lake.claim(LOG, 0)
    for offset in range(3):
        if offset == 2:
            lake.materialise()
        lake.commit(make_flush(offset))
    return folder


def broken(verification: Verification) -> set[str]:
    return {name for name, check in verification.checks.items() if not check.holds}


def commit(data: Path, *parts: TableCommit, offset: int = 3) -> None:
    lake = Lake(data / "lake")
    lake.claim(LOG, 0)
    lake.commit(make_flush(offset, *parts))


def test_everything_holds_on_what_was_committed(data: Path) -> None:
    found = verify(data)
    assert found.holds, found.to_dict()
    looked_at = {"chain", "conservation", "values", "sequences", "rows", "erased"}
    looked_at |= {"plain door", "residue", "certificates"}
    assert set(found.checks) == looked_at
    assert json.loads(json.dumps(found.to_dict()))["holds"] is True


def test_everything_holds_on_nothing(tmp_path: Path) -> None:
    assert verify(tmp_path).holds
    assert report(Lake(tmp_path / "lake")).contracts == {}


def test_a_lake_whose_receipts_an_older_version_laid_out_holds_and_goes_on(data: Path) -> None:
    folder = data / "lake" / "receipts"
    older = DeltaTable(folder).to_pyarrow_table().drop_columns(sorted(SINCE_FORMAT_2))
    shutil.rmtree(folder)
    write_deltalake(folder, older)
    assert verify(data).holds
    commit(data)
    Lake(data / "lake").materialise()
    assert {field.name for field in DeltaTable(folder).schema().fields} > SINCE_FORMAT_2
    assert verify(data).holds


def test_the_report_tells_the_law_for_each_contract_and_what_became_of_values(data: Path) -> None:
    sources = [SourceCount(PRODUCER, 0, 4, 20, let_go=2, refused={"stopped": 4})]
    counts = EventCounts(stored=3, refused={"no_consent": 1})
    receipt = replace(make_receipt(3), events=counts, sources=sources)
    commit(data, TableCommit(TABLE, make_rows(3), receipt), make_quarantined(3, "malformed", 1))
    told = report(Lake(data / "lake"))
    expected = {
        "offered": 20,
        "stored": 12,
        "refused": 5,
        "quarantined": 1,
        "let_go": 2,
        "expired": 0,
        "in_flight": 0,
        "present": 12,
        "revoked": 0,
        "swept": 0,
        "erased": 0,
    }
    assert told.contracts == {"page_view": expected}
    reasons = {"refused.stopped": 4, "refused.no_consent": 1, "quarantined.malformed": 1}
    assert told.reasons == {"page_view": reasons}
    address = told.categories["user.device.ip_address"]
    assert (address["values_in"], address["kept"], address["reduced"], address["refused"]) == (
        12,
        0,
        12,
        0,
    )
    assert (
        told.purposes["essential.service"]["values_out"] == told.clauses["S025"]["values_out"] == 12
    )
    assert told.reducers["ip"]["bytes_out"] == 108
    assert told.policy_versions == {"2021-11-01": 12}
    assert json.loads(json.dumps(told.to_dict()))["contracts"]["page_view"] == expected


def test_packs_nobody_could_open_count_as_offered_until_a_later_header_counts_them(
    data: Path,
) -> None:
    pack = PackCount(PRODUCER, 0, 4, 0, 3, 5, bytes(32), PackOutcome.EXPIRED)
    receipt = replace(
        make_receipt(3, 0), events=EventCounts(expired=5), sources=[], packs=[pack], fields=[]
    )
    commit(data, TableCommit(TABLE, None, receipt, SCHEMA))
    figures = report(Lake(data / "lake")).contracts["page_view"]
    assert (figures["offered"], figures["expired"], figures["in_flight"]) == (14, 5, 0)
    later = replace(make_receipt(4), sources=[SourceCount(PRODUCER, 0, 5, 17)])
    commit(data, TableCommit(TABLE, make_rows(4), later), offset=4)
    figures = report(Lake(data / "lake")).contracts["page_view"]
    assert (figures["offered"], figures["in_flight"]) == (17, 0)
    assert verify(data).holds


def test_what_is_in_flight_is_a_breach_only_if_nothing_waits(data: Path) -> None:
    receipt = replace(make_receipt(3), sources=[SourceCount(PRODUCER, 0, 4, 15)])
    commit(data, TableCommit(TABLE, make_rows(3), receipt))
    assert broken(verify(data)) == {"conservation"}
    assert verify(data, lag=1).holds


def test_more_outcomes_than_offers_are_a_breach(data: Path) -> None:
    receipt = replace(make_receipt(3), sources=[SourceCount(PRODUCER, 0, 4, 11)])
    commit(data, TableCommit(TABLE, make_rows(3), receipt))
    assert broken(verify(data, lag=9)) == {"conservation"}


@pytest.mark.clause("S110d")
def test_a_receipt_changed_in_its_table_is_seen(data: Path) -> None:
    (file,) = (data / "lake/receipts").glob("*.parquet")
    table = pq.read_table(file)
    at = table.schema.get_field_index("values_in")
    changed = [value and value + 1 for value in table.column(at).to_pylist()]
    pq.write_table(table.set_column(at, "values_in", pa.array(changed, pa.int64())), file)
    assert "chain" in broken(verify(data))


@pytest.mark.clause("S110d")
def test_a_receipt_changed_in_the_commit_log_is_seen(data: Path) -> None:
    log = data / "lake" / TABLE / "_delta_log" / f"{1:020d}.json"
    log.write_text(log.read_text().replace('\\"stored\\":3', '\\"stored\\":2'))
    assert {"chain", "rows"} <= broken(verify(data))


@pytest.mark.clause("S110d")
def test_a_row_taken_away_is_seen(data: Path) -> None:
    DeltaTable(data / "lake" / TABLE).delete("index = 1")
    commit(data)
    assert {"rows", "values"} & broken(verify(data))


@pytest.mark.clause("S110d")
def test_a_row_put_in_is_seen(data: Path) -> None:
    write_deltalake(data / "lake" / TABLE, make_rows(0, 1), mode="append")
    commit(data)
    found = verify(data).checks["rows"]
    assert "1 events stand twice" in found.detail
    assert "13 rows, receipts say 12" in found.detail


@pytest.mark.clause("S110d")
def test_a_file_changed_on_disk_is_seen(data: Path) -> None:
    file = next((data / "lake" / TABLE).glob("day=*/*.parquet"))
    pq.write_table(pq.read_table(file, partitioning=None).slice(0, 2), file)
    assert "rows" in broken(verify(data))


def test_a_row_without_its_tags_is_seen(data: Path) -> None:
    commit(data, TableCommit(TABLE, make_rows(3, tagset=None), make_receipt(3)))
    assert "without tagset" in verify(data).checks["rows"].detail


def test_a_tagset_nobody_explains_is_seen(data: Path) -> None:
    commit(data, TableCommit(TABLE, make_rows(3, tagset="feedfeedfeedfeed"), make_receipt(3)))
    assert "catalogue" in verify(data).checks["rows"].detail


def test_a_value_that_no_receipt_counts_is_seen(data: Path) -> None:
    commit(data, TableCommit(TABLE, make_rows(3), replace(make_receipt(3), fields=[])))
    assert verify(data).checks["rows"].detail == f"{TABLE}.ip: 12 values, receipts say 9"


def test_a_value_refused_and_stored_is_seen(data: Path) -> None:
    receipt = make_receipt(3)
    fields = [replace(receipt.fields[0], decision=type(receipt.fields[0].decision)("refuse"))]
    commit(data, TableCommit(TABLE, make_rows(3), replace(receipt, fields=fields)))
    assert broken(verify(data)) == {"values"}


@pytest.mark.clause("S110e")
def test_a_pack_that_is_missing_is_seen_unless_its_source_let_it_go(data: Path) -> None:
    pack = replace(make_receipt(3).packs[0], sequence=5)
    lost = replace(make_receipt(3), packs=[pack])
    shutil.copytree(data, data.parent / "let_go")
    commit(data, TableCommit(TABLE, make_rows(3), lost))
    assert broken(verify(data)) == {"sequences"}
    let_go = replace(lost, sources=[SourceCount(PRODUCER, 0, 5, 14, let_go=2)])
    commit(data.parent / "let_go", TableCommit(TABLE, make_rows(3), let_go))
    assert verify(data.parent / "let_go").holds


def test_a_pack_that_stands_twice_is_seen(data: Path) -> None:
    receipt = replace(make_receipt(3), packs=make_receipt(2).packs)
    commit(data, TableCommit(TABLE, make_rows(3), receipt))
    assert "1 packs stand twice" in verify(data).checks["sequences"].detail


def test_an_address_a_mailbox_and_a_canary_left_anywhere_are_seen_and_not_repeated(
    data: Path,
) -> None:
    commit(data, TableCommit(TABLE, make_rows(3, ip="203.0.113.77"), make_receipt(3)))
    (data / "note").write_text("bob@example.org planted-123")
    detail = verify(data, canaries=["planted-123"]).checks["residue"].detail
    assert f"lake/{TABLE}/day=2026-11-23/ip: 1 ipv4" in detail
    assert "note: 1 canary, 1 email" in detail
    assert "203.0" not in detail
    assert "bob" not in detail


def test_packs_in_the_spool_wait_until_the_lake_has_them(data: Path) -> None:
    slot = data / "spool/slot-00"
    slot.mkdir(parents=True)
    (data / "spool/id").write_text(LOG.removeprefix("spool/"))
    for number in (1, 2, 3, 4):
        (slot / f"{number:020d}.pack").write_bytes(b"")
    (slot / f"open-{PRODUCER.hex()}-000-{7:020d}").write_bytes(b"")
    assert packs_waiting(data) == 3


def of_two(offset: int, first: int, second: int, sources: dict[str, int]) -> TableCommit:
    """A commit of three events whose receipt tells how many were whose, and what sources say."""
    tenants = {"anna": EventCounts(stored=first), "benedict": EventCounts(stored=second)}
    told = [SourceCount(PRODUCER, 0, offset + 1, n, tenant=name) for name, n in sources.items()]
    receipt = replace(make_receipt(offset), tenants=tenants, sources=told)
    return TableCommit(TABLE, make_rows(offset), receipt)


def two(tmp_path: Path, *parts: TableCommit) -> Path:
    folder = tmp_path / "data"
    lake = Lake(folder / "lake")
    lake.claim(LOG, 0)
    lake.commit(make_flush(0, *parts))
    return folder


def test_the_law_holds_for_each_tenant_and_no_breach_names_one(tmp_path: Path) -> None:
    assert verify(two(tmp_path / "a", of_two(0, 2, 1, {"anna": 2, "benedict": 1}))).holds
    crossed = verify(two(tmp_path / "b", of_two(0, 2, 1, {"anna": 1, "benedict": 2})))
    assert broken(crossed) == {"conservation"}
    said = crossed.checks["conservation"].detail
    assert said == "page_view: the events of 2 tenants are not accounted for"


def test_tenants_that_are_not_the_whole_are_a_breach(tmp_path: Path) -> None:
    found = verify(two(tmp_path, of_two(0, 2, 2, {"anna": 2, "benedict": 1})))
    assert broken(found) == {"conservation"}
    assert "its tenants together are not" in found.checks["conservation"].detail


def test_a_tenants_report_says_which_figures_an_older_receipt_leaves_out(
    data: Path,
) -> None:
    commit(data, of_two(3, 2, 1, {"anna": 2, "benedict": 1}))
    told = tenant_report(Lake(data / "lake"), "anna", frozenset())
    assert told.untold == ("page_view",)
    assert told.contracts["page_view"]["stored"] == 2
    assert told.contracts["page_view"]["in_flight"] is None
    assert verify(data).holds


def test_a_tenant_that_nobody_knows_has_no_report(data: Path) -> None:
    with pytest.raises(SettingsError, match="no such tenant"):
        tenant_report(Lake(data / "lake"), "carol", frozenset())
    assert tenant_report(Lake(data / "lake"), "carol", frozenset({"carol"})).contracts == {}
