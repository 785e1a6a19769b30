"""`remit watch`: what is being collected now, and what becomes of each field."""

import json
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.live import Live

from remit_cli.options import Data, Json, settings_of
from remit_cli.stopping import asked_to_stop
from remit_cli.watch_view import View, field_facts
from remit_consumers.lookout import Commit

LOOK_S: Final = 0.5
"""Between two looks: a consumer commits twice a second at most."""


def watch(
    contract: Annotated[
        str | None, typer.Argument(help="Only this contract.", show_default=False)
    ] = None,
    *,
    data: Data = None,
    once: Annotated[bool, typer.Option("--once", help="Show what there is, and end.")] = False,
    as_json: Json = False,
) -> None:
    """Watch what is being collected, and what becomes of each field: live, until Ctrl-C.

    Values are shown as they were stored, after they were minimized; subjects never. With --json, one line for each
    commit; with --json --once, one line of what there is.

    Example: remit watch page_view
    """
    settings = settings_of(data)
    view = View(settings, contract)
    with asked_to_stop() as stop:
        if once:
            _print(view.to_json()) if as_json else Console().print(view.render())
        elif as_json:
            while not stop.wait(LOOK_S):
                for commit in view.look():
                    _print(_told(commit))
        else:
            _watch(view, stop)


def _watch(view: View, stop: threading.Event) -> None:
    """Show what there is on a screen of its own, and leave the last of it behind."""
    console = Console()
    with Live(view.render(), console=console, screen=True, auto_refresh=False) as live:
        while not stop.wait(LOOK_S):
            view.look()
            live.update(view.render(), refresh=True)
    console.print(view.render())


def _print(facts: Mapping[str, object]) -> None:
    """Print one line for programs."""
    sys.stdout.write(json.dumps(facts, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _told(commit: Commit) -> dict[str, object]:
    """What a commit says, for programs."""
    receipt = commit.receipt
    fields = [
        field_facts(one, commit.examples.get(one.field, "") if one.values_out else "")
        for one in receipt.fields
    ]
    return {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "contract": commit.contract or None,
        "policy_version": receipt.policy_version or None,
        "stored": receipt.events.stored,
        "refused": dict(receipt.events.refused),
        "quarantined": dict(receipt.events.quarantined),
        "expired": receipt.events.expired,
        "fields": fields,
    }
