"""The formats of lake and spool: on record from their first writing, and what a newer remit wrote is left as it is."""

import gzip
import json
import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from kit.installation import Installation
from remit.slot import claim, prepare, try_lock
from remit_cli.dashboard import site_of
from remit_consumers.dashboard.app import warm
from remit_consumers.dashboard.gate import Gate
from remit_consumers.deployment import Deployment
from remit_consumers.lake.format import FILE, FORMAT
from remit_consumers.settings import Settings
from remit_schemas import spool
from remit_schemas.errors import SpoolError
from remit_schemas.format_file import format_of

NEWER = "written by a newer remit"
WHO = "invented-1"
EVENT = json.dumps({"page": "/cart", "status": 200, "subject": WHO}) + "\n"
LINE = (
    '203.0.113.7 - - [01/Nov/2026:10:00:00 +0000] "GET /cart HTTP/1.1" 200 512 "-" "Mozilla/5.0"\n'
)
PURPOSE = "essential.service.operations"

WRITING: tuple[tuple[str, ...], ...] = (
    ("emit", "page_view"),
    ("emit", "page_view", "--wait"),
    ("import", "access-log", "LOG", "--wait"),
    ("run",),
    ("up", "--port", "0"),
    ("views", "build"),
    ("sweep", "--apply"),
    ("reminimize", "--apply"),
    ("quarantine", "replay"),
    ("consent", "give", "-", "--purpose", "analytics.reporting"),
    ("consent", "withdraw", "-", "--purpose", "analytics.reporting"),
    ("subject", "erase", "-", "--ground", "purpose_ended", "--proof", "account_login"),
    ("subject", "restrict", "-", "--proof", "account_login"),
    ("share", "usage-analysis-services", "--out", "OUT"),
    ("backup", "make", "SHELF"),
    ("restore", "--apply-erasures"),
    ("erasure", "resume"),
    ("notices", "send"),
    ("evidence", "--out", "OUT"),
    ("dashboard", "--port", "0"),
)
READING: tuple[tuple[str, ...], ...] = (
    ("report",),
    ("report", "--json"),
    ("verify",),
    ("query", "SELECT count(*) FROM page_view", "--purpose", PURPOSE),
    ("sweep", "--plan"),
    ("quarantine", "list"),
    ("consent", "show", "-"),
    ("subject", "access", "-"),
    ("requests", "list"),
    ("holds", "list"),
    ("disclosures", "list"),
    ("watch", "--once"),
)


def everything(folder: Path) -> Mapping[str, bytes]:
    """Every file below a folder, but for locks, which hold nothing."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.parent.name != "locks" and "lock" not in path.name
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the installation of this module lies: no command may change it, so one is enough for all."""
    return tmp_path_factory.mktemp("newer")


@pytest.fixture(scope="module")
def newer(folder: Path) -> Installation:
    """An installation with rows, whose lake a newer remit has taken over."""
    installed = Installation(folder)
    installed.remit("emit", "page_view", "--wait", stdin=EVENT)
    (installed.data / "lake" / FILE).write_text(f"{FORMAT + 1}\n", "ascii")
    (folder / "access.log.gz").write_bytes(gzip.compress(LINE.encode()))
    return installed


def words_of(command: tuple[str, ...], folder: Path) -> list[str]:
    """A command with its places filled in."""
    places = {"LOG": "access.log.gz", "SHELF": "shelf", "OUT": "out"}
    return [str(folder / places[word]) if word in places else word for word in command]


@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_a_command_refuses_a_newer_lake_in_one_line_and_changes_nothing(
    newer: Installation, folder: Path, command: tuple[str, ...]
) -> None:
    before = everything(folder)
    stdin = EVENT if command[0] == "emit" else f"{WHO}\n"
    done = newer.remit(*words_of(command, folder), stdin=stdin, expect=2)
    said = done.stderr.splitlines()
    assert len(said) == 1, said
    assert NEWER in said[0]
    assert f"format {FORMAT + 1}" in said[0]
    assert everything(folder) == before


