"""The engine: it reads what it is given and reaches nothing else, even where a statement was not looked at."""

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from remit_consumers.views.engine import run
from remit_schemas.errors import QueryFailed

CANARY = "canary-17"
VIEW = ds.dataset(pa.table({"page": ["/a", CANARY], "status": [200, 404]}))
page_view_of_another = pa.table({"page": ["/b"]})  # what lies in memory is no table


@pytest.mark.clause("S110a")
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{file}')",
        "SELECT * FROM '{file}'",
        "COPY page_view TO '{file}'",
        "ATTACH '{file}' AS other",
        "INSTALL httpfs",
        "SET memory_limit = '9GB'",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SELECT * FROM page_view_of_another",
        "SELECT * FROM duckdb_secrets()",
    ],
)
def test_nothing_beyond_its_views_can_be_reached(sql: str, tmp_path: Path) -> None:
    file = tmp_path / "other.csv"
    file.write_text(f"page\n{CANARY}\n")
    with pytest.raises(QueryFailed) as failed:
        run(sql.format(file=file), {"page_view": VIEW})
    assert CANARY not in str(failed.value)
    assert file.read_text() == f"page\n{CANARY}\n"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT CAST(page AS INTEGER) FROM page_view",
        "SELECT error(page) FROM page_view",
        "SELECT nothing FROM page_view WHERE page = 'canary-17'",
        "SELECT no_function('canary-17')",
    ],
)
def test_an_error_quotes_no_value(sql: str) -> None:
    with pytest.raises(QueryFailed) as failed:
        run(sql, {"page_view": VIEW})
    assert CANARY not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_statement_that_takes_too_long_is_stopped() -> None:
    endless = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE a.range + b.range < 0"
    with pytest.raises(QueryFailed, match="stopped"):
        run(endless, {}, timeout_s=0.2)


def test_times_are_told_in_utc_whatever_the_machine_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    hour = run("SELECT hour(TIMESTAMPTZ '2026-03-05 12:00:00+00') AS h", {})
    assert hour.to_pylist() == [{"h": 12}]
