"""What the middleware adds to a request: each framework's app with and without it, request by request in turns.

No server and no socket: the app is called as a server calls it, so that nothing hides what is added.
"""

import asyncio
import io
from array import array
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import perf_counter_ns
from types import ModuleType
from typing import Any, Final

from bench.apart import run_apart
from bench.context import Context, place
from bench.measure import Result, figure, in_turns, percentile

from remit import Client

REQUESTS: Final = 10_000  # of each app in a round
WARM: Final = 300  # before, which open the first packs and fill the caches of the frameworks
GOAL_US: Final = 30.0
NS_PER_US: Final = 1_000
PEER: Final = "OpenTelemetry, bare ASGI"
OTHERS: Final = ("p50 without", "p99 without", "p50 with", "p99 with")
"""What is shown beside what is added."""

PATH: Final = "/orders/17"
HEADERS: Final = {
    "host": "shop.example",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "accept-language": "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "accept-encoding": "gzip, deflate, br",
    "referer": "https://shop.example/",
    "cookie": "session=0123456789abcdef",
    "sec-ch-ua": '"Chromium";v="131", "Not_A Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "x-forwarded-for": "198.18.0.66, 198.18.0.7",
}
"""What a browser sends through one proxy."""

App = Any
"""What a framework calls an app."""

Ask = Callable[[App], Awaitable[None]]


def measure(context: Context) -> Result:
    """Measure every framework in a process of its own, in turns; and OpenTelemetry's middleware where it is installed."""
    requests = context.events(REQUESTS)
    variants: dict[str, Callable[[], dict[str, float]]] = {
        name: partial(_apart, name, requests) for name in BUILD
    }
    notes = [
        "The app is called as a server calls it: no server, no socket, one request after another.",
        "With and without the middleware in turns, request by request, in one process; added is the difference of the medians.",
        "A request has a browser's eleven headers, and comes through one proxy that is believed.",
    ]
    samples = in_turns(variants, context.rounds)
    figures = []
    for name in samples:
        goal = None if name == PEER else GOAL_US
        for metric, aim in (("added p50", goal), *((other, None) for other in OTHERS)):
            beside = PEER if name == "bare ASGI" else ""
            figures.append(
                figure(
                    samples,
                    name,
                    metric,
                    name=f"{name}, {metric}",
                    unit="µs",
                    goal=aim,
                    baseline=beside,
                )
            )
    return Result("What the middleware adds to a request", figures, notes)


def _apart(name: str, requests: int) -> dict[str, float]:
    with place() as installation:
        return run_apart("middleware.timed", installation.env, name=name, requests=requests)


def timed(name: str, requests: int) -> dict[str, float]:
    """Time an app with and without its middleware, in this process.

    Returns:
        Percentiles of a request in microseconds.
    """
    client = Client("bench")
    plain, behind, ask = BUILD[name](client)
    spent = asyncio.run(_in_turns(plain, behind, ask, requests))
    emitted = client.totals()
    assert client.close(60), "not everything reached the log"
    assert emitted.offered == (0 if name == PEER else requests + WARM)
    assert not emitted.refused
    without, with_it = (
        [percentile(each, share) / NS_PER_US for share in (0.5, 0.99)] for each in spent
    )
    told = dict(zip(OTHERS, (without[0], without[1], with_it[0], with_it[1]), strict=True))
    return {"added p50": with_it[0] - without[0], **told}


async def _in_turns(
    plain: App, behind: App, ask: Ask, requests: int
) -> tuple["array[int]", "array[int]"]:
    """Ask both apps, now the one first and now the other."""
    spent = array("q"), array("q")
    for number in range(requests + WARM):
        pair = ((plain, spent[0]), (behind, spent[1]))
        for app, times in pair if number % 2 else pair[::-1]:
            begun = perf_counter_ns()
            await ask(app)
            times.append(perf_counter_ns() - begun)
    return spent[0][WARM:], spent[1][WARM:]


async def _ask_asgi(app: App) -> None:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": _LINES,
        "client": ("127.0.0.1", 4711),
        "server": ("127.0.0.1", 8000),
    }
    await app(scope, _receive, _send)


