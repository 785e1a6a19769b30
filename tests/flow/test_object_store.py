"""The commands with a lake on an object store: what works there, works as in a folder; all else is refused in one line."""

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pytest

from kit.flowing import end, flow, log_of_its_own, tell
from kit.gone import forms_of, holding
from kit.installation import Installation, each_once
from kit.kafka import Kafka
from kit.object_store import ObjectStore, named_store
from kit.parts import RealParts
from kit.watching import until
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import certificates_in
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.settings import Settings
from remit_consumers.store.place import at_address

ANN = "ann.smith@customers.example"
VIEWS = [{"page": "/a", "subject": who, "utc_offset": "+08:00"} for who in (ANN, "bob")]
TWO = "two consumers on Kafka whose lake is on an object store"
SOON = {"REMIT_FLUSH_AFTER_S": "0.5", "REMIT_KAFKA_SESSION_TIMEOUT_MS": "6000"}
RATE = 300  # events a second
PROVE_S = 300.0
STALLED_S, PROVE_STALLED_S = (
    25.0,
    200.0,
)  # a request waits 20 s, and a commit's name for two times 80
SELECT = "SELECT count(*) AS n FROM page_view"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store of its own, and an environment that names it."""
    with named_store(monkeypatch) as made:
        yield made


def installed_on(store: ObjectStore, folder: Path, log: str = "", **extra: str) -> Installation:
    """An installation whose lake lies on the store, in a bucket of its own."""
    bucket = f"flow-{os.getpid()}-{abs(hash(folder.name))}"
    store.client().create_bucket(Bucket=bucket)
    return Installation(folder, log=log, REMIT_LAKE=f"s3://{bucket}/prod", **store.env, **extra)


def rows(installed: Installation) -> pa.Table:
    """The page views that are stored."""
    root = at_address(installed.env["REMIT_LAKE"])
    return open_table(root, "events/page_view").delta.to_pyarrow_table()


def count(installed: Installation) -> int:
    """How many page views are stored; none before there is a table."""
    is_there = is_table(at_address(installed.env["REMIT_LAKE"]), "events/page_view")
    return int(rows(installed).num_rows) if is_there else 0


def emit(installed: Installation, contract: str, events: Sequence[object]) -> None:
    """Emit events and wait until they are stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def change(status: str, subject: str) -> dict[str, str]:
    """A consent change."""
    said = {"purpose": "analytics.reporting", "status": status, "method": "api"}
    return {"subject": subject, "agreed_version": "2021-11-01", **said}


@pytest.mark.clause("S079b", "S095c")
def test_events_are_stored_read_revoked_swept_and_erased_from_every_object_of_a_store(
    store: ObjectStore, tmp_path: Path
) -> None:
    installed = installed_on(store, tmp_path)
    emit(installed, "consent_change", [change("given", who) for who in (ANN, "bob")])
    emit(installed, "page_view", VIEWS)
    assert rows(installed).column("utc_offset").null_count == 0
    emit(installed, "consent_change", [change("withdrawn", ANN)])
    stored = rows(installed)
    assert (stored.num_rows, stored.column("utc_offset").null_count) == (2, 1)
    assert installed.contract("page_view")["stored"] == 2
    installed.remit("sweep", "--apply")
    told = installed.facts("query", SELECT, "--purpose", "essential.service.operations")
    assert "2" in json.dumps(told)
    forms = forms_of(Deployment.open(Settings.from_env(installed.env)), SubjectRef("", ANN))
    assert objects_holding(store, installed, forms)
    proof = ("--proof", "account_login")
    installed.remit("subject", "access", "-", *proof, "--out", str(tmp_path / "a.zip"), stdin=ANN)
    installed.remit("subject", "erase", "-", *proof, "--ground", "purpose_ended", stdin=ANN)
    assert objects_holding(store, installed, forms) == []
    assert holding(installed.data, forms) == []
    (certificate,) = certificates_in(installed.data)
    assert certificate.facts["search"]["found"] == 0
    assert rows(installed).num_rows == 1
    assert installed.breaches() == {}
    assert "witness" in installed.remit("doctor").stdout
    assert not (installed.data / "lake").exists()


def test_a_store_that_takes_requests_and_answers_none_for_a_while_costs_no_event(
    store: ObjectStore, tmp_path: Path
) -> None:
    installed = installed_on(store, tmp_path)
    emit(installed, "page_view", VIEWS)
    store.stall(STALLED_S)
    emit(installed, "page_view", VIEWS)
    assert store.faults["stalled"]
    emit(installed, "page_view", VIEWS)
    stored = rows(installed)
    assert stored.num_rows == 3 * len(VIEWS)
    assert each_once(stored)
    assert installed.breaches() == {}


def objects_holding(store: ObjectStore, installed: Installation, forms: set[bytes]) -> list[str]:
    """The objects of an installation that hold one of these."""
    copied, bucket = installed.data.parent / "copied", installed.env["REMIT_LAKE"].split("/")[2]
    for name in store.names(bucket):
        file = copied / name
        file.parent.mkdir(parents=True, exist_ok=True)
        store.client().download_file(bucket, name, str(file))
    found = holding(copied, forms)
    shutil.rmtree(copied)
    return found


@pytest.mark.kafka
def test_two_consumers_of_which_one_is_killed_store_every_event_once_on_an_object_store(
    store: ObjectStore, tmp_path: Path, kafka: Kafka, real_parts: RealParts, *, prove: bool
) -> None:
    if not prove:  # minutes
        real_parts.not_here(TWO, "make prove runs it")
        pytest.skip(f"{TWO}: make prove runs it")
    installed = installed_on(store, tmp_path, log_of_its_own(kafka), **SOON)
    try:
        installed.prepare()
        consumers = [installed.consume(tmp_path / f"{name}.log") for name in ("one", "two")]
        app = flow(installed, RATE, 1.0)
        until(lambda: count(installed) > RATE, "nothing is stored", PROVE_S, look_s=1.0)
        consumers[0].kill()
        consumers[0].wait()
        installed.consume(tmp_path / "again.log")
        before = count(installed)
        until(lambda: count(installed) > before + RATE, "nobody goes on", PROVE_S, look_s=1.0)
        emitted = tell(app)
        end(app)
        until(lambda: count(installed) >= emitted, "some are not stored", PROVE_S, look_s=1.0)
        assert count(installed) == emitted
        assert each_once(rows(installed))
        assert installed.breaches() == {}
    finally:
        installed.end_all()
    real_parts.ran(TWO)


def test_a_command_that_was_not_built_for_an_object_store_says_so_in_one_line_and_does_nothing(
    store: ObjectStore, tmp_path: Path
) -> None:
    installed = installed_on(store, tmp_path)
    for words in (
        ["backup", "make", str(tmp_path / "b")],
        ["evidence", "--out", str(tmp_path / "e.zip")],
    ):
        done = installed.remit(*words, expect=2)
        assert len(done.stderr.strip().splitlines()) == 1
        assert "local folder" in done.stderr
    assert list(tmp_path.iterdir()) == []
