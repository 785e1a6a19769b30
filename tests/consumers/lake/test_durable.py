"""A commit that has returned survives a power loss: files and folders are fsynced before anything speaks of them."""

from pathlib import Path

import pytest

from kit.parts import RealParts
from kit.trace import Call, has_strace, trace

SCRIPT = """
import os
from kit.lake import LOG, make_flush, make_quarantined
from remit_consumers.lake.commit import Lake
lake = Lake({root!r})
lake.claim(LOG, 0)
lake.commit(make_flush(0, *make_flush(0).parts, make_quarantined(0)))
os.write(1, b"BEGIN")
lake.commit(make_flush(1, *make_flush(1).parts, make_quarantined(1)))
os.write(1, b"END")
"""


def commit_calls(tmp_path: Path) -> list[Call]:
    calls = trace(SCRIPT.format(root=str(tmp_path / "lake")), tmp_path)
    marks = [
        at
        for at, call in enumerate(calls)
        if call.name == "write" and {"BEGIN", "END"} & {*call.paths}
    ]
    assert len(marks) == 2
    return calls[marks[0] : marks[1]]


def first(calls: list[Call], name: str, *parts: str) -> int:
    """The place of the first call of a name with a path that holds every part."""
    places = [
        at
        for at, call in enumerate(calls)
        if call.name.startswith(name)
        and any(all(part in path for part in parts) for path in call.paths)
    ]
    assert places, (name, parts)
    return places[0]


def last(calls: list[Call], name: str, *parts: str) -> int:
    return len(calls) - 1 - first(calls[::-1], name, *parts)


def test_files_and_folders_are_fsynced_before_the_commit_and_the_log_before_the_positions(
    tmp_path: Path, real_parts: RealParts
) -> None:
    if not has_strace():
        real_parts.not_ran("strace of a lake commit", "strace is not installed")
        pytest.skip("strace is not installed")
    real_parts.ran("strace of a lake commit", "fsync of file, folder and log, in that order")
    calls = commit_calls(tmp_path)
    rows, positions = "/lake/events/page_view", "/lake/positions"
    named = first(calls, "link", f"{rows}/_delta_log", ".json")
    assert last(calls, "fsync", f"{rows}/day=", ".parquet") < named
    assert any(
        call.name == "fsync" and call.paths[0].endswith("day=2026-11-23") for call in calls[:named]
    )
    assert first(calls, "fsync", f"{rows}/_delta_log/_commit_") < named
    log_is_safe = last(calls, "fsync", f"{rows}/_delta_log")
    assert log_is_safe > named
    assert first(calls, "link", "/lake/quarantine/_delta_log") < named
    stands = first(calls, "link", f"{positions}/_delta_log")
    assert log_is_safe < stands
    assert last(calls, "fsync", f"{positions}/_delta_log") > stands
