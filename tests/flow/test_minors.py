"""Data that turns out to be a minor's, without a ground: erased at once, with proof, and no more is stored."""

import json

import pytest

from kit.installation import Installation
from kit.watching import until

pytestmark = [pytest.mark.clause("S117", "S118")]


def view(installed: Installation, status: int, subject: str) -> None:
    """Have somebody look at a page, and that stored."""
    event = {"page": "/cart", "status": status, "subject": subject}
    installed.remit("emit", "page_view", "--wait", stdin=f"{json.dumps(event)}\n")


def stored(installed: Installation) -> set[int]:
    """The page views that the lake holds, by their status."""
    return set(installed.rows("page_view").column("status").to_pylist())


def test_what_was_stored_of_a_minor_without_a_ground_is_erased_and_nothing_more_is_stored(
    embedded: Installation,
) -> None:
    view(embedded, 201, "kid")
    view(embedded, 202, "ann")
    embedded.remit("consent", "age", "-", "--band", "13", "--wait", stdin="kid")
    view(embedded, 203, "kid")
    until(lambda: stored(embedded) == {202}, "the minor's rows are not erased")
    told = embedded.facts("report")
    contracts, reasons = told["contracts"], told["reasons"]
    assert isinstance(contracts, dict)
    assert isinstance(reasons, dict)
    assert contracts["page_view"]["erased"] == 1
    assert reasons["page_view"] == {"erased.minor": 1, "refused.minor_without_ground": 1}
    assert embedded.breaches() == {}


def test_a_guardian_named_and_agreeing_lets_what_is_required_be_stored(
    embedded: Installation,
) -> None:
    ground = ("--band", "13", "--ground", "guardian_consent", "--wait")
    embedded.remit("consent", "age", "-", *ground, stdin="kid\nparent\n")
    view(embedded, 201, "kid")
    assert stored(embedded) == {201}
    assert embedded.breaches() == {}
