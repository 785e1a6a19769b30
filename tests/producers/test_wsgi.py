"""Page views of WSGI apps: one for each answer, with the rule, and never at the app's cost."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any
from wsgiref.util import FileWrapper

import pytest
from flask import Blueprint, Flask, Response
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from kit.spooled import Home, MakeClient
from kit.web import AGENT, answered, emitted, make_environ
from remit.wsgi import RemitMiddleware

TEXT = [("Content-Type", "text/plain")]


def make_flask() -> Flask:
    """An app of Flask with a page of each kind."""
    app = Flask("shop")
    items = Blueprint("items", "items", url_prefix="/items")

    @app.get("/orders/<int:order_id>")
    def order(order_id: int) -> str:
        return f"order {order_id}"

    @app.get("/boom")
    def boom() -> str:
        raise LookupError("app")

    @app.get("/stream")
    def stream() -> Response:
        return Response(iter(["a", "b"]))

    @items.get("/<item_id>/")
    def item(item_id: str) -> str:
        return item_id

    app.register_blueprint(items, url_prefix="/shop/items")
    return app


ROUTES = [
    ("/orders/7", "/orders/{order_id}", "200"),
    ("/shop/items/x/", "/shop/items/{item_id}/", "200"),
    ("/shop/items/x", "/shop/items/x", "308"),  # sent on to the one with a slash
    ("/boom", "/boom", "500"),
    ("/stream", "/stream", "200"),
    ("/none/7", "/none/7", "404"),
    ("/none/%C3%BC", "/none/ü", "404"),
    ("/none/%FF", "/none/\ufffd", "404"),
]


@pytest.mark.parametrize(("path", "page", "status"), ROUTES)
def test_a_page_is_the_rule_and_only_without_one_the_path(
    path: str, page: str, status: str, home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    app = make_flask()
    app.wsgi_app = RemitMiddleware(app.wsgi_app, client)  # type: ignore[method-assign]  # as Flask documents it
    assert answered(app, make_environ(path))[0].startswith(status)
    (event,) = emitted(home, client)
    assert (event["page"], event["status"], event["method"]) == (page, int(status), "GET")


def test_where_an_app_is_mounted_stands_before_its_rule(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    mounted = DispatcherMiddleware(Flask("none"), {"/shop": make_flask()})
    app = RemitMiddleware(mounted, client)
    assert answered(app, make_environ("/shop/orders/7"))[1] == b"order 7"
    (event,) = emitted(home, client)
    assert event["page"] == "/shop/orders/{order_id}"


def test_a_page_view_holds_what_the_request_says_of_itself(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    headers = [
        ("Accept-Language", "de"),
        ("Referer", "https://search.example/"),
        ("Sec-CH-UA-Mobile", "?1"),
        ("Cookie", "session=secret"),
        ("X-Forwarded-For", "198.51.100.66, 192.0.2.9"),
    ]
    app = RemitMiddleware(
        make_flask(), client, proxies="1", subject=lambda environ: environ["HTTP_HOST"]
    )
    answered(app, make_environ("/orders/7", headers=headers))
    (event,) = emitted(home, client)
    for name in ("occurred_at", "collected_at", "duration_ms"):
        del event[name]
    assert event == {
        "subject": "shop.example",
        "tenant": "",
        "ip": "192.0.2.9",
        "user_agent": f"{AGENT}\nSec-CH-UA-Mobile: ?1",
        "language": "de",
        "referrer": "https://search.example/",
        "page": "/orders/{order_id}",
        "method": "GET",
        "status": 200,
        "platform": "web",
    }


class Body:
    """The body of an answer: counts how often it is closed."""

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self._blocks = blocks
        self.closed = 0

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._blocks)

    def close(self) -> None:
        """Note it."""
        self.closed += 1


def serve(body: object, status: str = "200 OK") -> Callable[..., Any]:
    """Make an app that answers with this body."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:  # noqa: ANN401  # a test's body
        start_response(status, TEXT)
        return body

    return app


