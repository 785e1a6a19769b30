"""Service logs of a folder, imported one by one into an empty lake, and what `remit verify` finds there.

`python bench/residue_logs.py FOLDER`, a folder with `*.log.gz` files; rows for `bench/reducers.py`.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

if __name__ == "__main__":  # run as a script, neither `bench` nor the tests' `kit` is on the path
    root = Path(__file__).parents[1]
    sys.path[:0] = [str(root), str(root / "tests")]

from kit.installation import Installation


@dataclass(frozen=True, slots=True)
class Row:
    """One log, imported and searched.

    Attributes:
        file: Its name.
        lines: Lines in it.
        stored: Lines stored as events.
        refused: Lines and events that were not.
        found: Residue by kind, none where it is 0.
        recall: Measured in the same run, by kind.
    """

    file: str
    lines: int
    stored: int
    refused: int
    found: Mapping[str, int]
    recall: Mapping[str, float]


def rows(folder: Path) -> Iterator[Row]:
    """Import and search each log of a folder."""
    for path in sorted(folder.glob("*.log.gz")):
        with TemporaryDirectory(prefix="remit-residue-") as place:
            yield _row(path, Installation(Path(place)))


def _row(path: Path, installation: Installation) -> Row:
    """Import one log and search what became of it."""
    imported = json.loads(installation.remit("import", "log", str(path), "--wait", "--json").stdout)
    counted = installation.contract("service_log")
    kinds = installation.checks()["residue"]["kinds"]
    assert isinstance(kinds, dict)
    return Row(
        file=path.name,
        lines=next(iter(imported["files"].values()))["lines"],
        stored=counted["stored"],
        refused=counted["refused"],
        found={kind: each["found"] for kind, each in kinds.items() if each["found"]},
        recall={kind: each["recall"] for kind, each in kinds.items() if "recall" in each},
    )


def main() -> None:
    """Print a line for each log."""
    for row in rows(Path(sys.argv[1])):
        found = ", ".join(f"{count} {kind}" for kind, count in row.found.items()) or "nothing"
        print(f"{row.file}: {row.lines} lines, {row.stored} stored, {row.refused} refused; {found}")


if __name__ == "__main__":
    main()
