"""`remit consent`: said for a subject who comes on standard input, stored, shown, and never written down in plain."""

import json
from pathlib import Path

import pytest

from kit.installation import Installation
from remit import visitor
from remit_schemas.policy import find_policy

WHO = "canary-17@birds.example"
REPORTING = "analytics.reporting"
NOTHING = {
    key: False for key, terms in find_policy().purposes.items() if terms.necessity == "optional"
}


@pytest.fixture
def shop(tmp_path: Path) -> Installation:
    return Installation(tmp_path)


def shown(shop: Installation, subject: str = WHO, *options: str) -> dict[str, bool]:
    """Which purposes are granted."""
    told = json.loads(shop.remit("consent", "show", "-", "--json", *options, stdin=subject).stdout)
    return {name: each["granted"] for name, each in told["purposes"].items()}


@pytest.mark.clause("S089", "S090", "S092")
@pytest.mark.parametrize("who", [WHO, visitor("x" * 22)], ids=["account", "visitor"])
def test_what_is_given_is_shown_until_it_is_withdrawn(shop: Installation, who: str) -> None:
    give = ("consent", "give", "-", "--purpose", REPORTING, "--wait")
    shop.remit(*give, stdin=who)
    assert shown(shop, who) == NOTHING | {REPORTING: True}
    assert shown(shop, who, "--tenant", "another") == NOTHING
    shop.remit("consent", "withdraw", "-", "--wait", stdin=who)
    assert shown(shop, who) == NOTHING
    said = shop.remit("consent", "show", "-", stdin=who).stdout
    assert "given" in said
    assert "withdrawn" in said
    assert who not in said
    checks = shop.checks("--canaries", "-", stdin=f"{who}\n")
    assert not [name for name, check in checks.items() if not check["holds"]]


EMPTY_VAULT_BYTES = 24


def test_asking_about_somebody_puts_them_nowhere(shop: Installation) -> None:
    shop.prepare()
    before = Path(shop.env["REMIT_VAULT"], "subjects.vault")
    size = before.stat().st_size if before.exists() else EMPTY_VAULT_BYTES
    assert shown(shop) == NOTHING
    assert before.stat().st_size == size


@pytest.mark.parametrize(
    ("words", "stdin", "named"),
    [
        (("give", WHO, "--purpose", REPORTING), "", "standard input"),
        (("give", "-", "--purpose", REPORTING), "", "no subject"),
        (("give", "-"), WHO, "--purpose"),
        (("give", "-", "--purpose", "analytics.reporting.ad_performance"), WHO, REPORTING),
    ],
)
def test_what_cannot_be_meant_is_refused_with_one_line_that_names_no_subject(
    shop: Installation, words: tuple[str, ...], stdin: str, named: str
) -> None:
    said = shop.remit("consent", *words, stdin=stdin, expect=2).stderr.splitlines()
    assert len(said) == 1
    assert named in said[0]
    assert "canary" not in said[0]
