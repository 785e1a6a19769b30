"""The examples of docs/consent.md run as they stand there, one after the other."""

import json
import re
from pathlib import Path

import pytest

from kit.contracts import make_field_json, make_record
from kit.owned import Own, owned_policy, rules_for
from kit.spooled import Home
from remit.client import Client

PAGE = Path(__file__).parents[2] / "docs" / "consent.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_every_example_of_the_page_does_what_it_says(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:

    card = make_field_json("card", privacy={"category": "user.financial.credit_card"})
    record = make_record(make_field_json("place"), make_field_json("click"), card)

    class CheckoutFailed(Own):
        """As the page has it."""

        __schema__ = json.dumps(record | {"name": "checkout_failed"})

    home.publish(policy=owned_policy(*rules_for("checkout_failed")))
    monkeypatch.setenv("REMIT_DATA", str(home.data))
    names: dict[str, object] = {"CheckoutFailed": CheckoutFailed, "number": "4111111111111111"}
    examples = EXAMPLE.findall(PAGE.read_text("utf-8"))
    assert len(examples) >= 4
    clients: list[Client] = []
    for example in examples:
        exec(example, names)  # noqa: S102  # our own page
        if names["client"] not in clients:
            clients.append(names["client"])  # type: ignore[arg-type]  # what the page calls so
        if "hold=True" in example:
            names["client"] = clients[0]  # what follows holds nothing
    assert all(client.close(30) for client in clients)
    views = [e.values for e in home.stored().values() if "page" in e.values]
    assert {(v["page"], v["referrer"]) for v in views} == {("/cart", None), ("/welcome", None)}
