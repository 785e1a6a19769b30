"""The demonstration from its start to its end: figures that move, one's own click among invented visitors, and a proof."""

import re
import signal
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import Page

from kit.chromium import Visit
from kit.dashboard import figure
from kit.installation import Installation
from kit.watching import patience, until
from remit.edge import sources

UNTIL_FIGURES_MOVE_S = 60.0
"""From the start of the command."""

IN_LIVE_S = 2.0
"""How long a click may take until it shows: the middle one of three, on a machine that runs other tests as well."""

END_S = 120.0
OFFERED = ".law .stat .figure >> nth=0"
ADDRESSES = re.compile(r"^(The dashboard|The shop) +(http://\S+?)/?$", re.MULTILINE)
TEAS = ("evening-lantern", "white-noise", "blue-hour")


def seen_after(visitor: Page, live: Page, shop: str, tea: str) -> float:
    """How many seconds after a click on a tea the open page of Live has it; an invented visitor has another address."""
    visitor.goto(shop)
    own = live.locator(".event", has_text=re.compile(rf"127\.0\.0\.0.*/tea/{tea}", re.DOTALL))
    assert own.count() == 0
    begun = time.monotonic()
    visitor.click(f"a[href='/tea/{tea}']")
    own.first.wait_for()
    return time.monotonic() - begun


def test_figures_move_within_a_minute_and_ones_own_click_shows_while_invented_visitors_come(
    embedded: Installation, visit: Visit, tmp_path: Path
) -> None:
    output, begun = tmp_path / "demo.log", time.monotonic()
    demo = embedded.start_into(output, "demo", "--data", str(embedded.data.parent))
    until(lambda: len(ADDRESSES.findall(output.read_text())) == 2, "the demo does not open")
    addresses = dict(ADDRESSES.findall(output.read_text()))
    dashboard, shop = addresses["The dashboard"], addresses["The shop"]
    assert "invented visitors" in output.read_text()

    page = visit().open(dashboard)
    first = figure(page, OFFERED)
    assert first > 0
    until(lambda: figure(page, OFFERED) > first, "the figures do not move")
    assert time.monotonic() - begun < UNTIL_FIGURES_MOVE_S * patience()

    visitor, live = visit().open(shop), visit().open(f"{dashboard}/live")
    visitor.click("text=Refuse all")
    waits = [seen_after(visitor, live, shop, tea) for tea in TEAS]
    assert median(waits) < IN_LIVE_S * patience(), waits

    demo.send_signal(signal.SIGINT)
    assert demo.wait(END_S) == 0, output.read_text()[-3000:]
    assert "are not answered" not in output.read_text()
    assert embedded.breaches() == {}
    assert sources.read(embedded.data) == ()
    assert embedded.contract("consent_change")["stored"] > 0


def test_once_the_demo_ends_after_report_and_proof_and_what_is_imported_again_is_not_counted_twice(
    embedded: Installation,
) -> None:
    words = ("demo", "--once", "--data", str(embedded.data.parent))
    said = embedded.remit(*words).stdout
    assert re.search(r"conservation\W+holds\W+20000 events", said)
    assert "http://" not in said
    embedded.remit(*words)
    assert embedded.contract("page_view")["offered"] == 20_000


def test_of_a_log_in_another_format_the_demo_says_that_no_line_could_be_read(
    embedded: Installation, tmp_path: Path
) -> None:
    log = tmp_path / "other.log"
    log.write_text("level=info msg=started\n")
    words = ("demo", str(log), "--once", "--data", str(embedded.data.parent))
    assert "No line of the log could be read" in embedded.remit(*words).stdout
