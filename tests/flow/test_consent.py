"""Consent, from the app to the lake: what is optional is stored where it was agreed to, and nowhere else."""

import json
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc
import pytest
from confluent_kafka.admin import AdminClient
from deltalake import DeltaTable

from kit.crafted import lies
from kit.flowing import shares
from kit.installation import Installation, each_once
from kit.watching import commits, until
from remit_schemas.log_address import KafkaLog, parse_log

OPTIONAL = ("duration_ms", "hardware_cores", "viewport", "utc_offset", "referrer_domain")
REPORTING, IMPROVE = "analytics.reporting", "functional.service.improve"
SUBJECT = "canary-subject-17@birds.example"


def view(page: str, subject: str | None = SUBJECT, **fields: object) -> dict[str, object]:
    """A page view with everything optional on it."""
    return {
        "page": page,
        "subject": subject,
        "status": 200,
        "duration_ms": 17,
        "viewport": "1280x720",
        "utc_offset": "+08:00",
        "referrer": "https://www.google.com/search",
        **fields,
    }


def change(
    status: str, purpose: str = REPORTING, subject: str = SUBJECT, **fields: object
) -> dict[str, object]:
    """A consent change to the policy version that is shipped."""
    said = {"purpose": purpose, "status": status, "method": "api", "agreed_version": "2021-11-01"}
    return {"subject": subject, **said, **fields}


def emit(installed: Installation, contract: str, events: Sequence[object]) -> None:
    """Emit events and have them stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def stored(installed: Installation) -> dict[str, set[str]]:
    """For each page, which optional fields were stored."""
    found: dict[str, set[str]] = {}
    for row in installed.rows("page_view").to_pylist():
        there = {name for name in OPTIONAL if row.get(name) is not None}
        found.setdefault(row["page"], set()).update(there)
    return found


@pytest.mark.clause("S016", "S092", "S093")
def test_what_was_agreed_to_is_stored_and_after_a_withdrawal_no_more(
    installed: Installation,
) -> None:
    emit(installed, "page_view", [view("/before")])
    emit(installed, "consent_change", [change("given"), change("given", IMPROVE)])
    emit(installed, "page_view", [view("/given"), view("/nobody", None), view("/other", "bob")])
    everything = {"duration_ms", "viewport", "utc_offset", "referrer_domain"}
    assert stored(installed)["/given"] == everything
    emit(installed, "consent_change", [change("withdrawn", IMPROVE)])
    emit(installed, "page_view", [view("/half")])
    found = stored(installed)
    assert found["/half"] == found["/given"] == {"viewport", "utc_offset", "referrer_domain"}
    emit(installed, "consent_change", [change("withdrawn")])
    emit(installed, "page_view", [view("/after")])
    found = stored(installed)
    for page in ("/before", "/nobody", "/other", "/after", "/given", "/half"):
        assert found[page] == set(), page
    rows = installed.rows("page_view")
    assert each_once(rows)
    assert len(rows.column("tagset").unique()) == 1, "nobody agrees to anything any more"
    told = installed.facts("report")["consents"]
    assert isinstance(told, dict)
    assert told[REPORTING] == {
        "given": 1,
        "refused": 0,
        "withdrawn": 1,
        "events_granted": 2,
        "events_withheld": 4,
    }
    checks = installed.checks("--canaries", "-", stdin=f"{SUBJECT}\n")
    assert not {name: check["detail"] for name, check in checks.items() if not check["holds"]}


def test_the_ledger_names_nobody_and_says_what_was_said(embedded: Installation) -> None:
    emit(embedded, "consent_change", [change("given"), change("refused", IMPROVE)])
    table = DeltaTable(str(embedded.data / "lake" / "consents")).to_pyarrow_table()
    said = table.select(["purpose", "status", "agreed_version", "method"]).to_pylist()
    assert [tuple(row.values()) for row in said] == [
        (REPORTING, "given", "2021-11-01", "api"),
        (IMPROVE, "refused", "2021-11-01", "api"),
    ]
    names = set(table.column("subject").to_pylist())
    rows = set(embedded.rows("consent_change").column("subject").to_pylist())
    assert len(names) == len(rows) == 1
    assert not names & rows, "the ledger has a name of its own"


SPEAKING = """
import sys
from remit import Client, ConsentChange, PageView
client, number = Client("speaking"), 0
def say(who, status):
    change = ConsentChange(purpose="analytics.reporting", status=status, agreed_version="2021-11-01", method="api")
    assert client.emit(change, subject=who)
for line in sys.stdin:
    word, *groups = line.split()
    for n in range(20):
        for group in groups:
            if word == "view":
                number += 1
                event = PageView(page=f"/{group}", status=number, utc_offset="+01:00")
                assert client.emit(event, subject=f"{group} {n}")
            else:
                say(f"{group} {n}", word)
    assert client.flush(60)
    print(number, flush=True)
