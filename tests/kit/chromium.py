"""A real browser: Debian's Chromium, driven by Playwright, with everything that it sends written down."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    Page,
    Playwright,
    Request,
    expect,
    sync_playwright,
)

NAME = "Chromium"
WHY_NOT = "no chromium on the path; `make parts` installs it where this is root on Debian"
QUIET = (
    "--no-sandbox",  # as root in a container there is none to be had
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
GPC = "--enable-features=GlobalPrivacyControl,GlobalPrivacyControlForce"
"""The switch behind chrome://flags/#enable-global-privacy-control: header and JavaScript property are Chromium's own."""


PATIENCE_MS = 120_000.0
"""How long a page may take for what is expected of it: only what never comes fails, however busy the machine is."""


def find() -> str | None:
    """Where Chromium is."""
    return shutil.which("chromium")


@dataclass
class Visitor:
    """One person's browser: a profile of its own.

    Attributes:
        context: Its windows.
        requests: Everything that was asked for over the network.
        problems: What scripts threw, and what the console calls an error.
    """

    context: BrowserContext
    requests: list[Request] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Write down what happens."""
        self.context.on("request", lambda request: self.requests.append(request))  # noqa: PLW0108  # Playwright sets an attribute on it
        self.context.on("weberror", lambda error: self.problems.append(str(error.error)))

    def open(self, url: str) -> Page:
        """Open a page in a new tab."""
        page = self.context.new_page()
        page.goto(url)
        return page

    def bodies(self, path: str = "/v1/") -> list[dict[str, Any]]:
        """What was posted, as JSON."""
        posts = [one for one in self.requests if one.method == "POST" and path in one.url]
        return [json.loads(one.post_data or "{}") for one in posts]


def storage(page: Page) -> dict[str, dict[str, str]]:
    """All that the page's origin keeps in this browser."""
    script = """() => ({local: {...localStorage}, session: {...sessionStorage}, cookie: document.cookie ? {cookie: document.cookie} : {}})"""
    found: dict[str, dict[str, str]] = page.evaluate(script)
    return found


class Chromium:
    """Gives each visitor a profile of its own: in memory, or on the disk where the browser itself has to be set up."""

    def __init__(self, playwright: Playwright, executable: str) -> None:
        self._chromium = playwright.chromium
        self._executable = executable
        self._shared = self._chromium.launch(executable_path=executable, args=[*QUIET])

    @property
    def version(self) -> str:
        """Its version."""
        return self._shared.version

    @contextmanager
    def visitor(
        self,
        profile: Path,
        *,
        arguments: Sequence[str] = (),
        do_not_track: bool = False,
        **context: Any,  # noqa: ANN401  # what Playwright takes
    ) -> Iterator[Visitor]:
        """Open a window.

        Args:
            profile: The folder of the profile, where it needs one.
            arguments: Of a browser of its own.
            do_not_track: Whether its user ticked that box.
            context: What Playwright calls so: locale, timezone_id, viewport.
        """
        if arguments or do_not_track:
            opened = self._own(profile, arguments, {"enable_do_not_track": do_not_track}, context)
        else:
            opened = self._shared.new_context(**context)
        opened.set_default_timeout(PATIENCE_MS)
        try:
            yield Visitor(opened)
        finally:
            opened.close()

    def _own(
        self,
        profile: Path,
        arguments: Sequence[str],
        preferences: Mapping[str, object],
        context: Mapping[str, Any],
    ) -> BrowserContext:
        (profile / "Default").mkdir(parents=True)
        (profile / "Default" / "Preferences").write_text(json.dumps(preferences))
        return self._chromium.launch_persistent_context(
            profile, executable_path=self._executable, args=[*QUIET, *arguments], **context
        )

    def close(self) -> None:
        """End the browser that visitors share."""
        self._shared.close()


@contextmanager
def start(executable: str) -> Iterator[Chromium]:
    """Start Playwright."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = Chromium(playwright, executable)
        yield started
        started.close()


Visit = Callable[..., Visitor]
"""Starts a browser for a test; what it takes is what `Chromium.visitor` takes."""
