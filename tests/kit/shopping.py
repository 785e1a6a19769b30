"""The demonstration shop beside a real `remit up`: what a browser clicks through, and what of it reaches the lake."""

import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kit.installation import Installation
from kit.ports import free_port
from kit.watching import until
from remit_cli.shop import shop

END_S = 60.0
"""How long the end of `remit up` may take: it stores what is gathered."""

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class OpenShop:
    """A shop that is open.

    Attributes:
        address: Where the shop is.
        edge: Where the edge is.
        installed: What the edge belongs to.
    """

    address: str
    edge: str
    installed: Installation

    def rows(self, contract: str) -> list[Row]:
        """What the lake holds of a contract now."""
        table = self.installed.data / "lake" / "events" / contract / "_delta_log"
        if not any(table.glob("*.json")):
            return []
        found: list[Row] = self.installed.rows(contract).to_pylist()
        return found

    def pages(self) -> list[object]:
        """The pages of the page views in the lake."""
        return [row["page"] for row in self.rows("page_view")]

    def wait_for(self, *pages: str) -> None:
        """Wait until the lake holds page views of these pages."""
        until(lambda: set(pages) <= set(self.pages()), f"not all of {pages} arrived")

    def view_of(self, page: str) -> Row:
        """The one page view of a page."""
        [row] = [row for row in self.rows("page_view") if row["page"] == page]
        return row


@contextmanager
def open_shop(installed: Installation, output: Path, *options: str) -> Iterator[OpenShop]:
    """Open the shop; `remit up`, with these options more, runs until it is closed, and must then end well."""
    port = free_port()
    edge = f"http://127.0.0.1:{port}"
    with shop(installed.data, edge, "127.0.0.1", 0) as address:
        process = installed.start_into(output, "up", "--port", str(port), *options)
        try:
            until(lambda: _answers(process, edge, output), "remit up does not answer")
            yield OpenShop(address, edge, installed)
        finally:
            process.terminate()
            code = process.wait(END_S)
    assert code == 0, output.read_text()[-3000:]


def _answers(process: "subprocess.Popen[str]", edge: str, output: Path) -> bool:
    assert process.poll() is None, output.read_text()[-3000:]
    try:
        with urllib.request.urlopen(f"{edge}/v1/policy/summary", timeout=5) as answer:  # noqa: S310  # http, by this module
            return bool(answer.status == 200)
    except OSError:
        return False
