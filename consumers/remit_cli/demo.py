"""`remit demo`: the main job once, from a log to a proven, minimized lake; then a shop, visitors and the dashboard on it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from remit_cli.importing import How, import_files
from remit_cli.options import settings_of
from remit_cli.prove import show, show_verification
from remit_cli.sample import sample_lines
from remit_cli.storing import wait_until_stored
from remit_consumers.lake.commit import Lake
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import Verification, verify
from remit_consumers.settings import Settings

FOLDER = "remit-demo"
"""Where the demo leaves its data, beside where it was started."""

PORT_MAX = 65_534
"""The shop has the one behind it."""

GUIDE = """
The dashboard   [bold]{dashboard}[/]
                its figures move by themselves
Live            [bold]{dashboard}live[/]
                each event as it is stored, field by field
The shop        [bold]{shop}[/]
                click through it beside Live: your clicks have the ip 127.0.0.0

Some five events a second come from [bold]invented visitors[/]: all made up, and they
end with this command. Ctrl-C ends it, and looks whether everything holds."""
"""What is said when all is open."""


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
    once: Annotated[
        bool, typer.Option("--once", help="End after report and proof; serve nothing.")
    ] = False,
    port: Annotated[
        int,
        typer.Option(
            "--port",
            min=0,
            max=PORT_MAX,
            help="The dashboard's port; the shop has the next one. 0 for any that are free.",
        ),
    ] = 0,
) -> None:
    """Import an access log, store it minimized, print report and proof; then a shop, invented visitors and the dashboard.

    All of it in one process, until Ctrl-C. What the last demo left in the folder is counted too; --data names another.

    Example: remit demo /var/log/nginx/access.log
    """
    console = Console()
    settings = settings_of(data / "data")
    _import_once(settings, log, data, console)
    show(report(Lake(settings.lake)))
    found = verify(settings.data)
    show_verification(found)
    if once:
        console.print(
            f"The lake is in {settings.lake}. Next: [bold]remit dashboard --data {settings.data}[/]"
        )
    elif found.holds:
        found = _go_on(settings, port, console)
    raise typer.Exit(0 if found.holds else 1)


def _import_once(settings: Settings, log: Path | None, data: Path, console: Console) -> None:
    """Take a log into the lake; without one, an invented one."""
    if log is None:
        log = data / "sample-access.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("\n".join(sample_lines()) + "\n", encoding="utf-8")
        console.print(f"[dim]invented an access log: {log}")
    done = import_files("access-log", [log], settings, How(resume=True, wait=True), console)
    wait_until_stored(settings, console)
    if any(imported.is_of_another_kind for imported in done.values()):
        console.print("[yellow]No line of the log could be read: is it in the combined format?")


def _go_on(settings: Settings, port: int, console: Console) -> Verification:
    """Serve shop, edge, pipeline and dashboard until Ctrl-C, while invented visitors come; then look whether all holds."""
    from remit_cli.serve import serve_demo  # noqa: PLC0415 - half a second to load, for a log not needed

    before = _stored(settings)
    serve_demo(
        settings,
        port,
        lambda dashboard, shop: console.print(GUIDE.format(dashboard=dashboard, shop=shop)),
        lambda why: console.print(f"[yellow]The invented visitors are not answered: {escape(why)}"),
    )
    console.print(
        "[dim]closing: what came in the last moment is stored, then everything is checked"
    )
    wait_until_stored(settings, console)
    found = verify(settings.data)
    came = _stored(settings) - before
    console.print(f"Closed. {came:,} events were stored while it was open, in {settings.lake}.")
    show_verification(found)
    return found


def _stored(settings: Settings) -> int:
    """How many events the receipts count as stored."""
    return sum(row["stored"] for row in report(Lake(settings.lake)).contracts.values())
