"""Reports of a period, as pages and for everybody: the figures are those of the receipts."""

import base64
import json
import re
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.lake import LOG, PRODUCER, make_flush, make_receipt, make_rows
from remit_consumers.evidence.anchor import Stand
from remit_consumers.evidence.sections import figure, sections
from remit_consumers.evidence.transparency import Blur, public
from remit_consumers.evidence.written import About, html, pdf
from remit_consumers.lake.commit import Lake, TableCommit
from remit_consumers.lake.receipt import SourceCount
from remit_consumers.lake.receipts import laid_out, links
from remit_consumers.period import EVER, Period
from remit_consumers.proof.report import report, told
from remit_schemas.errors import SettingsError

DAYS = [date(2026, 11, day) for day in (1, 2, 3)]
ABOUT = About(
    datetime(2026, 11, 4, tzinfo=UTC), "salesmartly 2021-11-01", {"t": Stand(3, 2, "ab" * 32)}
)
CHINESE = "我们会自动接收并记录 <b>您的</b> & IP地址"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """A lake of three commits."""
    lake = Lake(tmp_path / "lake")
    lake.claim(LOG, 0)
    for offset in range(3):
        sources = [SourceCount(PRODUCER, 0, offset + 1, (offset + 1) * 5, refused={"stopped": (offset + 1) * 2})]  # fmt: skip
        part = TableCommit("events/page_view", make_rows(offset), replace(make_receipt(offset), sources=sources))  # fmt: skip
        lake.commit(make_flush(offset, part))
    return lake


def dated(lake: Lake, days: list[date]) -> pa.Table:
    """The receipts, as if each commit had been written at noon of another day."""
    chained = links(lake.receipts())
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in days]
    return laid_out(
        [
            replace(link, at_ms=int(noon.timestamp() * 1000))
            for link, noon in zip(chained, noons, strict=True)
        ]
    )


def test_a_period_tells_of_its_commits_and_the_law_holds_in_it(lake: Lake) -> None:
    receipts = dated(lake, DAYS)
    whole = told(receipts)
    assert whole.contracts["page_view"]["offered"] == 15
    for first, last, many in ((DAYS[0], DAYS[0], 1), (DAYS[1], DAYS[2], 2), (None, DAYS[1], 2)):
        part = told(receipts, Period(first, last))
        law = part.contracts["page_view"]
        assert (law["offered"], law["stored"], law["refused"]) == (5 * many, 3 * many, 2 * many)
        assert law["offered"] == sum(
            law[name] for name in ("stored", "refused", "quarantined", "let_go", "expired", "in_flight")
        )  # fmt: skip
        assert part.categories["user.device.ip_address"]["values_in"] == 3 * many
    assert told(receipts, Period(date(2027, 1, 1))).contracts == {}
    assert told(receipts, EVER) == whole


@settings(max_examples=8)
@given(st.integers(0, 4), st.integers(0, 4))
def test_two_periods_side_by_side_are_the_whole(first: int, second: int) -> None:
    with TemporaryDirectory() as folder:
        lake = Lake(Path(folder) / "lake")
        lake.claim(LOG, 0)
        for offset in range(first + second):
            lake.commit(make_flush(offset))
        receipts = dated(lake, [DAYS[0]] * first + [DAYS[1]] * second)
        parts = [told(receipts, Period(day, day)).contracts for day in DAYS[:2]]
        sums = sum(part.get("page_view", {}).get("offered", 0) for part in parts)
        assert sums == told(receipts).contracts.get("page_view", {}).get("offered", 0)


def test_a_lake_knows_when_its_commits_were_written(lake: Lake) -> None:
    today = datetime.now(UTC).date()
    assert report(lake, Period(today, today)).contracts == report(lake).contracts
    assert report(lake, Period(None, date(2020, 1, 1))).contracts == {}
    lake.materialise()
    assert report(lake, Period(today, today)).contracts == report(lake).contracts
    assert report(lake, Period(today)).to_dict()["period"] == {
        "from": today.isoformat(),
        "to": None,
    }


def test_a_period_is_written_as_two_days() -> None:
    assert Period.named("", "") == EVER
    assert Period.named("2026-11-01", "2026-11-30").end == datetime(2026, 12, 1, tzinfo=UTC)
    for first, last in (("1.11.2026", ""), ("2026-11-02", "2026-11-01"), ("", "2026-02-30")):
        with pytest.raises(SettingsError):
            Period.named(first, last)


