"""A new event from the first idea to rows in the lake: contract, policy, typed class, SDK."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.installation import Installation
from kit.own_policy import own

NEW = (
    *("events", "new", "search_used", "--owner", "search-team", "--doc", "Somebody searched."),
    *("--field", "words:string:user.behavior.search_history", "--field", "results:int"),
    *("--field", "took_at:time:user.telemetry.x_access_time", "--category", "user.behavior"),
)
LATER = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-%m-%d")

APP = """
import sys
sys.path.insert(0, sys.argv[1])
from remit import Client
from search_used import SearchUsed
client = Client("shop")
answers = [client.emit(SearchUsed(words="red shoes", results=n), subject="u1") for n in range(3)]
print(*("yes" if answer else answer.reason for answer in answers), flush=True)
assert client.close(30)
"""


@pytest.fixture
def shop(tmp_path: Path) -> Installation:
    """An installation with a policy of its own."""
    return Installation(tmp_path, REMIT_POLICY=str(own(tmp_path, "ip: {v4_bits: 24}")))


def emits(shop: Installation, contracts: Path) -> list[str]:
    """What an app is answered that emits three of them."""
    app = shop.program(APP, contracts)
    out, problems = app.communicate(timeout=300)
    assert app.returncode == 0, problems[-2000:]
    return out.split()


def decided(lines: str) -> str:
    """What a privacy officer makes of the lines: the number of results is kept, words never."""
    lines = lines.replace("clause: S000", "clause: S003")
    kept = "    keep: true\n    purposes: [essential.service]\n    keep_for: 30 days\n"
    parts = lines.split("  - event: ")
    return "  - event: ".join(
        part.replace("    refuse: true\n", kept)
        if any(f"field: {name} " in part for name in ("results", "occurred_at", "collected_at"))
        else part
        for part in parts
    )


@pytest.mark.clause("S023b", "S025")
def test_a_new_event_is_refused_until_the_policy_decides_and_then_stored(
    shop: Installation, tmp_path: Path
) -> None:
    contracts, policy = tmp_path / "contracts", Path(shop.env["REMIT_POLICY"])
    said = shop.remit(*NEW, "--expires", LATER)
    assert sorted(path.name for path in contracts.iterdir()) == [
        "search_used.avsc",
        "search_used.py",
    ]
    shop.prepare()
    assert emits(shop, contracts) == ["no_rule"] * 3
    policy.write_text(policy.read_text() + decided(said.stdout))
    assert (
        "search_used" not in shop.remit("policy", "check", expect=1).stdout
    )  # of others it says nothing
    shop.remit("events", "check")
    listed = shop.facts("events", "list")["contracts"]
    assert isinstance(listed, dict)
    assert listed["search_used"] == {
        "owner": "search-team",
        "expires_on": LATER,
        "fields": 5,
        "stored": "3 of 5",
    }
    shop.prepare()  # the bundle with the new rules
    assert emits(shop, contracts) == ["yes"] * 3
    tried = '{"words": "x", "results": 3, "took_at": "2026-01-05T08:00:00Z", "subject": "u1"}\n'
    shop.remit("emit", "search_used", "--wait", stdin=tried)
    wrong = shop.facts("emit", "search_used", stdin='{"results": "many"}\n', expect=1)
    assert wrong == {"does_not_fit": 1}
    shop.settle()
    rows = shop.rows("search_used")
    assert sorted(rows["results"].to_pylist()) == [0, 1, 2, 3]
    assert "words" not in rows.column_names
    told = shop.contract("search_used")
    assert (told["stored"], told["refused"], told["in_flight"]) == (4, 7 - 3, 0)
    assert shop.breaches() == {}
