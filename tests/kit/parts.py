"""Which real parts a test run used, so that nothing is left out in silence.

A fixture that provides a real part says here that it ran, or that it did not and why.
The last lines of a run print it; `tests/conftest.py` does that.
"""

from dataclasses import dataclass, field

import pytest


@dataclass(slots=True)
class RealParts:
    """The real parts of one test run, by name, in the order in which they were asked for."""

    lines: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)

    def ran(self, name: str, detail: str = "") -> None:
        """Note that a real part was used.

        Args:
            name: What it is, with its version.
            detail: How it came about: started by the tests, running already.
        """
        self.lines[name] = f"{name}{f' ({detail})' if detail else ''}: ran"

    def not_ran(self, name: str, why: str) -> None:
        """Note that a real part was asked for and could not be had.

        Args:
            name: What it is, with its version.
            why: What is missing, and what would mend it.
        """
        self.lines[name] = f"{name}: NOT RAN: {why}"
        self.missing.add(name)

    def not_here(self, name: str, why: str) -> None:
        """Note that a real part was asked for that only some machines have: said as loudly, and no failure anywhere.

        Args:
            name: What it is, with its version.
            why: What is missing.
        """
        self.lines[name] = f"{name}: NOT HERE: {why}"

    def add(self, lines: dict[str, str], missing: list[str]) -> None:
        """Take in what another process of this run noted; what ran anywhere ran.

        Args:
            lines: As in `lines`.
            missing: As in `missing`.
        """
        self.lines |= {name: line for name, line in lines.items() if name not in self.lines}
        self.lines |= {name: line for name, line in lines.items() if line.endswith(": ran")}
        self.missing |= set(missing)


PARTS = pytest.StashKey[RealParts]()
