"""A wheel and an sdist built from this tree, and environments that hold the wheel and only what it asks for.

Nothing is fetched: what the wheel needs is linked from the environment of the tests, distribution by distribution, as
the wheel's own metadata name them. So a dependency that is used and not declared is missing there, too.
"""

import os
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement

from kit.tree import ROOT

EPOCH = "1767225600"
"""SOURCE_DATE_EPOCH of every build here: 2026-01-01."""


def build(tree: Path, target: Path, kind: str) -> Path:
    """Build a wheel or an sdist of a tree, as the Makefile and the Dockerfile do: by hatchling, without network.

    Args:
        tree: Where pyproject.toml lies.
        target: A folder that is there.
        kind: "wheel" or "sdist".
    """
    script = (
        f"import sys; from hatchling.build import build_{kind} as build; print(build(sys.argv[1]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(target)],
        cwd=tree,
        env=os.environ | {"SOURCE_DATE_EPOCH": EPOCH},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return target / done.stdout.split()[-1]


def needed(roots: list[str]) -> dict[str, Distribution]:
    """Every distribution that some requirements bring, by name, as they are installed here."""
    found: dict[str, Distribution] = {}
    waiting = [(Requirement(root), "") for root in roots]
    seen: set[tuple[str, str]] = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        here = distribution(requirement.name)
        found[requirement.name.lower()] = here
        for asked in ("", *requirement.extras):
            if (requirement.name, asked) not in seen:
                seen.add((requirement.name, asked))
                waiting += [(Requirement(line), asked) for line in here.requires or ()]
    return found


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with the wheel in it.

    Attributes:
        folder: Where it lies.
        packages: How many distributions stand beside remit.
    """

    folder: Path
    packages: int

    def run(self, *words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a program of the environment to its end, knowing nothing of this tree."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return subprocess.run(
            [self.folder / "bin" / words[0], *words[1:]],
            cwd=self.folder,
            env=kept | {"COLUMNS": "200"},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )


def installed(wheel: Path, folder: Path, extra: str = "") -> Environment:
    """Install a wheel into a new environment, with what its own metadata ask for and no more.

    Args:
        wheel: The wheel.
        folder: Where the environment shall lie.
        extra: An extra of the wheel, such as "consumers".
    """
    venv.create(folder, with_pip=False, symlinks=True)
    site = next((folder / "lib").glob("python3.*")) / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    for shared in site.glob("remit-*.data/data/*"):
        (folder / shared.name).mkdir(exist_ok=True)
        for part in shared.iterdir():
            part.rename(folder / shared.name / part.name)
    brought = needed(list(_asked(site, extra)))
    for name in {top for here in brought.values() for top in _tops(here)}:
        source = Path(str(next(iter(brought.values())).locate_file(""))) / name
        if source.exists() and not (site / name).exists():
            (site / name).symlink_to(source)
    command = folder / "bin" / "remit"
    command.write_text(
        f"#!{folder / 'bin' / 'python'}\nfrom remit_cli import main\n\nmain()\n", "utf-8"
    )
    command.chmod(0o755)
    return Environment(folder, len(brought))


def _asked(site: Path, extra: str) -> Iterator[str]:
    for line in Distribution.at(next(site.glob("remit-*.dist-info"))).requires or ():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
            requirement.marker = None
            yield str(requirement)


def _tops(here: Distribution) -> set[str]:
    """What a distribution puts into site-packages: names of files and folders."""
    return {
        file.parts[0] for file in here.files or () if file.parts[0] not in {"..", "__pycache__"}
    }


def tree_without_leftovers(target: Path) -> Path:
    """A copy of what git keeps of this tree, so that nothing a run left behind gets into a wheel."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes((ROOT / name).read_bytes())
    return target
