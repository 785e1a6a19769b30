"""The demonstration shop: a site with remit's tracker on it, served beside `remit up`, to click through."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from remit.edge import sources
from remit.edge.server import EdgeServer

FOLDER: Final = Path(__file__).parent / "demo_shop"
LOOPBACK: Final = "127.0.0.1"
SOURCE: Final = "demo-shop"
"""The name of its write key."""

TITLES: Final = {
    "home": "Teas",
    "tea": "Tea",
    "basket": "Basket",
    "checkout": "Checkout",
    "privacy": "Your choice",
    "missing": "No such page",
}
PAGES: Final = {
    "/": "home",
    "/tea/{slug}": "tea",
    "/basket": "basket",
    "/checkout": "checkout",
    "/checkout/{step}": "checkout",
    "/privacy": "privacy",
}
REQUEST_TIMEOUT_S: Final = 10.0
FRESH: Final = {"cache-control": "no-store"}  # the write key is another one at every start


@contextmanager
def shop(data: Path, edge: str, host: str, port: int) -> Iterator[str]:
    """Serve the shop in a thread of its own, with a write key of its own; gives its address.

    Args:
        data: The data folder of the edge.
        edge: Where the edge is, such as ``http://127.0.0.1:8080``.
        host: Address to listen on.
        port: Port to listen on; 0 for any.

    Raises:
        SettingsError: The port cannot be had.
    """
    pages = Pages(edge)
    server = EdgeServer(pages.app(), (host, port), timeout_s=REQUEST_TIMEOUT_S)
    address = f"http://{'localhost' if host == LOOPBACK else host}:{server.port}"
    with lent_key(data, SOURCE, origins=[address]) as pages.key:
        server.start()
        try:
            yield address
        finally:
            server.stop()


@contextmanager
def lent_key(
    data: Path, name: str, kind: sources.Kind = sources.Kind.BROWSER, origins: Iterable[str] = ()
) -> Iterator[str]:
    """Make a write key that is good until the end; the one of an earlier start that was killed goes.

    Args:
        data: The data folder of the edge.
        name: Of the source.
        kind: Who sends with it.
        origins: From which pages, where that is a browser.

    Raises:
        SettingsError: The write keys cannot be read.
    """
    _take_away(data, name)
    try:
        yield sources.add(data, name, kind=kind, origins=origins)
    finally:
        _take_away(data, name)


def _take_away(data: Path, name: str) -> None:
    if any(known.name == name for known in sources.read(data)):
        sources.revoke(data, name)


class Pages:
    """The pages of the shop.

    Attributes:
        key: The write key that stands in them.
    """

    def __init__(self, edge: str) -> None:
        self.key = ""
        self._edge = edge

    def app(self) -> Starlette:
        """Make the application that serves them."""
        routes: list[Route | Mount] = [
            Route(path, self._answer(page)) for path, page in PAGES.items()
        ]
        static = Mount("/static", StaticFiles(directory=FOLDER / "static"))
        missing = Route("/{path:path}", self._answer("missing", 404))
        return Starlette(routes=[*routes, static, missing])

    def _answer(self, page: str, status: int = 200) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_: Request) -> Response:
            return HTMLResponse(self.page(page), status, headers=FRESH)

        return answer

    def page(self, name: str) -> str:
        """Give a page as it is sent."""
        layout = (FOLDER / "layout.html").read_text("utf-8")
        values = {
            "title": escape(TITLES[name]),
            "edge": escape(self._edge),
            "key": escape(self.key),
        }
        for key, value in values.items():
            layout = layout.replace("{{" + key + "}}", value)
        return layout.replace("{{main}}", (FOLDER / "pages" / f"{name}.html").read_text("utf-8"))
