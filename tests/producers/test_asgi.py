"""Page views of ASGI apps: one for each answer, with the route, and never at the app's cost."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI
from litestar import Litestar, get
from litestar.middleware import DefineMiddleware
from litestar.params import FromPath
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.websockets import WebSocket

from kit.spooled import Home, MakeClient
from kit.web import AGENT, PEER, Message, asked, emitted, make_scope
from remit import visitor
from remit.asgi import RemitMiddleware
from remit.client import Client
from remit_schemas.errors import SettingsError

Build = Callable[[Client], Any]
WAITED_S = 0.03


async def order(request: Request) -> Response:
    return PlainTextResponse("an order")


async def boom(request: Request) -> Response:
    raise LookupError("app")


async def stream(request: Request) -> Response:
    async def parts() -> Any:  # noqa: ANN401  # an async generator
        yield b"a"
        await asyncio.sleep(WAITED_S)
        yield b"b"

    return StreamingResponse(parts())


async def chat(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text(await socket.receive_text())
    await socket.close()


def starlette(client: Client, **options: Any) -> Starlette:  # noqa: ANN401  # as the middleware takes them
    """An app of Starlette with a page of each kind."""
    return Starlette(
        routes=[
            Route("/orders/{order_id:int}", order, methods=["GET", "POST"]),
            Route("/boom", boom),
            Route("/stream", stream),
            WebSocketRoute("/chat", chat),
            Mount("/shop", routes=[Route("/items/{item_id}", order)]),
        ],
        middleware=[Middleware(RemitMiddleware, client=client, **options)],
    )


def fastapi(client: Client) -> FastAPI:
    """An app of FastAPI, with a router in a router and a mounted app."""
    inner, outer, app, mounted = APIRouter(prefix="/v1"), APIRouter(), FastAPI(), FastAPI()

    @inner.get("/orders/{order_id}")
    def _(order_id: int) -> int:
        return order_id

    @mounted.get("/items/{item_id}")
    async def _(item_id: str) -> str:
        return item_id

    outer.include_router(inner, prefix="/api")
    app.include_router(outer)
    app.include_router(inner)
    app.mount("/shop", mounted)
    app.add_middleware(RemitMiddleware, client=client)
    return app


def litestar(client: Client) -> Litestar:
    """An app of Litestar."""

    @get("/orders/{order_id:int}")
    async def an_order(order_id: FromPath[int]) -> str:
        return "an order"

    @get("/boom")
    async def breaks() -> str:
        raise LookupError("app")

    return Litestar(
        [an_order, breaks], middleware=[DefineMiddleware(RemitMiddleware, client=client)]
    )


def around(client: Client) -> RemitMiddleware:
    """The same, with the middleware around all of it."""
    return RemitMiddleware(litestar_alone(), client)


def litestar_alone() -> Litestar:
    """An app of Litestar without middleware."""

    @get("/orders/{order_id:int}")
    async def an_order(order_id: FromPath[int]) -> str:
        return "an order"

    return Litestar([an_order])


ROUTES = [
    (starlette, "/orders/7", "", "/orders/{order_id}", 200),
    (starlette, "/shop/items/7", "", "/shop/items/{item_id}", 200),
    (starlette, "/pre/shop/items/7", "/pre", "/pre/shop/items/{item_id}", 200),
    (starlette, "/shop/none/7", "", "/shop/none/7", 404),
    (starlette, "/none/7", "", "/none/7", 404),
    (fastapi, "/v1/orders/7", "", "/v1/orders/{order_id}", 200),
    (fastapi, "/api/v1/orders/7", "", "/api/v1/orders/{order_id}", 200),
    (fastapi, "/api/v1/orders/x", "", "/api/v1/orders/{order_id}", 422),
    (fastapi, "/pre/api/v1/orders/7", "/pre", "/pre/api/v1/orders/{order_id}", 200),
    (fastapi, "/shop/items/7", "", "/shop/items/{item_id}", 200),
    (fastapi, "/shop/none", "", "/shop/none", 404),
    (litestar, "/orders/7", "", "/orders/{order_id}", 200),
    (litestar, "/boom", "", "/boom", 500),
    (around, "/orders/7", "", "/orders/{order_id}", 200),
    (around, "/none", "", "/none", 404),
]


@pytest.mark.parametrize("case", ROUTES, ids=lambda case: f"{case[0].__name__}{case[2]}:{case[1]}")
def test_a_page_is_the_route_and_only_without_one_the_path(
    case: tuple[Build, str, str, str, int], home: Home, make_client: MakeClient
) -> None:
    build, path, root, page, status = case
    client = make_client()
    sent = asked(build(client), make_scope(path, root_path=root, query_string=b"q=secret"))
    assert sent[0]["status"] == status
    (event,) = emitted(home, client)
    assert (event["page"], event["status"], event["method"]) == (page, status, "GET")


def test_a_page_view_holds_what_the_request_says_of_itself(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    headers = [
        ("Accept-Language", "de-CH,de;q=0.9"),
        ("Referer", "https://search.example/"),
        ("Sec-CH-UA", '"Chromium";v="140"'),
        ("Sec-CH-UA-Mobile", "?0"),
        ("Sec-CH-UA-Platform", '"Linux"'),
        ("Sec-CH-UA-Model", '"Pixel 9"'),
        ("Cookie", "session=secret"),
        ("Authorization", "Bearer secret"),
        ("X-Forwarded-For", "198.51.100.66, 192.0.2.9"),
    ]
    app = starlette(client, proxies="1", subject=lambda _: visitor("s1"), tenant=lambda _: "t1")
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    asked(app, make_scope("/orders/7", headers=headers))
    (event,) = emitted(home, client)
    took = {event.pop(name) for name in ("occurred_at", "collected_at", "duration_ms")}
    assert all(isinstance(when, int) or before <= when for when in took)
    assert event == {
        "subject": "visitor:s1",
        "tenant": "t1",
        "ip": "192.0.2.9",
        "user_agent": f'{AGENT}\nSec-CH-UA: "Chromium";v="140"\nSec-CH-UA-Mobile: ?0\nSec-CH-UA-Platform: "Linux"',
        "language": "de-CH,de;q=0.9",
        "referrer": "https://search.example/",
        "page": "/orders/{order_id}",
        "method": "GET",
        "status": 200,
        "platform": "web",
    }


def test_an_apps_exception_counts_as_500_and_stays_what_it_is(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    with pytest.raises(LookupError) as caught:
        asked(starlette(client), make_scope("/boom"))
    assert caught.value.args == ("app",)
    assert [(event["page"], event["status"]) for event in emitted(home, client)] == [("/boom", 500)]


def test_a_stream_passes_part_by_part_and_lasts_until_its_last(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    sent = asked(starlette(client), make_scope("/stream"))
    assert [message.get("body") for message in sent] == [None, b"a", b"b", b""]
    (event,) = emitted(home, client)
    duration_ms = event["duration_ms"]
    assert isinstance(duration_ms, int)
    assert duration_ms >= WAITED_S * 1000


def test_a_file_that_the_server_sends_by_itself_ends_the_answer(make_client: MakeClient) -> None:
    client = make_client()
    seen: list[int] = []

    async def app(scope: object, receive: object, send: Any) -> None:  # noqa: ANN401  # a callable
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": "/srv/file"})
        seen.append(client.totals().offered)

    asked(RemitMiddleware(app, client), make_scope())
    assert seen == [1]


def test_a_background_task_neither_waits_nor_counts(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    seen: list[int] = []

    async def later() -> None:
        seen.append(client.totals().offered)
        await asyncio.sleep(WAITED_S)
        raise LookupError("after the answer")

    async def page(request: Request) -> Response:
        return PlainTextResponse("x", background=BackgroundTask(later))

    app = RemitMiddleware(Starlette(routes=[Route("/", page)]), client)
    with pytest.raises(LookupError):
        asked(app, make_scope())
    assert seen == [1]  # the page view was emitted before the task began
    (event,) = emitted(home, client)
    assert event["status"] == 200


def test_whoever_leaves_is_counted_with_the_status_that_was_sent_if_any(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()

    async def cut_off(app: Any, message: Message | None) -> None:  # noqa: ANN401  # an app
        async def half(scope: object, receive: object, send: Any) -> None:  # noqa: ANN401  # a callable
            if message is not None:
                await send(message)
            await asyncio.Event().wait()

        async def send(message: Message) -> None:
            pass

        task = asyncio.create_task(app(half, client)(make_scope("/x"), None, send))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cut_off(RemitMiddleware, None))
    asyncio.run(cut_off(RemitMiddleware, {"type": "http.response.start", "status": 206}))
    assert [event.get("status") for event in emitted(home, client)] == [None, 206]


def test_a_client_that_cannot_be_sent_to_changes_nothing_for_the_app(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    with pytest.raises(Exception) as caught:  # noqa: PT011  # what Starlette makes of it
        asyncio.run(
            RemitMiddleware(Starlette(routes=[Route("/", order)]), client)(
                make_scope(), receive, send
            )
        )
    assert isinstance(caught.value, OSError) or type(caught.value).__name__ == "ClientDisconnect"
    assert [event["status"] for event in emitted(home, client)] == [200]


@pytest.mark.parametrize(
    ("kind", "says", "answers"),
    [
        ("lifespan", ["startup", "shutdown"], ["startup.complete", "shutdown.complete"]),
        ("websocket", ["connect", "receive"], ["accept", "send", "close"]),
    ],
)
def test_what_is_no_http_passes_untouched(
    kind: str, says: list[str], answers: list[str], make_client: MakeClient
) -> None:
    client = make_client()
    waiting = [{"type": f"{kind}.{word}", "text": "hello"} for word in says]
    sent: list[Message] = []

    async def receive() -> Message:
        return dict(waiting.pop(0))

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(starlette(client)(make_scope("/chat", type=kind), receive, send))
    assert [message["type"] for message in sent] == [f"{kind}.{word}" for word in answers]
    assert client.totals().offered == 0


def test_what_is_no_page_is_not_counted_and_head_is(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    app = starlette(client, skip=("/healthz", "/static/"))
    for path in ("/healthz", "/static/a/b.css", "/static", "/healthz/x"):
        asked(app, make_scope(path))
    for method in ("OPTIONS", "HEAD", "POST"):
        asked(app, make_scope("/orders/7", method=method))
    counted = [(event["method"], event["page"]) for event in emitted(home, client)]
    assert counted == [
        ("GET", "/static"),
        ("GET", "/healthz/x"),
        ("HEAD", "/orders/{order_id}"),
        ("POST", "/orders/{order_id}"),
    ]


def broken(scope: Mapping[str, object]) -> str:
    raise ZeroDivisionError("ours")


@pytest.mark.parametrize("options", [{"subject": broken}, {"tenant": broken}])
def test_no_fault_of_ours_reaches_the_app_and_each_is_counted(
    options: dict[str, Any], home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    sent = asked(starlette(client, **options), make_scope("/orders/7"))
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    totals = client.totals()
    assert (totals.offered, dict(totals.refused)) == (1, {"other": 1})


@pytest.mark.parametrize(
    ("changed", "counted"),
    [
        ({"client": None}, 1),
        ({"headers": [None]}, 0),
        ({"client": ("not an address", 1)}, 1),
        ({"route": object()}, 1),
    ],
)
def test_what_a_server_does_not_say_is_null_or_counted(
    changed: dict[str, Any], counted: int, make_client: MakeClient
) -> None:
    client = make_client()

    async def app(scope: object, receive: object, send: Any) -> None:  # noqa: ANN401  # a callable
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    assert asked(RemitMiddleware(app, client), make_scope() | changed)[0]["status"] == 204
    assert client.totals().offered == 1
    assert sum(client.totals().refused.values()) == 1 - counted


def test_a_closed_client_answers_nothing_and_the_app_goes_on(make_client: MakeClient) -> None:
    client = make_client()
    client.close(10)
    assert asked(starlette(client), make_scope("/orders/7"))[0]["status"] == 200


HOSTILE = [
    ("User-Agent", b"\xff\xfe\x80"),
    ("User-Agent", b"a\x00b"),
    ("Referer", b"https://x.example/" + "ü".encode()),
    ("Accept-Language", b"\xed\xa0\x80"),
    ("X-Forwarded-For", b"\xff" * 1000),
    ("Forwarded", b'for="\x00"'),
    ("Sec-CH-UA", b"\xc3\x28"),
]


@pytest.mark.parametrize(("name", "value"), HOSTILE)
def test_bytes_that_are_no_text_are_counted_like_any_request(
    name: str, value: bytes, home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    asked(starlette(client, proxies="1"), make_scope("/orders/7", headers=[(name, value)]))
    assert len(emitted(home, client)) == 1


@pytest.mark.parametrize(
    "name", ["User-Agent", "Referer", "Accept-Language", "Sec-CH-UA", "X-Forwarded-For"]
)
def test_a_header_of_64_kibibytes_is_left_out(
    name: str, home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    scope = make_scope("/orders/7", headers=[(name, b"a" * (64 << 10))])
    scope["headers"] = [
        line for line in scope["headers"] if line[0] != b"user-agent" or len(line[1]) > 999
    ]
    asked(starlette(client, proxies="1"), scope)
    (event,) = emitted(home, client)
    assert all(len(str(value)) < 100 for value in event.values())


def test_a_rule_of_proxies_that_is_none_stops_the_start(make_client: MakeClient) -> None:
    with pytest.raises(SettingsError):
        RemitMiddleware(Starlette(), make_client(), proxies="everybody")


def test_the_rule_of_proxies_comes_from_the_environment(
    home: Home, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMIT_PROXIES", PEER[0])
    client = make_client()
    headers = [("Forwarded", "for=192.0.2.9")]
    asked(starlette(client), make_scope("/orders/7", headers=headers))
    assert [event["ip"] for event in emitted(home, client)] == ["192.0.2.9"]


def test_what_a_browser_signals_is_recorded_once_and_withholds_what_the_policy_says(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    app = starlette(client, subject=lambda _: "ann")
    for _ in range(2):
        asked(app, make_scope("/orders/7", headers=[("Sec-GPC", "1"), ("DNT", "0")]))
    asked(app, make_scope("/orders/7", headers=[("Sec-GPC", "true")]))
    events = emitted(home, client)
    views = [event for event in events if "page" in event]
    changes = [event for event in events if "purpose" in event]
    assert len(views) == 3
    assert {change["method"] for change in changes} == {"gpc"}
    assert len(changes) == len({change["purpose"] for change in changes}) > 0
    assert all("duration_ms" not in view for view in views[:2])
