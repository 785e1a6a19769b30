"""The operator's port: what fails there is told by its kind, and never by what was asked for."""

import urllib.error
import urllib.request

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from remit.edge.server import EdgeServer

CANARY = "canary-51@birds.example"


async def fails(request: Request) -> Response:
    """Fail with what was asked for in the exception's text."""
    raise KeyError(request.query_params["who"])


def test_a_request_that_fails_is_logged_by_its_kind_and_never_with_its_values(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    server = EdgeServer(Starlette(routes=[Route("/", fails)]), ("127.0.0.1", 0))
    server.start()
    try:
        with pytest.raises(urllib.error.HTTPError, match="500") as answer:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/?who={CANARY}", timeout=10)
        said = answer.value.read().decode()
        answer.value.close()
    finally:
        server.stop()
    printed = capfd.readouterr()
    assert "a request failed: KeyError" in caplog.text
    assert CANARY not in said + caplog.text + printed.out + printed.err
