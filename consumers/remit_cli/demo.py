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
) -> None:
    """Import an access log, store it minimized, print the report and the proof. No server is needed.

    Example: remit demo /var/log/nginx/access.log
    """
    console = Console()
    settings = settings_of(data / "data")
    if log is None:
        log = data / "sample-access.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join(sample_lines()) + "\n", encoding="utf-8")
        console.print(f"[dim]invented an access log: {log}")
    import_files("access-log", [log], settings, How(resume=True, wait=True), console)
    wait_until_stored(settings, console)
    show(report(Lake(settings.lake)))
    found = verify(settings.data)
    show_verification(found)
    console.print(
        f"The lake is in {settings.lake}. Next: [bold]remit policy explain page_view[/], "
        f"or [bold]remit report --data {settings.data}[/]"
    )
    raise typer.Exit(0 if found.holds else 1)