def test_a_body_is_closed_once_and_counts_when_it_is(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    body = Body([b"a", b"b"])
    found = RemitMiddleware(serve(body), client)(make_environ(), lambda *_: None)
    assert list(found) == [b"a", b"b"]
    assert (body.closed, client.totals().offered) == (0, 0)
    found.close()  # type: ignore[attr-defined]  # servers look for it
    assert (body.closed, client.totals().offered) == (1, 1)


def test_a_body_that_nobody_reads_is_closed_and_counted(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    body = Body([b"a"])
    found: Any = RemitMiddleware(serve(body), client)(make_environ(), lambda *_: None)
    found.close()
    assert (body.closed, client.totals().offered) == (1, 1)


@pytest.mark.parametrize("body", [[b"a"], (b"a", b"b"), []])
def test_a_list_keeps_its_length_from_which_servers_derive_the_bodys(
    body: list[bytes], make_client: MakeClient
) -> None:
    found: Any = RemitMiddleware(serve(body), make_client())(make_environ(), lambda *_: None)
    assert len(found) == len(body)


def test_a_stream_has_no_length(make_client: MakeClient) -> None:
    stream = iter([b"a"])
    found: Any = RemitMiddleware(serve(stream), make_client())(make_environ(), lambda *_: None)
    with pytest.raises(TypeError):
        len(found)
    assert list(found) == [b"a"]


def test_a_file_reaches_its_server_as_it_is(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    with (home.data / "file").open("wb+") as file:
        wrapped = FileWrapper(file)
        environ = make_environ() | {"wsgi.file_wrapper": FileWrapper}
        assert RemitMiddleware(serve(wrapped), client)(environ, lambda *_: None) is wrapped
    assert client.totals().offered == 1


@pytest.mark.parametrize(("begins", "status"), [([b"a"], 200), ([], 500)])
def test_an_exception_stays_what_it_is_and_counts_once(
    begins: list[bytes], status: int, home: Home, make_client: MakeClient
) -> None:
    client = make_client()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
        for block in begins:
            start_response("200 OK", TEXT)
            yield block
        raise LookupError("app")

    with pytest.raises(LookupError):
        answered(RemitMiddleware(app, client), make_environ())
    with pytest.raises(LookupError):
        RemitMiddleware(boom, client)(make_environ(), lambda *_: None)
    assert [event["status"] for event in emitted(home, client)] == [status, 500]


def boom(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    raise LookupError("app")


def test_what_is_no_page_is_not_counted(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    app = RemitMiddleware(serve([b""]), client, skip=("/healthz",))
    answered(app, make_environ("/healthz"))
    answered(app, make_environ("/", REQUEST_METHOD="OPTIONS"))
    answered(app, make_environ("/", REQUEST_METHOD="HEAD"))
    assert [event["method"] for event in emitted(home, client)] == ["HEAD"]


@pytest.mark.parametrize("status", ["", "OK", "2000000000000 no status"])
def test_no_fault_of_ours_reaches_the_app(status: str, home: Home, make_client: MakeClient) -> None:
    client = make_client()
    environ = make_environ(HTTP_REFERER=None, REMOTE_ADDR=7, HTTP_X_FORWARDED_FOR=b"?")
    assert answered(RemitMiddleware(serve([b"a"], status), client), environ) == (status, b"a")
    assert client.totals().offered == 1


@pytest.mark.parametrize("value", [b"\xff\xfe", b"a\x00b", b"\xed\xa0\x80", b"a" * (64 << 10)])
def test_a_hostile_header_is_counted_like_any_request(
    value: bytes, home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    names = ("User-Agent", "Referer", "Accept-Language", "Forwarded", "X-Forwarded-For")
    app = RemitMiddleware(serve([b"a"]), client, proxies="1")
    answered(app, make_environ(headers=[(name, value) for name in names]))
    (event,) = emitted(home, client)
    assert "ip" not in event
    assert all(len(str(held)) < 100 for held in event.values())
