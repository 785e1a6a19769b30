"""Routes of web frameworks come out in one form: words, and parameters in braces by their names."""

import pytest

from remit.template import template
from remit_schemas.routes import read_route

ROUTES = [
    ("/", "/"),
    ("", "/"),
    ("/orders", "/orders"),
    ("/orders/{order_id}", "/orders/{order_id}"),
    ("/orders/{order_id:int}", "/orders/{order_id}"),
    ("/files/{path:path}", "/files/{path}"),
    ("/o/{a}-{b:own_kind}.json", "/o/{a}-{b}.json"),
    ("/orders/<int:order_id>/", "/orders/{order_id}/"),
    ("/orders/<order_id>", "/orders/{order_id}"),
    ("/o/<any(a, b):kind>/<string(length=2):code>", "/o/{kind}/{code}"),
    ("shop/<slug:name>/", "/shop/{name}/"),
    (r"^orders/(?P<order_id>[0-9]+)/$", "/orders/{order_id}/"),
    (r"^o/(?P<y>[0-9]{4})/(?P<m>(0[1-9]|1[0-2]))\.html\Z", "/o/{y}/{m}.html"),
    (r"shop/^orders/([^/]+\))/$", "/shop/orders/{text}/"),
    (r"^a/(?:b|c)/$", "/a/{text}/"),
    (r"^a(?P<x>b", "/a{x}"),
    (r"^a+/$", None),
    (r"^[ab]/(?P<x>b)$", None),
    (r"^\w+/$", None),
]


@pytest.mark.parametrize(("route", "written"), ROUTES)
def test_a_route_is_written_in_one_form_or_not_at_all(route: str, written: str | None) -> None:
    assert template(route) == written
    if written is not None:
        read_route(written)  # a policy could name it
