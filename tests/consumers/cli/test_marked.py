"""Tests are found by the sentences that they say they prove; what proves nothing is not counted."""

from pathlib import Path

import pytest

from remit_cli.marked import proofs_in
from remit_schemas.errors import PolicyError

TESTS = """
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.clause("S001")]


@pytest.mark.parametrize("n", [1])
@pytest.mark.clause("S002", "S003a")
def test_one(n): ...


@pytest.mark.skip
@pytest.mark.clause("S004")
def test_idle(): ...


@pytest.mark.clause("S005")
class TestMore:
    @pytest.mark.clause("S006")
    async def test_two(self): ...

    def helps(self): ...
"""


def test_each_marker_counts_for_the_tests_it_stands_over(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    (tests / "deep").mkdir(parents=True)
    (tests / "deep" / "test_some.py").write_text(TESTS)
    (tests / "test_none.py").write_text("def test_nothing(): ...\n")
    one, two = "tests/deep/test_some.py::test_one", "tests/deep/test_some.py::TestMore::test_two"
    assert proofs_in(tests) == {
        "S001": (two, one),
        "S002": (one,),
        "S003a": (one,),
        "S005": (two,),
        "S006": (two,),
    }


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("@pytest.mark.clause('S25')\ndef test_a(): ...", r":1: a sentence is named as it is"),
        ("@pytest.mark.clause(CLAUSE)\ndef test_a(): ...", r":1: a sentence is named as it is"),
        ("@pytest.mark.clause()\ndef test_a(): ...", r":1: clause takes sentences"),
        ("@pytest.mark.clause('S025')\ndef helps(): ...", r":2: helps is marked, and is no test"),
        ("def test_a(: # .clause(", r":1: is not Python"),
    ],
)
def test_a_marker_that_names_nothing_is_told_with_its_line(
    tmp_path: Path, source: str, said: str
) -> None:
    (tmp_path / "test_a.py").write_text(source)
    with pytest.raises(PolicyError, match=said):
        proofs_in(tmp_path)


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no folder"):
        proofs_in(tmp_path / "none")
