"""Routes as the frameworks write them: what can be read, and what is refused and why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_schemas.errors import PolicyError
from remit_schemas.parameters import complete
from remit_schemas.routes import check_routes, read_route


@pytest.mark.parametrize(
    ("route", "written", "kinds"),
    [
        ("/orders/{order_id}", "orders/{order_id}", "text"),
        ("/orders/{order_id:int}", "orders/{order_id}", "int"),
        ("/orders/<int:id>", "orders/{id}", "int"),
        ("/orders/<int(fixed_digits=4):id>", "orders/{id}", "int"),
        ("u/<slug>/", "u/{slug}", "text"),
        ("u/<slug:name>/", "u/{name}", "slug"),
        ("/k/<uuid:key>", "k/{key}", "uuid"),
        ("/<any(en, de):language>/", "{language}", "text"),
        ("/files/{path:path}", "files/{path}", "path"),
        ("/files/<path:rest>/raw", "files/{rest}/raw", "path"),
        ("/r/{name}.json", "r/{name}.json", "text"),
        ("/geo/{lat:float},{lon:float}", "geo/{lat},{lon}", "float float"),
        ("/@{handle}", "@{handle}", "text"),
        ("/\u00fcber/uns", "\u00fcber/uns", ""),
        ("/", "", ""),
    ],
)
def test_a_route_is_read(route: str, written: str, kinds: str) -> None:
    segments = read_route(route)
    assert "/".join(segment.written for segment in segments) == written
    assert " ".join(kind for segment in segments for kind in segment.kinds) == kinds


@pytest.mark.parametrize(
    ("route", "why"),
    [
        (r"^orders/(?P<id>\d+)/$", "regular expression"),
        (r"orders/(\d+)", "regular expression"),
        ("^orders/$", "regular expression"),
        ("/orders/[0-9]+", "regular expression"),
        ("/x/<regex('a+'):id>", "unknown kind"),
        ("/x/{id:money}", "unknown kind"),
        ("/x/{id", "parameter that is none"),
        ("/x/<int:>", "parameter that is none"),
        ("/x/{a}{b}", "nothing between"),
        ("/x//y", "empty segment"),
        ("/x/../y", "dots"),
        ("/x?y={z}", "character"),
        ("/a%20b", "character"),
        ("/a b", "character"),
        ("/{a:path}/x/{b:path}/y/{c:path}", "more than 2"),
        ("/x/a{b:path}", "path beside other text"),
    ],
)
def test_what_is_no_route_is_refused_with_its_number(route: str, why: str) -> None:
    with pytest.raises(PolicyError, match=why) as caught:
        check_routes(("/fine", route))
    assert str(caught.value).startswith("entry 2 ")


def test_a_policy_may_name_a_thousand_routes_and_no_more() -> None:
    routes = [f"/v1/{'x' * 200}/{number}" for number in range(1_001)]
    assert len(complete("page", {"routes": routes[:1_000]})["routes"]) == 1_000  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="1000 words of up to 256"):
        complete("page", {"routes": routes})


def test_a_route_that_is_refused_names_parameter_and_reducer() -> None:
    with pytest.raises(PolicyError, match=r"'routes' of reducer 'page': entry 1 is a regular"):
        complete("page", {"routes": ["^a$"]})


@given(st.text(st.sampled_from("/{}<>:()[]^$\\.*ab1_-?% "), max_size=300))
def test_any_text_is_read_or_refused(route: str) -> None:
    try:
        segments = read_route(route)
    except PolicyError:
        return
    assert all(len(segment.literals) == len(segment.names) + 1 for segment in segments)
