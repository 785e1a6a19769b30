"""The file that the edge serves is what its source says, and it is small."""

import gzip
import shutil
import subprocess
from pathlib import Path

import pytest

from kit.parts import RealParts
from kit.recording_edge import TRACKER
from kit.tree import ROOT

SOURCE = ROOT / "producers" / "remit-browser"
GZIP_BYTES_MAX = 4_096
NAME = "the tracker's compiler and bundler (npm)"


@pytest.fixture(scope="module")
def tools(real_parts: RealParts) -> Path:
    """The folder of the tracker with its tools in it."""
    done = subprocess.run(
        [ROOT / "scripts" / "npm", "ready"], check=False, capture_output=True, text=True
    )
    if done.returncode:
        why = "npm could not install what package-lock.json names"
        real_parts.not_ran(NAME, why)
        pytest.skip(f"{NAME}: {why}")
    real_parts.ran(NAME)
    return SOURCE


def run(*arguments: str | Path) -> None:
    """Run one of its tools."""
    done = subprocess.run(
        [ROOT / "scripts" / "npm", *arguments], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_served_file_is_at_most_four_kilobytes_packed() -> None:
    assert len(gzip.compress(TRACKER.read_bytes(), 9)) <= GZIP_BYTES_MAX


def test_the_served_file_is_what_its_source_gives_byte_for_byte(
    tools: Path, tmp_path: Path
) -> None:
    run("run", "script", "--", tmp_path)
    assert (tmp_path / "remit.js").read_bytes() == TRACKER.read_bytes()


def test_the_source_passes_the_strict_compiler(tools: Path) -> None:
    run("run", "check")


def test_the_module_and_its_types_are_enough_to_build_with(tools: Path, tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "remit-browser"
    run("run", "module", "--", package / "dist")
    shutil.copy(SOURCE / "package.json", package)
    (tmp_path / "app.ts").write_text(APP)
    (tmp_path / "tsconfig.json").write_text(
        '{"compilerOptions": {"module": "nodenext", "strict": true, "noEmit": true, "lib": ["es2022", "dom"], "types": []}}'
    )
    run("exec", "--", "tsc", "-p", tmp_path)


def test_the_lock_names_no_registry_and_every_tool_is_exact() -> None:
    assert "://" not in (SOURCE / "package-lock.json").read_text().replace(
        "https://github.com/sponsors", ""
    )
    assert '"^' not in (SOURCE / "package.json").read_text()
    assert '"dependencies"' not in (SOURCE / "package.json").read_text()


APP = """
import { start, type PolicySummary, type Remit } from "remit-browser";

const remit: Remit = start({ edge: "https://edge.shop.example/", key: "KEY", hold: true });
remit.onConsentNeeded((policy: PolicySummary) => {
  remit.consent({ given: policy.optional_purposes.map(({ key }) => key), method: "banner" });
});
"""
