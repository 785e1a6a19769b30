"""Somebody is erased, and a running consumer tells the app that sent their data, by itself, until it says that it is done."""

import base64
import json
from pathlib import Path

import pytest

from kit.installation import Installation
from kit.listening import Listening, matched
from kit.ports import free_port
from kit.watching import until


@pytest.mark.clause("S086a")
def test_a_running_consumer_tells_a_source_of_an_erasure(
    embedded: Installation, tmp_path: Path
) -> None:
    with Listening() as app:
        app.answer = app.done
        key = embedded.remit("notices", "inform", "app", "--to", app.url()).stdout.strip()
        view = {"page": "/cart", "language": "fr-FR", "status": 200, "subject": "ann"}
        embedded.remit("emit", "page_view", "--wait", stdin=f"{json.dumps(view)}\n")
        how = ("--proof", "account_login", "--ground", "purpose_ended")
        embedded.facts("subject", "erase", "-", *how, stdin="ann")
        assert app.told == [], "no command sends by the way"
        embedded.start_into(tmp_path / "up.log", "up", "--port", str(free_port()))
        until(lambda: bool(app.told), "nothing was sent", 60)
        (told,) = app.told
        shown = str(embedded.facts("keys", "status")["verify_key"])
        told.check(base64.b64decode(shown))
        assert matched(bytes.fromhex(key), told.notice, "", "ann", "bob") == ["ann"]

        def state() -> str:
            (one,) = json.loads(embedded.remit("notices", "list", "--json").stdout)["notices"]
            return str(one["state"])

        until(lambda: state() == "acknowledged", "the answer was not noted", 30)
    assert embedded.breaches() == {}
