"""What docs/edge.md shows is so: its commands are run, and answer what stands there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kit.edge_process import EdgeProcess
from kit.parts import RealParts
from kit.tree import ROOT

PAGE = ROOT / "docs" / "edge.md"
FENCED = re.compile(r"^```(bash|json)\n(.*?)^```", re.MULTILINE | re.DOTALL)
NAME = re.compile(r"[0-9a-f]{32}-\d+-\d+:\d+")
WAIT = """
while [ "$(curl -so /dev/null -w '%{http_code}' -X POST "http://127.0.0.1:8080/v1/events?key=$KEY")" = 401 ]; do :; done
"""
"""Until a running edge has taken the key up; the page starts one, which reads it then."""

PART = "the commands of docs/edge.md (curl, bash)"


def test_the_examples_of_the_page_answer_what_it_says(
    edge: EdgeProcess, tmp_path: Path, real_parts: RealParts
) -> None:
    if not (shutil.which("curl") and shutil.which("bash")):
        real_parts.not_ran(PART, "curl or bash is not installed")
        pytest.skip(PART)
    real_parts.ran(PART)
    blocks = FENCED.findall(PAGE.read_text())
    bare = tmp_path / "bin"
    bare.mkdir()
    (bare / "remit").write_text(f'#!/bin/sh\nexec {sys.executable} -m remit_cli "$@"\n')
    (bare / "remit").chmod(0o700)
    script = "\n".join(f"{text}echo" for kind, text in blocks if kind == "bash")
    script = script.replace("remit up --port 8080 &", WAIT).replace(":8080", f":{edge.port}")
    done = subprocess.run(
        ["bash", "-euc", script],  # noqa: S607  # wherever it is installed
        env={**os.environ, "REMIT_DATA": str(edge.data), "PATH": f"{bare}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = NAME.sub("NAME", done.stdout)  # of a record: another each time
    answered = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    shown = [json.loads(NAME.sub("NAME", text)) for kind, text in blocks if kind == "json"]
    assert answered == shown
