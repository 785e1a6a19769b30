"""What the dashboard's pages load is what its source says; nothing of it comes from elsewhere or needs eval."""

import gzip
import subprocess
from pathlib import Path

import pytest

from kit.parts import RealParts
from kit.tree import ROOT

SOURCE = ROOT / "consumers" / "remit-dashboard"
STATIC = ROOT / "consumers" / "remit_consumers" / "dashboard" / "static"
BUILT = ("pages.js", "charts.js", "licences.txt")
GZIP_BYTES_MAX = 256 * 1024
NAME = "the dashboard's compiler and bundler (npm)"


def npm(*arguments: str | Path) -> "subprocess.CompletedProcess[str]":
    """Run one of its tools."""
    command = [ROOT / "scripts" / "npm", "--dashboard", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def tools(real_parts: RealParts) -> None:
    """Install its tools."""
    if npm("ready").returncode:
        why = "npm could not install what package-lock.json names"
        real_parts.not_ran(NAME, why)
        pytest.skip(f"{NAME}: {why}")
    real_parts.ran(NAME)


@pytest.mark.usefixtures("tools")
def test_what_is_served_is_what_the_source_gives_byte_for_byte(tmp_path: Path) -> None:
    done = npm("run", "build", "--", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in BUILT:
        assert (tmp_path / name).read_bytes() == (STATIC / name).read_bytes(), name


@pytest.mark.usefixtures("tools")
def test_the_source_passes_the_strict_compiler() -> None:
    done = npm("run", "check")
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_a_page_loads_is_small_enough_for_a_phone() -> None:
    assert sum(len(gzip.compress((STATIC / name).read_bytes())) for name in BUILT) <= GZIP_BYTES_MAX


def test_every_part_of_others_stands_with_its_licence() -> None:
    said = (STATIC / "licences.txt").read_text()
    for name in ("htmx.org", "echarts", "zrender", "tslib"):
        assert f"{name} " in said
    assert "Apache License" in said


def test_the_lock_names_no_registry_and_every_tool_is_exact() -> None:
    lock = (SOURCE / "package-lock.json").read_text()
    for allowed in (
        "https://github.com/sponsors",
        "https://opencollective.com",
        "https://tidelift.com",
    ):
        lock = lock.replace(allowed, "")
    assert "://" not in lock
    assert '"^' not in (SOURCE / "package.json").read_text()
    assert '"dependencies"' not in (SOURCE / "package.json").read_text()
