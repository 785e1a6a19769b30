"""What a watcher of the lake is told of: commits that count events, each once."""

import json
from pathlib import Path

from kit.installation import Installation
from remit_consumers.lake.commit import Lake
from remit_consumers.lookout import Lookout


def test_a_consent_is_told_once_though_two_tables_have_it(tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    installed.settle()
    lookout = Lookout(Lake(installed.data / "lake"))
    give = ("consent", "give", "-", "--purpose", "analytics.reporting", "--wait")
    installed.remit(*give, stdin="ann")
    assert [(one.contract, one.receipt.events.stored) for one in lookout.look()] == [
        ("consent_change", 1)
    ]
    assert lookout.look() == []


def test_what_is_shown_of_a_field_stood_in_one_row(tmp_path: Path) -> None:
    installed = Installation(tmp_path)
    agents = (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15",
        "curl/8.5.0",
    )
    lines = "".join(json.dumps({"page": "/", "user_agent": agent}) + "\n" for agent in agents)
    installed.remit("emit", "page_view", "--wait", stdin=lines)
    lookout = Lookout(Lake(installed.data / "lake"))
    assert lookout.examples["page_view"]["user_agent"] == "curl · 8 · other · bot · True"
