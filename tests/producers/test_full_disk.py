"""A disk that is full: emits are refused and counted, nothing crashes, and nothing that was accepted is lost."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kit.parts import RealParts
from kit.program import environment, run
from kit.spooled import Home
from remit.leftovers import adopt_dead

PART = "a disk that is full (tmpfs in a namespace of its own)"

FILL = """
import json, sys
from collections import Counter
from remit import Client, PageView
from remit.settings import Settings
client = Client("test", data=sys.argv[1], settings=Settings(pack_bytes_max=256 << 10, pack_age_s=0.02))
answers = Counter()
accepted = 0
for n in range(200_000):
    answer = client.emit(PageView(page=f"/{n}", user_agent=f"{n * n:064}"), subject=f"{n}")
    answers[getattr(answer, "reason", "accepted")] += 1
    if answers["spool_full"] > 2000:
        break
flushed = client.flush(30)
print(json.dumps({"answers": answers, "totals": client.totals().offered, "refused": dict(client.totals().refused), "flushed": flushed}))
sys.stdout.flush()
"""

LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (128 << 10, 128 << 10))"

IN_TMPFS = """
set -e
mount -t tmpfs -o size=3m none "$1"
cp -r "$2"/. "$1"
{ "$3" -c "$4" "$1/data"; }
cp -r "$1"/data "$2"
"""


def test_a_file_that_cannot_be_preallocated_is_a_refusal_and_is_counted(home: Home) -> None:
    found = json.loads(run(LIMITED + FILL, home.data))
    assert found["answers"] == {"spool_full": 2001}
    assert found["totals"] == 2001
    assert found["refused"] == {"spool_full": 2001}


def test_a_full_disk_refuses_counts_and_loses_nothing_it_accepted(
    tmp_path: Path, real_parts: RealParts
) -> None:
    home, mount = Home(tmp_path / "home"), tmp_path / "mount"
    mount.mkdir()
    if (why := unshared('mount -t tmpfs none "$1"', mount).stderr) != "":
        real_parts.not_ran(PART, why.strip())
        pytest.skip(PART)
    done = unshared(IN_TMPFS, mount, home.data.parent, sys.executable, FILL)
    assert done.returncode == 0, done.stderr[-2000:]
    real_parts.ran(PART)
    found = json.loads(done.stdout)
    assert found["answers"]["spool_full"] > 2000
    assert found["refused"]["spool_full"] == found["answers"]["spool_full"]
    adopt_dead(home.data / "spool")
    assert len(home.stored()) == found["answers"]["accepted"]


def unshared(script: str, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """Run a shell script that may mount, and that nobody else sees do so."""
    alone = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    return subprocess.run(
        [*alone, script, "sh", *map(str, arguments)],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
