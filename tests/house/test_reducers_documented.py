"""docs/reducers.md says of every reducer what its description says, and its example does what it shows."""

import subprocess

import pytest

from kit.tree import ROOT
from remit_schemas.specs import SPECS

PAGE = (ROOT / "docs" / "reducers.md").read_text("utf-8")
ROWS = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `")}


def test_the_table_has_exactly_the_reducers_there_are() -> None:
    assert list(ROWS) == list(SPECS)


@pytest.mark.parametrize("name", SPECS)
def test_a_reducers_row_says_what_its_description_says(name: str) -> None:
    spec = SPECS[name]
    said = [spec.summary, f"`{spec.example[0]}`", f"`{spec.example[1]}`"]
    said += [f"`{parameter.name}`: {parameter.unit}" for parameter in spec.parameters]
    said += [f"(`{p.default}`)" for p in spec.parameters if p.default not in (None, ())]
    assert not [words for words in said if words not in ROWS[name]]


def test_the_line_that_shows_client_hints_gives_what_it_says() -> None:
    line = next(line for line in PAGE.splitlines() if "Sec-CH-UA:" in line and "echo" in line)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)  # noqa: S607
    assert '"browser": "Brave"' in done.stdout
