"""`remit consent receipt`: signed, checked offline, and about nobody but the subject."""

import json
from pathlib import Path

import pytest

from kit.installation import Installation

WHO = "canary-17@birds.example"
OTHER = "canary-18@birds.example"
REPORTING = "analytics.reporting"


@pytest.mark.clause("S089", "S090", "S092")
def test_a_receipt_is_handed_over_and_anyone_with_the_verify_key_can_check_it(
    tmp_path: Path,
) -> None:
    shop = Installation(tmp_path)
    for who in (WHO, OTHER):
        shop.remit("consent", "give", "-", "--purpose", REPORTING, "--wait", stdin=who)
    shop.remit("consent", "withdraw", "-", "--purpose", REPORTING, "--wait", stdin=WHO)
    printed = shop.remit("consent", "receipt", "-", "--json", stdin=WHO).stdout
    receipts = [one["receipt"] for one in json.loads(printed)["receipts"]]
    assert [one["event_type"] for one in receipts] == ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]
    assert len({one["record_id"] for one in receipts}) == len(receipts)
    assert "canary" not in printed
    page = shop.remit("consent", "receipt", "-", stdin=WHO).stdout
    assert "canary" not in page
    assert all(one["record_id"] in page for one in receipts)

    file, key = tmp_path / "receipts.json", json.loads(printed)["receipts"][0]["verify_key"]
    file.write_text(printed, "utf-8")
    elsewhere = Installation(tmp_path / "elsewhere")
    words = ("consent", "check", str(file), "--trust", key)
    assert elsewhere.facts(*words) == {"receipts": 2, "genuine": 2}
    file.write_text(printed.replace("ConsentWithdrawn", "ConsentGiven"), "utf-8")
    assert elsewhere.facts(*words, expect=1) == {"receipts": 2, "genuine": 1}


def test_without_a_key_or_a_file_of_receipts_nothing_is_checked(tmp_path: Path) -> None:
    shop, file = Installation(tmp_path), tmp_path / "none.json"
    assert "--trust" in shop.remit("consent", "check", str(file), expect=2).stderr
    key = "A" * 43 + "="
    for written in ("", "[]", "{}"):
        file.write_text(written, "utf-8")
        said = shop.remit("consent", "check", str(file), "--trust", key, expect=2).stderr
        assert len(said.splitlines()) == 1


def test_a_receipt_is_found_by_the_name_of_its_record_and_nothing_else_is(tmp_path: Path) -> None:
    shop = Installation(tmp_path)
    shop.remit("consent", "give", "-", "--purpose", REPORTING, "--wait", stdin=WHO)

    def receipts(words: tuple[str, ...], asked: str) -> list[str]:
        printed = shop.remit("consent", "receipt", "-", "--json", *words, stdin=asked).stdout
        return [one["receipt"]["record_id"] for one in json.loads(printed)["receipts"]]

    (name,) = receipts((), WHO)
    assert receipts(("--by-record",), name) == [name]
    assert receipts(("--by-record", "--tenant", "anna"), name) == [], "another tenant's"
    for other in (f"{name}1", name.rpartition(":")[0], "x:0", ":", "x:²"):
        assert receipts(("--by-record",), other) == []
