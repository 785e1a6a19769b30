"""`remit demo`: the main job once, from a log to a proven, minimized lake."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from remit_cli.importing import How, import_files
from remit_cli.options import settings_of
from remit_cli.prove import show, show_verification
from remit_cli.sample import sample_lines
from remit_cli.storing import wait_until_stored
from remit_consumers.lake.commit import Lake
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import verify
from remit_consumers.settings import Settings

FOLDER = "remit-demo"
"""Where the demo leaves its data, beside where it was started."""


def demo(
    log: Annotated[
        Path | None,
        typer.Argument(
            help="An access log of your own, plain or .gz; else one is invented.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    *,
    data: Annotated[Path, typer.Option("--data", help="Where to leave keys, log and lake.")] = Path(
        FOLDER
    ),
    shop: Annotated[
        bool, typer.Option("--shop", help="Open a shop to click through in a browser instead.")
    ] = False,
    port: Annotated[int, typer.Option("--port", help="The shop's port; 0 for any.")] = 8081,
) -> None:
    """Import an access log, store it minimized, print the report and the proof. No server is needed.

    With --shop: everything in one process, and a shop whose page views go through it while you click.
    Both use one folder, and what the last demo left there is counted too; --data names another.

    Example: remit demo /var/log/nginx/access.log
    """
    console = Console()
    settings = settings_of(data / "data")
    if shop:
        _open_shop(settings, port, console)
    else:
        _import_once(settings, log, data, console)
    show(report(Lake(settings.lake)))
    found = verify(settings.data)
    show_verification(found)
    console.print(
        f"The lake is in {settings.lake}. Next: [bold]remit dashboard --data {settings.data}[/], "
        f"or [bold]remit demo --shop[/]"
    )
    raise typer.Exit(0 if found.holds else 1)


def _import_once(settings: Settings, log: Path | None, data: Path, console: Console) -> None:
    """Take a log into the lake; without one, an invented one."""
    if log is None:
        log = data / "sample-access.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join(sample_lines()) + "\n", encoding="utf-8")
        console.print(f"[dim]invented an access log: {log}")
    import_files("access-log", [log], settings, How(resume=True, wait=True), console)
    wait_until_stored(settings, console)


def _open_shop(settings: Settings, port: int, console: Console) -> None:
    """Serve shop, edge and pipeline until Ctrl-C."""
    from remit_cli.serve import with_shop  # noqa: PLC0415 - half a second to load, for a log not needed

    with_shop(
        settings,
        port,
        lambda address, dashboard: console.print(
            f"The shop: [bold]{address}[/]   Click through it; Ctrl-C closes it and shows what was kept.\n"
            f"The dashboard: [bold]{dashboard}[/]   What becomes of each click: {dashboard}live"
        ),
    )
    wait_until_stored(settings, console)  # what came in the last moment
