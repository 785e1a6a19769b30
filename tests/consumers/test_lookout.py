"""What a watcher of the lake is told of: commits that count events, each once."""

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