def test_a_page_has_every_figure_and_escapes_what_is_put_into_it(lake: Lake) -> None:
    facts = report(lake).to_dict()
    clauses = facts["clauses"]
    assert isinstance(clauses, dict)
    clauses["S025"] = {**clauses["S025"], "text": CHINESE}
    page = html(facts, ABOUT)
    assert "&lt;b&gt;您的&lt;/b&gt;" in page
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=", page)
    for section in sections(facts):
        for row in section.rows.values():
            assert all(f"<td>{figure(row, column)}</td>" in page for column in section.columns)
    assert "Nothing was stored" in html(report(Lake(lake.root / "none")).to_dict(), ABOUT)


def test_a_pdf_has_text_headings_and_numbered_pages(lake: Lake) -> None:
    facts = report(lake).to_dict()
    many = {f"S{n:03}": {"values_in": n, "text": CHINESE} for n in range(1, 90)}
    whole = pdf({**facts, "clauses": many}, ABOUT)
    assert whole.startswith(b"%PDF-")
    assert b"/Outlines" in whole
    assert b"STSong-Light" in whole
    text = streams(whole)
    for said in ("Values by category", "您的", "1 / "):
        assert said.encode("utf-16-be") in text
    assert pdf({**facts, "clauses": many}, ABOUT) == whole


def streams(whole: bytes) -> bytes:
    """What the pages of a PDF show: unpacked, with escaped bytes as they are."""
    found = b""
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", whole, re.DOTALL):
        try:
            found += zlib.decompress(base64.a85decode(packed.strip().removesuffix(b"~>")))
        except (ValueError, zlib.error):
            continue
    found = re.sub(rb"\\(\d{3})", lambda one: bytes([int(one[1], 8)]), found)
    return re.sub(rb"\\([()\\])", rb"\1", found)


FACTS = {
    "contracts": {"page_view": {"stored": 1204, "refused": 3, "quarantined": 0}},
    "categories": {
        "user.device": {"kept": 40, "reduced": 3, "refused": 0},
        "user.telemetry": {"kept": 55, "reduced": 60, "refused": 0},
    },
    "requests": {"rights": {"access.done": 12, "erasure.done": 3, "access.denied": 11}},
}
OVER = Period(DAYS[0], DAYS[1])


def test_the_public_report_has_no_small_count_and_says_how_it_was_made() -> None:
    made = public(FACTS, OVER, Blur(), DAYS[2])
    text = json.dumps(made)
    assert made["period"] == {"from": "2026-11-01", "to": "2026-11-02"}
    tables = made["tables"]
    assert isinstance(tables, dict)
    assert tables["contracts"]["rows"]["page_view"]["refused"] == "<10"
    assert tables["categories"]["rows"]["user.device"] == {"kept": "withheld", "reduced": "<10", "refused": 0}  # fmt: skip
    assert tables["requests"]["rows"]["erasure"]["done"] == "<10"
    counts = [int(one) for one in re.findall(r": (\d+)[,}]", json.dumps(tables))]
    assert all(count % 10 == 0 for count in counts)
    assert '"rounded_to": 10' in text


def test_noise_is_the_same_for_the_same_question_and_another_for_another() -> None:
    blur = Blur(1, 0.1, b"k" * 32)
    made = public(FACTS, OVER, blur, DAYS[2])
    assert made == public(FACTS, OVER, blur, DAYS[2])
    assert made != public(FACTS, OVER, replace(blur, key=b"l" * 32), DAYS[2])
    parameters = made["parameters"]
    assert isinstance(parameters, dict)
    assert parameters["noise"]["epsilon"] == 0.1
    for period, wrong in (
        (EVER, blur),
        (OVER, Blur(0)),
        (OVER, Blur(1, 0.0, b"k")),
        (Period(DAYS[0], DAYS[2]), blur),
    ):
        with pytest.raises(SettingsError):
            public(FACTS, period, wrong, DAYS[2])


def test_noise_is_spread_around_the_count() -> None:
    facts = {"contracts": {f"c{n}": {"stored": 1000} for n in range(400)}}
    tables = public(facts, OVER, Blur(1, 0.5, b"k" * 32), DAYS[2])["tables"]
    assert isinstance(tables, dict)
    found = [row["stored"] - 1000 for row in tables["contracts"]["rows"].values()]
    assert abs(sum(found)) / 400 < 0.6
    assert 0.2 < sum(one == 0 for one in found) / 400 < 0.35  # (1 - a) / (1 + a), a = e^-0.5: 0.245