_LINES: Final = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
_ENVIRON: Final = {
    "REQUEST_METHOD": "GET",
    "SCRIPT_NAME": "",
    "PATH_INFO": PATH,
    "QUERY_STRING": "",
    "REMOTE_ADDR": "127.0.0.1",
    "SERVER_NAME": "shop.example",
    "SERVER_PORT": "80",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "wsgi.url_scheme": "http",
    "wsgi.errors": io.StringIO(),
} | {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()}


async def _receive() -> dict[str, object]:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _send(message: Mapping[str, object]) -> None:
    pass


async def _ask_wsgi(app: App) -> None:
    body = app({**_ENVIRON, "wsgi.input": io.BytesIO()}, lambda *_: None)
    for _ in body:
        pass
    if hasattr(body, "close"):
        body.close()


async def _bare_app(_scope: object, _receive: object, send: Any) -> None:  # noqa: ANN401  # a callable of ASGI
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"an order"})


def _bare(client: Client) -> tuple[App, App, Ask]:
    from remit.asgi import RemitMiddleware  # noqa: PLC0415  # what this variant is about

    return _bare_app, RemitMiddleware(_bare_app, client, proxies="1"), _ask_asgi


def _starlette(client: Client) -> tuple[App, App, Ask]:
    from starlette.applications import Starlette  # noqa: PLC0415  # as above
    from starlette.responses import PlainTextResponse  # noqa: PLC0415  # as above
    from starlette.routing import Route  # noqa: PLC0415  # as above

    from remit.asgi import RemitMiddleware  # noqa: PLC0415  # as above

    async def order(_: object) -> PlainTextResponse:
        return PlainTextResponse("an order")

    plain, behind = (Starlette(routes=[Route("/orders/{order_id}", order)]) for _ in range(2))
    behind.add_middleware(RemitMiddleware, client=client, proxies="1")
    return plain, behind, _ask_asgi


def _fastapi(client: Client) -> tuple[App, App, Ask]:
    from fastapi import FastAPI  # noqa: PLC0415  # as above

    from remit.asgi import RemitMiddleware  # noqa: PLC0415  # as above

    async def order(order_id: int) -> int:
        return order_id

    plain, behind = FastAPI(), FastAPI()
    for app in (plain, behind):
        app.get("/orders/{order_id}")(order)
    behind.add_middleware(RemitMiddleware, client=client, proxies="1")
    return plain, behind, _ask_asgi


def _flask(client: Client) -> tuple[App, App, Ask]:
    from flask import Flask  # noqa: PLC0415  # as above

    from remit.wsgi import RemitMiddleware  # noqa: PLC0415  # as above

    app = Flask("shop")
    app.get("/orders/<int:order_id>")(lambda order_id: f"order {order_id}")
    return app, RemitMiddleware(app, client, proxies="1"), _ask_wsgi


def _django(client: Client) -> tuple[App, App, Ask]:
    from django.conf import settings  # noqa: PLC0415  # as above
    from django.core.handlers.wsgi import WSGIHandler  # noqa: PLC0415  # as above
    from django.http import HttpResponse  # noqa: PLC0415  # as above
    from django.urls import path  # noqa: PLC0415  # as above

    urls: Any = ModuleType("urls")
    urls.urlpatterns = [path("orders/<int:order_id>", lambda *_, order_id: HttpResponse(order_id))]
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=urls,
        MIDDLEWARE=[],
        REMIT_CLIENT=client,
        REMIT={"proxies": "1"},
    )
    import django  # noqa: PLC0415  # as above

    django.setup()
    plain = WSGIHandler()
    settings.MIDDLEWARE = ["remit.django.RemitMiddleware"]
    return plain, WSGIHandler(), _ask_wsgi


def _opentelemetry(client: Client) -> tuple[App, App, Ask]:
    """Make the same bare app with spans that are made and go nowhere: what the middleware itself costs."""
    del client
    from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware  # noqa: PLC0415  # this variant alone pays for it
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    with_spans = OpenTelemetryMiddleware(_bare_app, tracer_provider=TracerProvider())
    return _bare_app, with_spans, _ask_asgi


BUILD: Final[Mapping[str, Callable[[Client], tuple[App, App, Ask]]]] = {
    "bare ASGI": _bare,
    "Starlette": _starlette,
    "FastAPI": _fastapi,
    "Flask": _flask,
    "Django": _django,
    PEER: _opentelemetry,
}
"""For each variant: the app without, the app with, and how it is asked."""
