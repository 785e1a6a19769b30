"""Paths without query, fragment and identifiers."""

import base64
import random
import time
import uuid
from urllib.parse import quote

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import page as page_reducer
from remit_consumers.reducers.page import explain, page_of
from remit_consumers.reducers.routes import routes_of
from remit_schemas.parameters import complete


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
        ("/orders/{order_id}", "/orders/{id}"),
        ("/orders/{orderId}/{line_number}.html", "/orders/{id}/{id}.html"),
        ("/orders/{alice}", "/orders/{text}"),
        ("/orders/{alice id}", "/orders/{text}"),
        ("/search/alice adams", "/search/{text}"),
        ("/search/alice%20adams", "/search/{text}"),
        ("/\u0661\u0662\u0663\u0664", "/{number}"),
        ("/wiki/M%C3%BCnchen", "/wiki/M\u00fcnchen"),
        ("/" + "x" * 200, "/{token}"),
        ("/" + "a/" * 40, "/" + "a/" * 16 + "{more}"),
        ("/go/https%3A%2F%2Fevil.example%2Fu%2Fjane", "/go/{url}"),
        ("/redirect/http:/evil.example/jane", "/redirect/{url}"),
        ("/whois/www.example.com", "/whois/{host}"),
        ("/a/b//..", "/a/b/"),
        ("/orders/ORD-2024-AB12", "/orders/{token}"),
        ("/orders/ORD-2024-0017.pdf", "/orders/{token}.pdf"),
        ("/cars/B-MW-1234", "/cars/{token}"),
        ("/docs/UTF-8", "/docs/UTF-8"),
        ("/static/app.3f9c2b.js", "/static/app.{token}.js"),
        ("/files/report-jane-2024.PDF", "/files/{file}.pdf"),
        ("/files/users/jane/report-jane.pdf", "/files/users/{id}/{file}.pdf"),
        ("/users/jane-1985", "/users/{id}"),
        ("/wiki/%E4%BD%A0%E5%A5%BD", "/wiki/{text}"),
        ("/a/%2e", "/a/"),
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
            "http://a b/alice",
            "http://@/alice",
            "http://a:b@/alice",
            "http://h:port/alice",
            "http://h:65536/alice",
            "http://\u00ad/alice",
            "http://<h>/alice",
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


@pytest.mark.clause("S025g")
@given(st.text(max_size=60))
def test_what_comes_out_is_a_bounded_path_or_named_other(value: str) -> None:
    page = page_of(value)
    assert page in {"", "{other}"} or page.startswith("/")
    assert not {"?", "#", "%", "@", "\\"} & set(page)
    assert len(page) <= 17 * 101


