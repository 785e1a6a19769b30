"""Another company's policy, written as data, from an event to every command that tells of it: no code knows of it."""

import json
import shutil
from pathlib import Path

import pytest

from kit.apart import NotInstalled
from kit.exchange import read_by_fideslang
from kit.installation import Installation, each_once
from kit.parts import RealParts
from kit.tree import ROOT

SECOND = ROOT / "tests" / "policy" / "second"
VERSION = "2025-09-01"
PERSONALIZE, LETTERS = "personalize", "marketing.communications"

APP = """
import sys
from pathlib import Path
from remit import Client
SCHEMAS = Path(sys.argv[1])
class FeePaid:
    __schema__ = (SCHEMAS / "fee_paid.avsc").read_text()
    def __init__(self, cents):
        self.occurred_at = self.collected_at = 1_790_000_000_000
        self.cents = cents
client = Client("desk")
print(*(bool(client.emit(FeePaid(n), subject="reader-1")) for n in (120, 250)), flush=True)
assert client.close(30)
"""


@pytest.fixture
def library(tmp_path: Path) -> Installation:
    """An installation under the second policy."""
    shutil.copytree(SECOND, tmp_path / "policy")
    policy = tmp_path / "policy" / f"{VERSION}.yaml"
    return Installation(tmp_path, REMIT_POLICY=str(policy))


def borrowed(subject: str, **fields: object) -> str:
    """A loan with everything on it that may be said, and more."""
    whole = {"shelf": "poetry", "title": "Duino Elegies", "town": "harbour", "subject": subject}
    return json.dumps(whole | fields) + "\n"


def fill(library: Installation) -> None:
    """Two readers borrow, of whom one agreed to suggestions; one pays; one says too much."""
    shown = library.facts(
        *("consent", "give", "-", "--purpose", PERSONALIZE, "--wait"), stdin="reader-1\n"
    )
    assert shown["purposes"] == {PERSONALIZE: "given"}
    loans = borrowed("reader-1") + borrowed("reader-2", shelf="alchemy")
    library.remit("emit", "book_borrowed", "--wait", stdin=loans)
    app = library.program(APP, SECOND / "contracts")
    out, problems = app.communicate(timeout=300)
    assert (app.returncode, out.split()) == (0, ["True", "True"]), problems[-2000:]
    library.remit("emit", "fee_paid", "--wait", stdin='{"cents": 40, "subject": "reader-2"}\n')
    said = library.facts("emit", "book_borrowed", stdin=borrowed("reader-2", child="Mo"), expect=1)
    assert said == {"prohibited": 1}
    library.settle()


def test_the_second_policy_can_be_used_and_is_explained(library: Installation) -> None:
    checked = library.facts("policy", "check")
    assert (checked["policy"], checked["problems"]) == ("lantern-library", [])
    fields = library.facts("policy", "explain", "book_borrowed")["fields"]
    assert isinstance(fields, dict)
    assert {name: one["decision"] for name, one in fields.items()} == {
        "occurred_at": "reduce",
        "collected_at": "reduce",
        "shelf": "reduce",
        "title": "refuse",
        "town": "reduce",
        "child": "refuse",
    }
    listed = library.facts("events", "list")["contracts"]
    assert isinstance(listed, dict)
    assert listed["fee_paid"]["stored"] == "3 of 3"


def test_events_of_the_second_company_are_stored_told_and_proven(library: Installation) -> None:
    fill(library)
    loans = library.rows("book_borrowed")
    assert each_once(loans)
    assert loans["town"].to_pylist() == ["harbour", "harbour"]
    assert sorted(loans["shelf"].to_pylist(), key=str) == [None, "poetry"]  # one agreed to nothing
    assert "title" not in loans.column_names
    assert sorted(library.rows("fee_paid")["cents"].to_pylist()) == [40, 120, 250]
    report = library.facts("report")
    assert report["policy_versions"] == {VERSION: 6}
    categories = report["categories"]
    assert isinstance(categories, dict)
    assert categories["user.location.imprecise"]["reduced"] == 2
    assert library.contract("book_borrowed")["in_flight"] == 0
    assert library.breaches() == {}
    seen = library.remit("watch", "fee_paid", "--once", "--json").stdout
    assert "fee_paid" in seen
    shown = library.facts("consent", "show", "-", stdin="reader-1\n")
    assert "marketing.communications" in json.dumps(shown)


def test_the_second_policy_is_exported_in_every_form(
    library: Installation, tmp_path: Path, real_parts: RealParts
) -> None:
    fill(library)
    record = library.remit("policy", "export", "--as", "ropa").stdout
    assert "## fee_paid: essential.service.payment_processing" in record
    assert "public interest (PIPL 13(5), GDPR 6(1)(e))" in record
    linked = library.remit("policy", "export", "--as", "dpv-jsonld").stdout
    assert json.loads(linked)["@graph"][0]["dct:title"] == "lantern-library"
    data = str(library.data)
    assessed = library.remit("policy", "export", "--as", "dpia", "--data", data).stdout
    assert "| fee_paid | 3 | 3 |" in assessed
    assert "nothing is measured" not in assessed
    path = tmp_path / "taxonomy.json"
    library.remit("policy", "export", "--as", "fideslang", "--output", str(path))
    try:
        read = read_by_fideslang(path.read_text())
    except NotInstalled as missing:
        real_parts.not_ran("fideslang", str(missing))
        pytest.skip(str(missing))
    assert read["unknown"] == []
    assert read["declarations"] == 5
