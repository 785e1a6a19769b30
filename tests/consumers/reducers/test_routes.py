"""Which route a path belongs to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.routes import Routes

APP = Routes(
    (
        "/",
        "/i/{id:int}",
        "/i/{ratio:float}",
        "/i/{key:uuid}",
        "/i/<slug:name>",
        "/i/{anything}",
        "/i/me",
        "/files/{path:path}",
        "/files/{path:path}/raw",
        "/files/{name}",
        "/r/{name}.json",
        "/r/{name}",
        "/geo/{lat},{lon}",
        "/both/x/{a}/end",
        "/both/{b}/y/other",
    )
)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("", "/"),
        ("i/12", "/i/{id}"),
        ("i/-3", "/i/{id}"),
        ("i/1.5", "/i/{ratio}"),
        ("i/3f2504e0-4f89-41d3-9a0c-0305e82c3301", "/i/{key}"),
        ("i/jane-doe", "/i/{name}"),
        ("i/jane doe", "/i/{anything}"),
        ("i/\u0661\u0662", "/i/{anything}"),
        ("i/me", "/i/me"),
        ("i/ME", "/i/{name}"),
        ("files/a", "/files/{name}"),
        ("files/a/b/c", "/files/{path}"),
        ("files/a/b/raw", "/files/{path}/raw"),
        ("files/raw", "/files/{name}"),
        ("r/jane.json", "/r/{name}.json"),
        ("r/.json", "/r/{name}"),
        ("geo/48.1,11.5", "/geo/{lat},{lon}"),
        ("geo/48.1", None),
        ("both/x/y/other", "/both/{b}/y/other"),
        ("i", None),
        ("nowhere/jane", None),
    ],
)
def test_a_path_belongs_to(path: str, route: str | None) -> None:
    assert APP.find(path.split("/") if path else []) == route


WORDS = st.sampled_from(["a", "b", "7", "1.5", "x.json", "{id}", "{path}", "{name}", "me", "raw"])


@given(st.lists(st.sampled_from(["i", "files", "r", "both"]) | WORDS, max_size=5))
def test_the_route_of_a_route_is_itself(path: list[str]) -> None:
    route = APP.find(path)
    if route is not None:
        assert APP.find([part for part in route.split("/") if part]) == route


PARTS = st.sampled_from(["a", "b", "{x}", "{y:int}", "<path:z>", "<slug:s>", "{n}.txt"])


@given(st.lists(st.lists(PARTS, max_size=4).filter(lambda r: r.count("<path:z>") < 3), max_size=6))
def test_of_any_routes_each_finds_itself_again(routes: list[list[str]]) -> None:
    tree = Routes(["/" + "/".join(route) for route in routes])
    for path in (["a", "b"], ["a", "7", "c"], ["q.txt"], ["a", "b", "7", "x"], []):
        route = tree.find(path)
        if route is not None:
            assert tree.find([part for part in route.split("/") if part]) == route


def test_a_route_keeps_the_slash_it_is_written_with() -> None:
    assert Routes(["users/<int:id>/"]).find(["users", "7"]) == "/users/{id}/"


def test_whether_a_route_has_a_number_as_a_word_is_known() -> None:
    assert Routes(["/2024/{x}"]).has_numbers
    assert not Routes(["/v2/{x:int}"]).has_numbers
