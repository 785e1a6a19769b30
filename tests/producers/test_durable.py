"""What `flush(durable=True)` promises: files and folder are synced before it returns."""

from pathlib import Path

import pytest

from kit.parts import RealParts
from kit.spooled import Home
from kit.trace import Call, has_strace, trace

PART = "system calls in their order (strace)"

SCRIPT = """
import os
from remit import Client, PageView
client = Client("test", data={data!r})
for n in range(20):
    assert client.emit(PageView(page="/first"), subject=f"{{n}}")
assert client.flush(30)
for n in range(20):
    assert client.emit(PageView(page="/second"), subject=f"{{n}}")
assert client.flush(30, durable=True)
os.close(os.open({done!r}, os.O_CREAT | os.O_WRONLY))
os._exit(0)
"""


def test_a_durable_flush_syncs_every_file_and_then_the_folder_before_it_returns(
    home: Home, tmp_path: Path, real_parts: RealParts
) -> None:
    if not has_strace():
        real_parts.not_ran(PART, "strace is not installed")
        pytest.skip(PART)
    real_parts.ran(PART)
    done = tmp_path / "done"
    calls = trace(SCRIPT.format(data=str(home.data), done=str(done)), tmp_path)
    before = calls[: index_of(calls, "openat", str(done))]
    packs = [str(path) for path in home.files()]
    assert len(packs) > 2
    folder = str(home.slots[0])
    last_folder_sync = max(
        n for n, c in enumerate(before) if c.name == "fsync" and folder in c.paths
    )
    for pack in packs:
        renamed = next(
            n for n, c in enumerate(before) if c.name.startswith("rename") and pack in c.paths[-1:]
        )
        synced = max(n for n, c in enumerate(before) if c.name == "fsync" and pack in c.paths)
        assert renamed < synced < last_folder_sync
    written = [c for c in before if c.name == "fsync" and c.paths[0].endswith(".pack")]
    assert len(written) == len(packs), "one sync for each pack, and no more"


def index_of(calls: list[Call], name: str, path: str) -> int:
    """Find the first call of this name on this path."""
    return next(n for n, call in enumerate(calls) if call.name == name and path in call.paths)
