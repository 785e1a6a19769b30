"""Page views of Django: one for each answer, with the route, in its synchronous and its asynchronous handler."""

import asyncio
import pickle
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import include, path, re_path

from kit.spooled import Home, MakeClient
from kit.watching import until
from kit.web import AGENT, answered, asked, emitted, make_environ, make_scope
from remit.client import Client
from remit_schemas.errors import SettingsError


def order(request: HttpRequest, **found: object) -> HttpResponse:
    return HttpResponse(b"an order")


async def order_async(request: HttpRequest, **found: object) -> HttpResponse:
    await asyncio.sleep(0)
    return HttpResponse(b"an order")


def boom(request: HttpRequest) -> HttpResponse:
    raise LookupError("app")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    return StreamingHttpResponse(iter([b"a", b"b"]))


URLS = ModuleType("urls_of_a_shop")
URLS.urlpatterns = [  # type: ignore[attr-defined]  # a module made here
    path("orders/<int:order_id>/", order),
    path("later/<slug:name>", order_async),
    path("boom/", boom),
    path("stream/", stream),
    path("healthz", order),
    path("shop/", include([re_path(r"^items/(?P<item_id>[0-9]{1,4})/$", order)])),
]
MIDDLEWARE = ["remit.django.RemitMiddleware"]
CACHED = [
    "django.middleware.cache.UpdateCacheMiddleware",
    *MIDDLEWARE,
    "django.middleware.cache.FetchFromCacheMiddleware",
]
HERE = f"{__name__}_settings"
"""Where settings find what they name by a dotted path."""


@pytest.fixture(scope="module", autouse=True)
def django() -> Iterator[None]:
    """A Django project with these pages, as far as this process has none."""
    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="of a test", USE_TZ=True)  # noqa: S106  # signs nothing
    sys.modules[URLS.__name__] = URLS
    with override_settings(ROOT_URLCONF=URLS.__name__, MIDDLEWARE=MIDDLEWARE):
        yield
    del sys.modules[URLS.__name__]


@pytest.fixture(params=["wsgi", "asgi"])
def ask(request: pytest.FixtureRequest) -> Callable[..., int]:
    """Ask the project for a path, through either handler; give the status."""

    def by_wsgi(path: str, **options: Any) -> int:  # noqa: ANN401  # of make_environ
        return int(answered(WSGIHandler(), make_environ(path, **options))[0][:3])

    def by_asgi(path: str, **options: Any) -> int:  # noqa: ANN401  # of make_scope
        status: int = asked(ASGIHandler(), make_scope(path, **options))[0]["status"]
        return status

    return by_wsgi if request.param == "wsgi" else by_asgi


ROUTES = [
    ("/orders/7/", "/orders/{order_id}/", 200),
    ("/later/x", "/later/{name}", 200),
    ("/shop/items/7/", "/shop/items/{item_id}/", 200),
    ("/stream/", "/stream/", 200),
    ("/none/7", "/none/7", 404),
    ("/boom/", "/boom/", 500),
]


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume synchronous iterators")
@pytest.mark.parametrize(("path", "page", "status"), ROUTES)
def test_a_page_is_the_route_and_only_without_one_the_path(
    path: str,
    page: str,
    status: int,
    ask: Callable[..., int],
    shop: "Shop",
) -> None:
    assert ask(path) == status
    (event,) = shop.emitted()
    assert (event["page"], event["status"], event["method"]) == (page, status, "GET")


class Shop:
    """A project's client, and what it emits."""

    def __init__(self, home: Home, client: Client) -> None:
        self.home = home
        self.client = client

    def emitted(self) -> list[dict[str, Any]]:
        """Close the client and give what it has sealed."""
        return emitted(self.home, self.client)


@pytest.fixture
def shop(home: Home, make_client: MakeClient) -> Iterator[Shop]:
    """A client that the project's setting holds."""
    client = make_client()
    with override_settings(REMIT_CLIENT=client):
        yield Shop(home, client)


def test_a_page_view_holds_what_the_request_says_of_itself(
    ask: Callable[..., int], shop: Shop
) -> None:
    headers = [
        ("Accept-Language", "de"),
        ("Referer", "https://search.example/"),
        ("Sec-CH-UA-Mobile", "?1"),
        ("Cookie", "session=secret"),
        ("X-Forwarded-For", "198.51.100.66, 192.0.2.9"),
    ]
    options = {"proxies": "1", "subject": f"{HERE}.subject", "tenant": lambda _: "t1"}
    sys.modules[HERE] = ModuleType(HERE)
    sys.modules[HERE].subject = lambda request: request.headers["Host"]  # type: ignore[attr-defined]  # made here
    with override_settings(REMIT=options):
        ask("/orders/7/", headers=headers)
    (event,) = shop.emitted()
    for name in ("occurred_at", "collected_at", "duration_ms"):
        del event[name]
    assert event == {
        "subject": "shop.example",
        "tenant": "t1",
        "ip": "192.0.2.9",
        "user_agent": f"{AGENT}\nSec-CH-UA-Mobile: ?1",
        "language": "de",
        "referrer": "https://search.example/",
        "page": "/orders/{order_id}/",
        "method": "GET",
        "status": 200,
        "platform": "web",
    }


def test_what_is_no_page_is_not_counted(ask: Callable[..., int], shop: Shop) -> None:
    with override_settings(REMIT={"skip": ["/healthz"]}):
        assert ask("/healthz") == 200
    assert shop.client.totals().offered == 0


def test_a_stream_counts_when_it_is_closed(shop: Shop) -> None:
    response: Any = WSGIHandler()(make_environ("/stream/"), lambda *_: None)
    assert b"".join(response) == b"ab"
    assert shop.client.totals().offered == 0
    response.close()
    assert shop.client.totals().offered == 1


def test_a_whole_answer_can_be_cached_around_the_middleware(shop: Shop) -> None:
    with override_settings(MIDDLEWARE=CACHED):
        for _ in range(2):
            answered(WSGIHandler(), make_environ("/orders/7/"))
    cache.clear()
    assert shop.client.totals().offered == 2
    assert pickle.loads(pickle.dumps(HttpResponse(b"x"))).content == b"x"  # noqa: S301  # our own


def test_a_fault_of_ours_does_not_reach_the_project(ask: Callable[..., int], shop: Shop) -> None:
    with override_settings(REMIT={"subject": lambda request: request.nothing}):
        assert ask("/orders/7/") == 200
    assert dict(shop.client.totals().refused) == {"other": 1}


@pytest.mark.parametrize(
    "changed",
    [
        {"REMIT": {"sauce": "x"}},
        {"REMIT": {}},
        {"REMIT_CLIENT": object(), "REMIT": {"source": "x"}},
        {"REMIT_CLIENT": None, "REMIT": {"source": "x", "proxies": "many"}},
    ],
)
def test_a_project_that_is_set_up_wrongly_does_not_start(changed: dict[str, Any]) -> None:
    with override_settings(**changed), pytest.raises(SettingsError):
        WSGIHandler()


def test_a_source_is_enough_for_a_client_of_its_own(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMIT_DATA", str(home.data))
    with override_settings(REMIT={"source": "shop"}):
        handler = WSGIHandler()
    answered(handler, make_environ("/orders/7/"))
    until(lambda: bool(home.files()), "the page view has not been packed")
    (event,) = home.packs()[0].events
    assert event.values["page"] == "/orders/{order_id}/"