sys.exit(0 if client.close(10) else 1)
"""
"""Does what it is told, a line at a time: `given faithful fickle` has everybody of these groups agree, `view GROUP…`
has them look at a page each. It answers when all of that is on the log, with how many pages were looked at so far."""

GROUPS = ("faithful", "fickle", "silent")


class Speaking:
    """An app whose subjects say and do what a test tells them."""

    def __init__(self, installed: Installation) -> None:
        self._app = installed.program(SPEAKING)

    def do(self, word: str, *groups: str) -> int:
        """Have groups say or do something; give the number of page views so far."""
        assert self._app.stdin is not None
        assert self._app.stdout is not None
        self._app.stdin.write(" ".join((word, *groups)) + "\n")
        self._app.stdin.flush()
        said = self._app.stdout.readline()
        assert said, self._app.communicate()[1][-2000:]
        return int(said)

    def end(self) -> None:
        """Have it end, with everything on the log."""
        _, problems = self._app.communicate(timeout=300)
        assert self._app.returncode == 0, problems[-2000:]


def assert_as_agreed(installed: Installation, first: int, last: int, views: int) -> None:
    """Every view stands once, and with what is optional exactly where its subject agreed.

    Args:
        installed: Where.
        first: The last view before anybody agreed.
        last: The last view before the fickle withdrew.
        views: All views.
    """
    rows = installed.rows("page_view").filter(pc.field("status") > 0)
    told = [(row["status"], row["page"], row["utc_offset"]) for row in rows.to_pylist()]
    assert sorted(number for number, _, _ in told) == list(range(1, views + 1))
    for number, page, offset in told:
        is_faithful, is_fickle = page == "/faithful", page == "/fickle"
        if number <= first or not (is_faithful or is_fickle) or (is_fickle and number > last):
            assert offset is None, (number, page)
        elif is_faithful:
            assert offset == "+01:00", number
        # What the fickle looked at before they withdrew is stored with it or without: it was committed before or not.
    assert each_once(rows)
    ledger = DeltaTable(str(installed.data / "lake" / "consents")).to_pyarrow_table()
    assert each_once(ledger)
    assert ledger.num_rows == installed.rows("consent_change").num_rows == 60
    assert installed.breaches() == {}


@pytest.mark.slow
def test_consent_outlives_consumers_that_are_killed_right_after_the_ledger_was_written(
    embedded: Installation, tmp_path: Path
) -> None:
    embedded.env["REMIT_FLUSH_AFTER_S"] = "0.1"
    embedded.prepare()
    app = Speaking(embedded)
    consumer = embedded.consume(tmp_path / "run.log")

    def killed_at(table: str, word: str, *groups: str) -> int:
        nonlocal consumer
        before = commits(embedded.data, table)
        number = app.do(word, *groups)
        until(lambda: commits(embedded.data, table) > max(before, 0), f"nothing in {table}")
        consumer.kill()
        consumer.wait()
        consumer = embedded.consume(tmp_path / "run.log")
        return number

    first = killed_at("events/page_view", "view", *GROUPS)
    killed_at("consents", "given", "faithful", "fickle")
    last = killed_at("events/page_view", "view", *GROUPS)
    killed_at("consents", "withdrawn", "fickle")
    views = killed_at("events/page_view", "view", *GROUPS)
    app.end()
    consumer.terminate()
    consumer.wait()
    embedded.settle()
    assert_as_agreed(embedded, first, last, views)


@pytest.mark.kafka
@pytest.mark.slow
def test_consent_goes_with_its_partition_from_one_consumer_to_another(
    on_kafka: Installation, tmp_path: Path
) -> None:
    on_kafka.env |= {
        "REMIT_FLUSH_AFTER_S": "0.1",
        "REMIT_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "REMIT_KAFKA_HEARTBEAT_INTERVAL_MS": "300",
    }
    log = parse_log(on_kafka.env["REMIT_LOG"])
    assert isinstance(log, KafkaLog)
    admin, group = AdminClient({"bootstrap.servers": log.bootstrap}), f"{log.prefix}.run"
    on_kafka.prepare()
    app = Speaking(on_kafka)
    one = on_kafka.consume(tmp_path / "one.log")
    first = app.do("view", *GROUPS)
    app.do("given", "faithful", "fickle")
    until(lambda: commits(on_kafka.data, "consents") > 0, "nobody records")
    two = on_kafka.consume(tmp_path / "two.log")
    until(lambda: shares(admin, group) == [6, 6], "the two do not share the partitions")
    last = app.do("view", *GROUPS)
    app.do("withdrawn", "fickle")
    one.kill()
    one.wait()
    until(lambda: shares(admin, group) == [12], "the second does not take over")
    views = app.do("view", *GROUPS)
    app.end()
    two.terminate()
    assert two.wait(60) == 0, (tmp_path / "two.log").read_text()[-2000:]
    on_kafka.settle()
    assert_as_agreed(on_kafka, first, last, views)


def test_a_ledger_out_of_reach_keeps_everything_on_the_log_until_it_is_back(
    embedded: Installation, tmp_path: Path
) -> None:
    emit(embedded, "consent_change", [change("given")])
    emit(embedded, "page_view", [view("/given")])
    ledger, said = embedded.data / "lake" / "consents", tmp_path / "run.log"
    (file,) = ledger.glob("*.parquet")
    away = file.rename(tmp_path / "away")
    embedded.remit("emit", "page_view", stdin=f"{json.dumps(view('/later'))}\n")
    before = commits(embedded.data, "positions")
    consumer = embedded.consume(said)
    until(lambda: "the lake cannot be written" in said.read_text(), "nobody says so")
    assert "Traceback" not in said.read_text()
    assert (lies(embedded.data), commits(embedded.data, "positions")) == (1, before)
    away.rename(file)
    until(lambda: commits(embedded.data, "positions") > before, "it does not go on")
    consumer.terminate()
    assert consumer.wait(60) == 0
    assert stored(embedded)["/later"] == stored(embedded)["/given"] != set()
    assert embedded.breaches() == {}
