"""The labels of the service logs say what is somebody's in a line, and nothing is called clean unread."""

import gzip
import sys
from pathlib import Path

import pytest

from kit.tree import ROOT

sys.path.append(str(ROOT))  # bench is no package: it is found from the root of the project

from bench.labelled_logs import LABELS, NotLabelledError, labelled

HEAD = "Jun  9 06:06:20 combo "


def log(folder: Path, *lines: str) -> Path:
    path = folder / "loghub_Linux_2k.log.gz"
    path.write_bytes(gzip.compress("\r\n".join(lines).encode()))
    return path


def test_a_slot_is_a_span_of_its_kind(tmp_path: Path) -> None:
    line = f"{HEAD}ftpd[7]: connection from 192.0.2.7 (pc.example.nl) at Thu Jun  9 06:06:20 2005"
    (row,) = labelled(log(tmp_path, line))
    assert row["text"] == line
    found = [(line[start:end], kind) for start, end, kind in row["spans"]]
    assert found == [("192.0.2.7", "IP"), ("pc.example.nl", "HOST")]


def test_a_line_that_was_read_and_holds_nothing_has_no_span(tmp_path: Path) -> None:
    (row,) = labelled(log(tmp_path, f"{HEAD}kernel: Built 1 zonelists"))
    assert row["spans"] == []


def test_a_line_that_nobody_read_is_an_error_without_the_line(tmp_path: Path) -> None:
    with pytest.raises(NotLabelledError, match="line 2") as caught:
        labelled(log(tmp_path, f"{HEAD}kernel: up", f"{HEAD}newd[1]: alice came"))
    assert "alice" not in str(caught.value)


def test_the_labels_hold_no_address() -> None:
    assert not any(
        part.count(".") == 3 and part.replace(".", "").isdigit()
        for part in LABELS.read_text().split()
    )
