"""The commands with a lake on an object store: what works there, works as in a folder; all else is refused in one line."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pytest

from kit.flowing import end, flow, log_of_its_own, tell
from kit.installation import Installation, each_once, without_holes
from kit.kafka import Kafka
from kit.object_store import ObjectStore
from kit.watching import until
from remit_consumers.lake.tables import open_table
from remit_consumers.store.place import at_address
from remit_schemas.errors import LakeError

VIEWS = [{"page": f"/{who}", "subject": who, "utc_offset": "+08:00"} for who in ("ann", "bob")]
SELECT = "SELECT count(*) AS n FROM page_view"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    """A store of its own, and an environment that names it."""
    with ObjectStore() as made:
        for name, value in made.env.items():
            monkeypatch.setenv(name, value)
        yield made


def installed_on(store: ObjectStore, folder: Path, log: str = "") -> Installation:
    """An installation whose lake lies on the store, in a bucket of its own."""
    bucket = f"flow-{os.getpid()}-{abs(hash(folder.name))}"
    store.client().create_bucket(Bucket=bucket)
    return Installation(folder, log=log, REMIT_LAKE=f"s3://{bucket}/prod", **store.env)


def rows(installed: Installation) -> pa.Table:
    """The page views that are stored."""
    root = at_address(installed.env["REMIT_LAKE"])
    return open_table(root, "events/page_view").delta.to_pyarrow_table()


def emit(installed: Installation, contract: str, events: Sequence[object]) -> None:
    """Emit events and wait until they are stored."""
    lines = "".join(f"{json.dumps(event)}\n" for event in events)
    installed.remit("emit", contract, "--wait", stdin=lines)


def change(status: str, subject: str) -> dict[str, str]:
    """A consent change."""
    said = {"purpose": "analytics.reporting", "status": status, "method": "api"}
    return {"subject": subject, "agreed_version": "2021-11-01", **said}


def test_events_are_stored_read_revoked_swept_and_verified_on_an_object_store(
    store: ObjectStore, tmp_path: Path
) -> None:
    installed = installed_on(store, tmp_path)
    emit(installed, "consent_change", [change("given", who) for who in ("ann", "bob")])
    emit(installed, "page_view", VIEWS)
    assert rows(installed).column("utc_offset").null_count == 0
    emit(installed, "consent_change", [change("withdrawn", "ann")])
    stored = rows(installed)
    assert (stored.num_rows, stored.column("utc_offset").null_count) == (2, 1)
    assert installed.contract("page_view")["stored"] == 2
    installed.remit("sweep", "--apply")
    told = installed.facts("query", SELECT, "--purpose", "essential.service.operations")
    assert "2" in json.dumps(told)
    assert installed.breaches() == {}
    assert not (installed.data / "lake").exists()


def test_a_command_that_was_not_built_for_an_object_store_says_so_in_one_line_and_does_nothing(
    store: ObjectStore, tmp_path: Path
) -> None:
    installed = installed_on(store, tmp_path)
    for words in (["backup", "make", str(tmp_path / "b")], ["doctor"], ["requests", "list"]):
        done = installed.remit(*words, expect=2)
        assert len(done.stderr.strip().splitlines()) == 1
        assert "local folder" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.kafka
@pytest.mark.slow
def test_two_consumers_of_which_one_is_killed_store_every_event_once_on_an_object_store(
    store: ObjectStore, tmp_path: Path, kafka: Kafka
) -> None:
    installed = installed_on(store, tmp_path, log_of_its_own(kafka))
    installed.prepare()
    app = flow(installed, 3_000, seconds=10)
    killed, other = (installed.consume(tmp_path / f"run-{n}.log") for n in range(2))
    try:
        until(lambda: _stored(installed) > 0, "nothing is stored", timeout_s=400, look_s=0.5)
        killed.kill()
        killed.wait()
        emitted = tell(app)
        end(app)
        other.terminate()
        assert other.wait(120) == 0
        installed.settle()
    finally:
        installed.end_all()
    stored = rows(installed)
    assert stored.num_rows == emitted
    assert each_once(stored)
    assert without_holes(stored)
    assert installed.breaches() == {}


def _stored(installed: Installation) -> int:
    """How many page views are stored; none where there is no table yet."""
    with suppress(LakeError, OSError):
        return int(rows(installed).num_rows)
    return 0
