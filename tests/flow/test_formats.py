"""The formats of lake and spool: on record from their first writing, and what a newer remit wrote is left as it is."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.installation import Installation
from remit_consumers.lake.format import FILE, FORMAT

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


@pytest.fixture
def newer(embedded: Installation) -> Installation:
    """An installation with rows, whose lake a newer remit has taken over."""
    embedded.remit("emit", "page_view", "--wait", stdin=EVENT)
    (embedded.data / "lake" / FILE).write_text(f"{FORMAT + 1}\n", "ascii")
    return embedded


def words_of(command: tuple[str, ...], folder: Path) -> list[str]:
    """A command with its places filled in."""
    log = folder / "access.log.gz"
    log.write_bytes(gzip.compress(LINE.encode()))
    return [{"LOG": str(log), "SHELF": str(folder / "shelf"), "OUT": str(folder / "out")}.get(word, word) for word in command]


@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_a_command_refuses_a_newer_lake_in_one_line_and_changes_nothing(
    newer: Installation, tmp_path: Path, command: tuple[str, ...]
) -> None:
    words = words_of(command, tmp_path)
    before = everything(tmp_path)
    stdin = EVENT if command[0] == "emit" else f"{WHO}\n"
    done = newer.remit(*words, stdin=stdin, expect=2)
    said = done.stderr.splitlines()
    assert len(said) == 1, said
    assert NEWER in said[0]
    assert f"format {FORMAT + 1}" in said[0]
    assert everything(tmp_path) == before