def test_doctor_says_that_a_newer_remit_has_the_lake(newer: Installation, folder: Path) -> None:
    before = everything(folder)
    done = newer.remit("doctor", "--json", expect=1)
    assert json.loads(done.stdout)["checks"]["within reach"]["detail"].count(NEWER) == 1
    assert everything(folder) == before


def test_a_dashboard_in_whose_hands_the_lake_was_taken_over_goes_on_to_say_so(
    newer: Installation, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings.from_env(newer.env)
    gate = Gate(keys=settings.keys)
    warm(site_of(settings, gate, partial(Deployment.open, settings)))
    assert caplog.messages
    assert all(NEWER in message for message in caplog.messages)


def test_lake_and_spool_have_their_format_from_the_first_event_on(embedded: Installation) -> None:
    embedded.remit("emit", "page_view", "--wait", stdin=EVENT)
    assert format_of(embedded.data / "lake" / FILE) == FORMAT
    assert format_of(embedded.data / spool.FOLDER / spool.FORMAT_FILE) == spool.FORMAT


def test_a_lake_from_before_formats_is_gone_on_with_and_given_one(embedded: Installation) -> None:
    embedded.remit("emit", "page_view", "--wait", stdin=EVENT)
    (embedded.data / "lake" / FILE).unlink()
    assert embedded.contract("page_view")["stored"] == 1
    assert not (embedded.data / "lake" / FILE).exists()  # who only reads gives none
    embedded.remit("emit", "page_view", "--wait", stdin=EVENT)
    assert format_of(embedded.data / "lake" / FILE) == FORMAT
    assert embedded.breaches() == {}


def test_a_format_that_cannot_be_read_is_no_old_one(embedded: Installation) -> None:
    embedded.remit("emit", "page_view", "--wait", stdin=EVENT)
    (embedded.data / "lake" / FILE).write_text("one\n", "ascii")
    assert "cannot be read" in embedded.remit("report", expect=2).stderr


def test_a_backup_of_the_lake_carries_its_format_and_a_newer_one_is_not_put_back(
    embedded: Installation, tmp_path: Path
) -> None:
    embedded.remit("emit", "page_view", "--wait", stdin=EVENT)
    made = embedded.facts("backup", "make", str(tmp_path / "shelf"))["backup"]
    stamp = Path(str(made)) / "lake" / FILE
    assert format_of(stamp) == FORMAT
    stamp.write_text(f"{FORMAT + 1}\n", "ascii")
    shutil.rmtree(embedded.data / "lake")
    assert NEWER in embedded.remit("restore", str(made), expect=2).stderr
    assert not (embedded.data / "lake").exists()


def test_a_client_and_a_consumer_refuse_a_newer_spool_and_change_nothing(
    embedded: Installation, tmp_path: Path
) -> None:
    embedded.remit("emit", "page_view", stdin=EVENT)
    file = embedded.data / spool.FOLDER / spool.FORMAT_FILE
    file.write_text(f"{spool.FORMAT + 1}\n", "ascii")
    before = everything(tmp_path)
    for command in (("emit", "page_view"), ("emit", "page_view", "--wait"), ("run",)):
        said = embedded.remit(*command, stdin=EVENT, expect=2).stderr.splitlines()
        assert len(said) == 1
        assert said[0].startswith("remit: the spool in ")
        assert NEWER in said[0]
    assert everything(embedded.data / spool.FOLDER) == {
        name.removeprefix("data/spool/"): data
        for name, data in before.items()
        if name.startswith("data/spool/")
    }


def test_a_dead_process_s_slot_is_left_alone_in_a_newer_spool(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / spool.FORMAT_FILE).write_text(f"{spool.FORMAT + 1}\n", "ascii")
    assert try_lock(tmp_path / spool.slot_name(0)) is None
    assert not (tmp_path / spool.slot_name(0)).exists()
    with pytest.raises(SpoolError, match=NEWER):
        claim(tmp_path)
