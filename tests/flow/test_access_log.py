"""The main job, from outside: a log file through the command into the lake, each line once and nothing plain left."""

import random
import re
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from subprocess import TimeoutExpired
from urllib.parse import unquote

import pyarrow.parquet as pq
import pytest

from kit.installation import Installation, each_once
from kit.watching import commits, until
from remit_cli.sample import sample_lines

LINES = 16_000  # eight packs

COMBINED = re.compile(r'(\S+) \S+ \S+ \[[^\]]+\] "\S+ (\S+) [^"]*" \d+ \S+ "([^"]*)" "([^"]*)"')
"""The combined log format, read here without any code of ours."""

IPV4 = re.compile(rb"(?:\d{1,3}\.){3}\d{1,3}")
IPV6 = re.compile(rb"[0-9a-f]{1,4}:[0-9a-f:]{3,}")
WORD = re.compile(rb"[\w.+@%-]{6,}")

HOLD = """
import sys
from remit import Client
client = Client("holder")
print("holds", flush=True)
sys.stdin.readline()
assert client.close(30)
"""
"""An app that lives and emits nothing: it takes the lowest slot, or one that a dead process left something in."""


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """An invented access log."""
    path = tmp_path / "access.log"
    path.write_text("".join(f"{line}\n" for line in sample_lines(LINES)))
    return path


def secrets_of(log: Path) -> set[bytes]:
    """Everything in a log that must stand nowhere afterwards: addresses, agents, values of queries, e-mails, tokens."""
    found: set[str] = set()
    for match in filter(None, map(COMBINED.fullmatch, log.read_text().splitlines())):
        address, page, referrer, agent = match.groups()
        found |= {address, agent}
        for url in (page, referrer):
            query = url.partition("?")[2].partition("#")[0]
            found |= {pair.partition("=")[2] for pair in query.split("&")}
        found |= set(re.findall(r"[\w.]+@[\w.]+|[0-9a-f]{32}", unquote(page)))
        found |= set(re.findall(r"[\w.]+%40[\w.]+", page))
    return {each.encode() for each in found if len(each) >= 6}


def plain_texts(data: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, as what can be read in it without a key; Parquet by its values."""
    for path in filter(Path.is_file, data.rglob("*")):
        if path.suffix != ".parquet":
            yield str(path), path.read_bytes()
            continue
        table = pq.ParquetFile(path).read()
        for name in table.column_names:
            yield f"{path}: {name}", "\n".join(map(str, table[name].unique().to_pylist())).encode()


def left_behind(data: Path, secrets: set[bytes]) -> set[str]:
    """Where anything stands that must not."""
    agents = {secret for secret in secrets if b" " in secret}
    found = set()
    for place, text in plain_texts(data):
        tokens = {*IPV4.findall(text), *IPV6.findall(text), *WORD.findall(text)}
        if tokens & secrets or any(agent in text for agent in agents):
            found.add(place)
    return found


def assert_each_line_once(installed: Installation, log: Path) -> None:
    """The figures of the report, the rows of the table and an independent count agree, and the proof holds."""
    lines = log.read_text().splitlines()
    events = sum(COMBINED.fullmatch(line) is not None for line in lines)
    told, rows = installed.contract("page_view"), installed.rows("page_view")
    assert (told["offered"], told["stored"]) == (len(lines), events)
    assert told["refused"] == len(lines) - events > 0
    assert (told["quarantined"], told["in_flight"]) == (0, 0)
    assert rows.num_rows == events
    assert each_once(rows)
    assert installed.breaches() == {}


@pytest.mark.clause("S005")
def test_every_line_of_a_log_is_counted_once_and_nothing_of_it_stands_anywhere_in_plain(
    installed: Installation, log: Path
) -> None:
    installed.remit("import", "access-log", str(log), "--wait")
    assert_each_line_once(installed, log)
    secrets = secrets_of(log)
    assert len(secrets) > LINES / 2
    assert left_behind(log.parent, secrets) == {str(log)}
    again = installed.remit("import", "access-log", str(log), "--wait", expect=2)
    assert len(again.stderr.strip().splitlines()) == 1
    assert "--resume" in again.stderr
    before = installed.rows("page_view").num_rows
    installed.remit("import", "access-log", str(log), "--wait", "--resume")
    assert installed.rows("page_view").num_rows == before


def kill_import(installed: Installation, log: Path, table: str = "", pause_s: float = 0) -> None:
    """Start or resume an import and kill it after its first pack lies in the spool, or a commit in a table."""
    before = commits(installed.data, table)
    process = installed.start("import", "access-log", str(log), "--wait", "--resume")

    def has_come() -> bool:
        if table:
            return commits(installed.data, table) > max(before, 0)  # 0 makes the table
        return any(installed.data.glob("spool/*/*.pack"))

    until(lambda: has_come() or process.poll() is not None, "the import never comes so far")
    with suppress(TimeoutExpired):
        process.wait(pause_s)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the import ended before it could be killed"


def test_an_import_killed_at_three_moments_and_resumed_loses_nothing_and_doubles_nothing(
    installed: Installation, log: Path
) -> None:
    kill_import(installed, log)
    kill_import(installed, log, pause_s=random.Random(11).uniform(0.02, 0.1))
    kill_import(installed, log, "events/page_view")
    installed.remit("import", "access-log", str(log), "--wait", "--resume")
    assert_each_line_once(installed, log)


def test_a_resumed_import_that_comes_through_another_slot_stores_nothing_twice(
    embedded: Installation, log: Path
) -> None:
    kill_import(embedded, log, pause_s=0.05)
    holder = embedded.program(HOLD)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holds\n"
    left = set(embedded.data.glob("spool/slot-00/*.pack"))
    assert left
    embedded.remit("import", "access-log", str(log), "--resume")
    assert left <= set(embedded.data.glob("spool/slot-00/*.pack")), "the holder's slot was emptied"
    assert any(embedded.data.glob("spool/slot-01/*.pack"))
    embedded.settle()
    holder.communicate("end\n", timeout=300)
    assert holder.returncode == 0
    assert_each_line_once(embedded, log)