SEGMENTS = st.sampled_from(
    """orders users user 7 007 2016 123456 a1 v1 1.2.3 .. . %2e%2e 12;x 12%2F34 {number} 3f2504e0-4f89-41d3-9a0c-0305e82c3301
    3F2504E0-4F89-41D3-9A0C-0305E82C3301 \uff11\uff12""".split()
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
    (column,) = page_reducer.reduce(pa.array(values, pa.string()), {})
    assert column.to_pylist() == [page_of(value) or None for value in values]


ROUTES = (
    "/orders/{order_id}",
    "/orders/new",
    "/orders/<int:id>/items",
    "u/<slug:name>/",
    "/2024/report",
)


@pytest.mark.parametrize(
    ("value", "page"),
    [
        ("/orders/A-17?x=1", "/orders/{order_id}"),
        ("https://shop.example/orders/12/", "/orders/{order_id}"),
        ("/orders/new", "/orders/new"),
        ("/orders/12/items", "/orders/{id}/items"),
        ("/orders/{order_id}", "/orders/{order_id}"),
        ("/u/jane-doe", "/u/{name}/"),
        ("/u/jane%2Ddoe;x=1/", "/u/{name}/"),
        ("/2024/report", "/2024/report"),
        ("/2023/report", "/{number}/report"),
        ("/basket/17", "/basket/{number}"),
    ],
)
def test_a_route_of_the_app_beats_guessing(value: str, page: str) -> None:
    parameters = complete("page", {"routes": list(ROUTES)})
    (column,) = page_reducer.reduce(pa.array([value, page]), parameters)
    assert column.to_pylist() == [page, page]


def test_an_explanation_says_whether_a_route_was_found() -> None:
    parameters = complete("page", {"routes": list(ROUTES)})
    assert explain("/orders/12?a=1", parameters) == "query and fragment dropped; a route of the app"
    assert explain("/x/12", parameters) == "no route of the app; segments templated: number"
    assert explain("/x/12", complete("page", {})) == "segments templated: number"


CANARY = "zq7kvx"
CARRIERS = st.sampled_from(
    [
        f"{CANARY}@example.com",
        f"j.{CANARY}+news@example.com",
        f"@{CANARY}",
        f"~{CANARY}",
        f"{CANARY}=1",
        f"{CANARY} adams",
        f"+49 170 {CANARY}",
        f"a:{CANARY}",
        f"<{CANARY}>",
        f"\u4f60{CANARY}",
        f";{CANARY}=1",
        f"www.{CANARY}.org",
        f"{CANARY}.example.com",
        f"mail/https:/{CANARY}",
        f"users/{CANARY}",
        f"search/{CANARY}",
        f"uploads/2024/{CANARY}.pdf",
        f"x?{CANARY}",
        f"x#{CANARY}",
        f"{CANARY}1{CANARY}2{CANARY}",
        f"ORD-2024-{CANARY.upper()}7-{CANARY}9x1",
    ]
)


@pytest.mark.clause("S025g")
@given(
    CARRIERS, st.integers(0, 3), st.sampled_from(["/", "//h/", "/a/", "https://h/b/", "\\\\h\\"])
)
def test_no_part_of_what_somebody_put_into_a_path_stays(
    carrier: str, rounds: int, start: str
) -> None:
    for _ in range(rounds):
        carrier = quote(carrier, safe="")
    assert CANARY not in page_of(start + carrier).lower()


def identifiers(chance: random.Random) -> list[str]:
    """Invent one identifier of each well-known kind."""
    raw = chance.randbytes(20)
    crockford, base62 = (
        "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    )
    digits = "".join(chance.choices("0123456789", k=12))
    return [
        str(uuid.UUID(bytes=raw[:16])),
        raw[:16].hex(),
        raw[:12].hex(),
        raw[:8].hex(),
        base64.b64encode(raw[:16]).decode().replace("/", "_"),
        base64.urlsafe_b64encode(raw).decode().rstrip("="),
        "01" + "".join(chance.choices(crockford, k=24)),
        "".join(chance.choices(base62, k=27)),
        digits,
        f"+49170{digits[:7]}",
        f"{digits[:3]}-{digits[3:5]}-{digits[5:9]}",
        f"19{digits[:2]}-0{chance.randint(1, 9)}-1{chance.randint(0, 9)}",
        f"1{chance.randint(0, 9)}-{chance.choice(['may', 'oct', 'january'])}-19{digits[:2]}",
        f"DE{digits}{digits[:8]}",
        f"NO{digits}1",
        f"WVWZZZ{digits[0]}KZ{digits[1:9]}",
        f"ORD-20{digits[:2]}-{chance.choice('ABCDEF')}{chance.choice('XYZ')}{digits[2:4]}",
        f"{digits[:2]}.{digits[2:6]},-{digits[6]}.{digits[7:]}",
        f"20{digits[:2]}-01-02T10:20:30Z",
    ]


def test_identifiers_of_every_well_known_kind_are_named() -> None:
    chance = random.Random(20_211_101)
    for _ in range(500):
        for place, identifier in enumerate(identifiers(chance)):
            kind = page_of(f"/x/{identifier}").removeprefix("/x/")
            assert kind in {"{number}", "{uuid}", "{token}", "{text}"}, f"kind {place}"


def test_short_random_codes_are_mostly_named() -> None:
    chance = random.Random(7)
    alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    codes = ["".join(chance.choices(alphabet, k=8)) for _ in range(2_000)]
    named = sum(page_of(f"/x/{code}") == "/x/{token}" for code in codes)
    assert named > 0.8 * len(codes)


@pytest.mark.parametrize(
    "path",
    """
    /products/running-shoes/reviews /docs/getting-started/installation.html /api/v2/oauth2/authorize
    /blog/how-to-brew-coffee-at-home /static/css/bootstrap.min.css /wp-admin/admin-ajax.php /en-GB/about_us
    /graphql /.well-known/openid-configuration /robots.txt /javascript/XMLHttpRequest /getUserById /i18n/html5/utf8
    /knightsbridge/catchphrase /strengths/rhythm /wordpress/phpmyadmin /top-10-tips /2fa/setup
    """.split(),
)
def test_words_of_an_app_stay(path: str) -> None:
    assert page_of(path) == path


def test_whatever_comes_it_takes_linear_time_and_doing_it_again_changes_nothing() -> None:
    chance = random.Random(3)
    alphabet = [
        "/",
        "%2e",
        "..",
        ";",
        "a",
        "Z",
        "9",
        "-",
        "_",
        ".",
        "@",
        ":",
        "=",
        "%25",
        "\\",
        "\u0661",
        "\u4f60",
        "{number}",
        "{token}",
        ".js",
        ".pdf",
        "https:",
        "users/",
        "\x00",
    ]
    started = time.process_time()
    for _ in range(3_000):
        value = "/" + "".join(chance.choices(alphabet, k=chance.choice([3, 12, 40])))
        page = page_of(value)
        assert page_of(page) == page
    for piece in ("a-", "a9", "A.", "9", "/..", "%25", "@", "{", "1-jan-", "a:"):
        page_of("/" + piece * 2_000)
        page_of("/" + piece * 40)
    assert time.process_time() - started < 20


def test_a_thousand_routes_do_not_slow_a_path_down() -> None:
    words = [
        f"{chr(97 + number % 26)}{chr(97 + number // 26 % 26)}word{number // 676}"
        for number in range(1_000)
    ]
    routes = [f"/api/{word}/{{a}}/{{b:path}}/{word}" for word in words]
    tree = routes_of(tuple(routes))
    assert tree is not None
    started = time.process_time()
    for _ in range(200):
        assert tree.find(["api", words[500], *["x"] * 60]) is None
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://127.1/a", "/a"),
        ("https://256.0.0.1/a", "{other}"),
        ("https://1..2/a", "{other}"),
        ("https://1.2.3.4.5/a", "{other}"),
        ("https://shop.example/\u2025/a", "/{text}/a"),
    ],
)
def test_numbers_that_are_no_host_and_dots_that_are_none_are_told_apart(
    url: str, page: str
) -> None:
    assert page_of(url) == page


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/jane.doe", "/{id}"),
        ("/Jane.Doe25", "/{id}"),
        ("/cv/jane.doe.html", "/cv/{id}.html"),
        ("/js/jquery.min.js", "/js/jquery.min.js"),
        ("/setup.py", "/setup.py"),
        ("/kunde/otto", "/kunde/{id}"),
        ("/cuenta/ana", "/cuenta/{id}"),
        ("/d/00-1a-2b-3c-4d-5e", "/d/{id}"),
        ("/k/4k-7p-2q-9z", "/k/{token}"),
    ],
)
def test_names_with_points_and_names_behind_words_of_other_languages_go(
    path: str, page: str
) -> None:
    assert page_of(path) == page
