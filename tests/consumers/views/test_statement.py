"""Statements: one SELECT over views, or nothing."""

import pytest

from remit_consumers.views.statement import looked_at
from remit_schemas.errors import ReadRefused

VIEWS = {"page_view": ["subject", "page", "occurred_at"], "service_log": ["level", "subject"]}


@pytest.mark.parametrize(
    ("sql", "tables", "columns"),
    [
        ("SELECT page FROM page_view", ("page_view",), ("page",)),
        ("select v.PAGE, count(*) from Page_View v group by all", ("page_view",), ("page",)),
        ("FROM service_log", ("service_log",), ("level", "subject")),
        ("SELECT * EXCLUDE (page) FROM page_view", ("page_view",), ("occurred_at", "page", "subject")),
        ("WITH a AS (SELECT page FROM page_view) SELECT count(*) FROM a", ("page_view",), ("page",)),
        ("SELECT level FROM page_view JOIN service_log USING (subject)", ("page_view", "service_log"), ("level", "subject")),
        ("SELECT (SELECT max(occurred_at) FROM page_view) AS m", ("page_view",), ("occurred_at",)),
        ("DESCRIBE page_view", ("page_view",), ("occurred_at", "page", "subject")),
        ("SELECT 1", (), ()),
        ("SELECT * FROM range(3)", (), ()),
    ],
)  # fmt: skip
def test_what_a_select_reads_is_known_before_it_runs(
    sql: str, tables: tuple[str, ...], columns: tuple[str, ...]
) -> None:
    found = looked_at(sql, VIEWS)
    assert (found.tables, found.columns) == (tables, columns)


@pytest.mark.clause("S110a", "S110c")
@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH '/secret.db'",
        "COPY page_view TO '/secret.csv'",
        "COPY (SELECT * FROM page_view) TO '/secret.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "PRAGMA database_list",
        "SET threads = 4",
        "EXPORT DATABASE '/secret'",
        "CREATE TABLE t AS SELECT * FROM page_view",
        "INSERT INTO page_view SELECT * FROM page_view",
        "DROP VIEW page_view",
        "CALL pragma_version()",
        "SELECT * FROM '/secret.parquet'",
        'SELECT * FROM "/secret.parquet"',
        "SELECT * FROM read_csv('/secret')",
        "SELECT * FROM read_text('/secret')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM parquet_scan('/secret')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('page_view')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM other.page_view",
        'WITH "information_schema.tables" AS (SELECT 1) SELECT * FROM information_schema.tables',
        "SELECT page FROM page_view, LATERAL (SELECT * FROM read_blob('/secret'))",
        "SELECT (SELECT count(*) FROM read_csv('/secret'))",
        "WITH a AS (SELECT * FROM read_csv('/secret')) SELECT * FROM a",
        "SELECT 1; SELECT 2",
        "SELEC page FROM page_view",
        "",
    ],
)  # fmt: skip
def test_what_reaches_beyond_the_views_is_refused_and_quotes_nothing(sql: str) -> None:
    with pytest.raises(ReadRefused) as refused:
        looked_at(sql, VIEWS)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_statement_that_no_person_writes_is_refused() -> None:
    with pytest.raises(ReadRefused, match="100000 characters"):
        looked_at(f"SELECT '{'a' * 100_000}'", VIEWS)
