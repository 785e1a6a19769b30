"""Reading: who may ask is looked up, and every read is on record before its rows are handed over."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.crowd import NOW, make_crowd, settings_in
from kit.policies import IMPROVE, OPERATE, REPORT
from remit_consumers.keyfiles import open_folder
from remit_consumers.lake.queries import counted, history
from remit_consumers.settings import Settings
from remit_consumers.views.building import build
from remit_consumers.views.reading import Question, Reader, user_name
from remit_schemas.errors import LakeError, PolicyError, QueryFailed, ReadRefused
from remit_schemas.policy import find_policy

POLICY = find_policy()
COUNT = "SELECT count(*) AS n FROM page_view"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    make_crowd(settings, POLICY, frozenset({REPORT, IMPROVE}), views=200, subjects=20)
    return settings


def reader(settings: Settings, user: str = "ann") -> Reader:
    return Reader(settings, POLICY, lambda: NOW, user)


def on_record(settings: Settings) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = history(settings.lake, NOW).to_pylist()
    return rows


def test_a_read_is_on_record_with_who_what_and_how_much_and_not_with_its_text(
    settings: Settings,
) -> None:
    sql = "SELECT page FROM page_view WHERE page = '/shop/a' LIMIT 3"
    assert reader(settings).ask(Question(sql, REPORT)).num_rows == 3
    (read,) = on_record(settings)
    assert {
        name: read[name] for name in ("user", "role", "purpose", "tenant", "tables", "columns")
    } == {
        "user": "ann",
        "role": "",
        "purpose": REPORT,
        "tenant": "",
        "tables": "page_view",
        "columns": "page",
    }
    assert (read["rows"], read["outcome"], read["reason"]) == (3, "done", "")
    assert read["sql_sha256"] == hashlib.sha256(sql.encode()).hexdigest()
    assert read["keep_until"] == NOW + timedelta(days=1095)
    assert "/shop/a" not in str(read)


@pytest.mark.clause("S110a", "S110c")
def test_reads_that_are_refused_or_fail_are_on_record_and_counted(settings: Settings) -> None:
    for sql, purpose in (
        (COUNT, "analytics.reporting.ad_performance"),
        (COUNT, "canary-purpose"),
        ("SELECT * FROM read_csv('/x')", REPORT),
        ("SELECT duration_ms FROM page_view", REPORT),
    ):
        with pytest.raises(ReadRefused):
            reader(settings).ask(Question(sql, purpose))
    reader(settings).ask(Question(COUNT, REPORT))
    found = [(read["purpose"], read["outcome"], read["reason"]) for read in on_record(settings)]
    assert sorted(found) == [
        (REPORT, "done", ""),
        (REPORT, "failed", "query_failed"),
        (REPORT, "refused", "statement"),
        ("unknown", "refused", "purpose unknown"),
        ("unknown", "refused", "purpose unknown"),
    ]
    assert counted(history(settings.lake, NOW)) == {
        REPORT: {"done": 1, "refused": 1, "failed": 1, "rows": 1},
        "unknown": {"done": 0, "refused": 2, "failed": 0, "rows": 0},
    }


@pytest.mark.clause("S110c")
def test_no_column_comes_from_another_purpose(settings: Settings) -> None:
    for purpose, sql in (
        (REPORT, "SELECT duration_ms FROM page_view"),
        (IMPROVE, "SELECT referrer_domain FROM page_view"),
        (REPORT, "SELECT ip FROM page_view"),
    ):
        with pytest.raises(QueryFailed):
            reader(settings).ask(Question(sql, purpose))
    build(settings, POLICY, OPERATE, NOW)
    theirs = settings.views / OPERATE / "page_view" / "tenant=" / "rows.parquet"
    assert theirs.is_file()
    with pytest.raises(ReadRefused):
        reader(settings).ask(Question("SELECT ip FROM '$'".replace("$", str(theirs)), REPORT))


def test_what_cannot_be_put_on_record_is_not_read(settings: Settings) -> None:
    (settings.lake / "queries").write_text("no table can be made here")
    with pytest.raises(LakeError):
        reader(settings).ask(Question(COUNT, REPORT))


@pytest.mark.clause("S110a")
def test_roles_bind_who_reads(settings: Settings) -> None:
    roles = open_folder(settings.keys) / "roles.yaml"
    roles.write_text("roles:\n  analyst: {purposes: [analytics.reporting], users: [ann]}\n")
    assert reader(settings).ask(Question(COUNT, REPORT, role="analyst")).to_pylist() == [{"n": 200}]
    for question, user in (
        (Question(COUNT, OPERATE, role="analyst"), "ann"),
        (Question(COUNT, REPORT, role="analyst"), "ben"),
        (Question(COUNT, REPORT, "anna", role="analyst"), "ann"),
        (Question(COUNT, REPORT), "ann"),
    ):
        with pytest.raises(ReadRefused):
            reader(settings, user).ask(question)
    reasons = [read["reason"] for read in on_record(settings) if read["outcome"] == "refused"]
    assert sorted(map(str, reasons)) == ["purpose", "role", "tenant", "user"]
    roles.write_text("roles: nonsense\n")
    with pytest.raises(PolicyError):
        reader(settings).ask(Question(COUNT, REPORT, role="analyst"))


@pytest.mark.clause("S110a")
def test_a_tenant_sees_its_own_rows_and_a_name_that_nobody_has_is_not_put_on_record(
    settings: Settings,
) -> None:
    found = reader(settings).ask(Question(COUNT, REPORT, tenant="canary-tenant"))
    assert found.to_pylist() == [{"n": 0}]
    assert on_record(settings)[0]["tenant"] == "unknown"


def test_nobody_reads_under_a_name_that_the_environment_claims(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "LOGNAME", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "canary")
    Reader(settings, POLICY, lambda: NOW).ask(Question(COUNT, REPORT))
    assert on_record(settings)[0]["user"] == user_name() != "canary"


def test_a_record_whose_time_is_up_is_not_shown(settings: Settings) -> None:
    reader(settings).ask(Question(COUNT, REPORT))
    assert history(settings.lake, datetime(2031, 1, 1, tzinfo=UTC)).num_rows == 0
