"""A real `remit dashboard` of an installation, and what the tests ask of its pages."""

import json
import re
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Page

from kit.installation import Installation
from kit.tree import ROOT
from kit.watching import until

PAGES = (
    *("collected", "live", "policy", "consent", "retention"),
    *("requests", "recipients", "proof", "audit"),
)
AXE = ROOT / "consumers" / "remit-dashboard" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
SERIOUS = {"serious", "critical"}
END_S = 120.0


@dataclass(frozen=True, slots=True)
class OpenDashboard:
    """A dashboard that is being served.

    Attributes:
        address: Where it is, without a slash at its end; it may hold the token that opens it once.
        installed: What it shows.
    """

    address: str
    installed: Installation

    def report(self) -> Mapping[str, Any]:
        """What `remit report --json` says."""
        return self.installed.facts("report")


@contextmanager
def open_dashboard(installed: Installation, output: Path, *options: str) -> Iterator[OpenDashboard]:
    """Serve the dashboard until the end; it must then end well."""
    process = installed.start_into(output, "dashboard", "--port", "0", *options)
    said = re.compile(r"^remit: (http://\S+?)/?$", re.MULTILINE)
    try:
        until(
            lambda: process.poll() is not None or said.search(output.read_text()) is not None,
            "remit dashboard does not say where it is",
        )
        found = said.search(output.read_text())
        assert found is not None, output.read_text()[-3000:]
        yield OpenDashboard(found[1], installed)
    finally:
        process.terminate()
        code = process.wait(END_S)
    assert code == 0, output.read_text()[-3000:]
    assert "Traceback" not in output.read_text(), output.read_text()[-3000:]


def listened_to(page: Page) -> list[str]:
    """Write down what the console of a page calls an error: what its own policy forbids is among it."""
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    page.on("console", hear)
    return said


def violations(page: Page) -> list[str]:
    """What axe-core finds that is serious, a line each."""
    page.evaluate(f"{AXE.read_text('utf-8')}\n;null")
    found = page.evaluate(
        "(rules) => axe.run(document, {runOnly: {type: 'tag', values: rules}})", list(RULES)
    )
    return [
        f"{one['id']} ({one['impact']}): {one['help']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        if one["impact"] in SERIOUS
        for node in one["nodes"]
    ]


def is_wider_than_its_window(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    script = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    return bool(page.evaluate(script))


def figure(page: Page, selector: str) -> int:
    """A count on a page."""
    return int(page.inner_text(selector).replace(",", ""))


def get(url: str, **headers: str) -> tuple[int, Mapping[str, str], str]:
    """Ask without a browser: status, headers and text."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310  # http, by this module
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # as above
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def chart(page: Page, name: str) -> Mapping[str, Any]:
    """The description of a chart."""
    found: Mapping[str, Any] = json.loads(page.get_attribute(f"#{name}", "data-chart") or "{}")
    return found
