"""What the pages say was measured was measured: every figure they quote stands in bench/results."""

import json
import re
import sys

import pytest

from kit.tree import ROOT

sys.path.append(str(ROOT))  # bench is no package: it is found from the root of the project

from bench import results
from bench.events import page_views
from bench.run import NAMES

PAGE = ROOT / "docs" / "benchmarks.md"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
QUOTATIONS = [
    (page.name, found)
    for page in PAGES
    for found in results.QUOTE.finditer(page.read_text(encoding="utf-8"))
]
MEASURED = re.compile(r"\d[\d,.]*\s?(%|(µs|ms|MB/min|MB|bytes|s|events/s|times)\b)")
GOAL = re.compile(r"[≤≥][^|]*")
AT_A_RATE = "1,000 events/s"  # how fast events come where latency is measured: a condition


@pytest.mark.parametrize(
    ("page", "found"),
    QUOTATIONS,
    ids=[f"{page}: {found['result']}, {found['name']}" for page, found in QUOTATIONS],
)
def test_a_quoted_figure_is_the_one_that_is_kept(page: str, found: re.Match[str]) -> None:
    assert found["shown"] == results.quoted(found), f"{page}: `make bench` brings it up to date"


def test_the_page_on_benchmarks_says_no_figure_that_it_does_not_quote() -> None:
    text = results.QUOTE.sub("", PAGE.read_text(encoding="utf-8")).replace(AT_A_RATE, "")
    assert not MEASURED.search(GOAL.sub("", text))


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_is_described_and_its_result_kept(name: str) -> None:
    headings = re.findall(r"^## .*\((.*)\)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert name in ", ".join(headings).split(", ")
    assert name in results.names()


@pytest.mark.parametrize("name", results.names())
def test_a_result_says_where_and_with_what_it_was_measured(name: str) -> None:
    about = json.loads((results.RESULTS / f"{name}.json").read_text(encoding="utf-8"))[
        "measured_on"
    ]
    assert about.keys() >= {"date", "processor", "cores", "python", "versions", "busy_before"}


def test_an_invented_event_is_nobodys() -> None:
    addresses = {str(view.values["ip"]) for view in page_views(2000)}
    assert all(address.startswith(("198.18.", "198.19.", "2001:db8:")) for address in addresses)
