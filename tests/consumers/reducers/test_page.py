"""Paths without query, fragment and identifiers."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import page
from remit_consumers.reducers.page import page_of


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ("/", "/"),
        ("/orders/123456?email=a@b.com&utm_source=x", "/orders/{number}"),
        ("/u/3f2504e0-4f89-41d3-9a0c-0305e82c3301/edit#frag", "/u/{uuid}/edit"),
        (
            "https://shop.example/reset/eyJhbGciOiJIUzI1NiJ9.e30.x?token=s3cr3tvalue",
            "/reset/{token}",
        ),
        ("/user/john.doe@example.com/inbox", "/user/{email}/inbox"),
        ("/user/john.doe%40example.com/inbox", "/user/{email}/inbox"),
        ("/user/john.doe%252540example.com/inbox", "/user/{email}/inbox"),
        ("/john\uff20example.com", "/{email}"),
        ("/go?next=https%3A%2F%2Fx.example%2F%3Fphone%3D13800138000", "/go"),
        ("/go%3Fphone=13800138000", "/go"),
        ("/a;jsessionid=0123456789ABCDEF0123456789ABCDEF/b;x=1", "/a/b"),
        ("//evil.example/..%2f..%2fetc/passwd?x=1", "/etc/passwd"),
        ("/a/./b/../c", "/a/c"),
        ("/net/192.0.2.7/x", "/net/{ip}/x"),
        ("/net/host-192-0-2-7.example.net/x", "/net/{ip}/x"),
        ("/net/2001:db8::7", "/net/{ip}"),
        ("/guide/1.6/index.html", "/guide/1.6/index.html"),
        ("/v2/html5/x86_64", "/v2/html5/x86_64"),
        ("/icon-192x192.png", "/icon-{number}x{number}.png"),
        ("/commit/9fceb02d0ae598e95dc970b74767f19372d61af8", "/commit/{token}"),
        ("/k/bpAL2UTp0r5AaLeMg-44q7", "/k/{token}"),
        ("/users/alice", "/users/{id}"),
        ("/users/me/settings", "/users/me/settings"),
        ("/~alice/", "/{id}/"),
        ("/@alice", "/{id}"),
        ("/search/alice adams", "/search/{text}"),
        ("/search/alice%20adams", "/search/{text}"),
        ("/\u0661\u0662\u0663\u0664", "/{number}"),
        ("/wiki/M%C3%BCnchen", "/wiki/M\u00fcnchen"),
        ("/" + "x" * 200, "/{token}"),
        ("/" + "a/" * 40, "/" + "a/" * 16 + "{more}"),
        ("?q=alice", "/"),
        ("", ""),
    ],
)
def test_a_page_becomes(value: str, page: str) -> None:
    assert page_of(value) == page


@pytest.mark.parametrize(
    "value",
    [
        *(
            "javascript:alert('13800138000')",
            "java\nscript:alert(1)",
            "data:text/html,alice",
            "ftp://a.example/alice",
        ),
        *(
            "alice",
            "*",
            "alice@example.com",
            "example.com:443",
            "/%" + "25" * 20 + "41",
            "/" + "x/" * 4_000,
            "blob:https://a.example/x",
        ),
    ],
)
def test_what_is_no_page_is_named_other(value: str) -> None:
    assert page_of(value) == "{other}"


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ("/a?view=list&tab=orders", "/a?tab=orders&view=list"),
        ("/a?tab=123", "/a"),
        ("/a?tab=alice%40example.com", "/a"),
        ("/a?tab=x&tab=y", "/a?tab=x"),
        ("/a?token=abc&tab=x#tab=y", "/a?tab=x"),
    ],
)
def test_an_allowed_key_is_kept_where_its_value_is_a_word(value: str, page: str) -> None:
    assert page_of(value, ("tab", "view")) == page


@given(st.text(max_size=30), st.text(max_size=30), st.integers(10**4, 10**15))
def test_no_number_of_five_digits_stays_wherever_it_stands(
    before: str, after: str, number: int
) -> None:
    assert str(number) not in page_of(f"/{before}{number}{after}")


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_email_stays_wherever_it_stands(before: str, after: str) -> None:
    assert "zq@example.com" not in page_of(f"/{before}zq@example.com{after}")


@given(st.text(max_size=60))
def test_what_comes_out_is_a_bounded_path_or_named_other(value: str) -> None:
    page = page_of(value)
    assert page in {"", "{other}"} or page.startswith("/")
    assert not {"?", "#", "%", "@", "\\"} & set(page)
    assert len(page) <= 17 * 101


SEGMENTS = st.sampled_from(
    """orders users user 7 007 2016 123456 a1 v1 1.2.3 .. . %2e%2e 12;x 12%2F34 {number} 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    3F2504E0-4F89-41D3-9A0C-0305E82C3301 \uff11\uff12""".split()  # noqa: SIM905  a list of words
)
STARTS = st.sampled_from(["", "/", "//", "https://h", "https://h/", "/users/", "javascript:", "x"])


@given(
    st.lists(
        st.tuples(
            STARTS, st.lists(SEGMENTS, max_size=7), st.sampled_from(["", "/", "?", "#x", "?a=1"])
        )
    )
)
def test_a_column_is_reduced_as_its_values_are_one_by_one(
    parts: list[tuple[str, list[str], str]],
) -> None:
    values = [start + "/".join(segments) + end for start, segments, end in parts]
    (column,) = page.reduce(pa.array(values, pa.string()), {})
    assert column.to_pylist() == [page.page_of(value) or None for value in values]
