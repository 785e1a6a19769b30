"""The registrable domain of where a visitor came from."""

import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers import referrer
from remit_consumers.reducers.mediums import ANDROID, BY_DOMAIN, BY_LABEL, MEDIUMS
from remit_consumers.reducers.referrer import Origin, domain, origin


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://news.example.co.uk/item?id=7", "example.co.uk"),
        ("http://user:secret@shop.example.com:8080/", "example.com"),
        ("HTTPS://WWW.Example.COM.", "example.com"),
        ("example.com", "example.com"),
        ("https://alice.github.io/page", "github.io"),
        ("https://192-0-2-7.dyn.example.net/", "example.net"),
        ("https://xn--mnchen-3ya.de/", "m\u00fcnchen.de"),
        ("https:\\\\evil.example.org\\x", "example.org"),
    ],
)
def test_a_referrer_becomes_its_registrable_domain(value: str, expected: str) -> None:
    assert domain(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        *(
            "",
            "-",
            "http://192.0.2.7/x",
            "http://[2001:db8::1]/",
            "http://localhost/",
            "http://intranet.corp/",
            "com",
        ),
        *(
            "android-app://com.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://example.com/",
            "alice adams",
        ),
        *(
            "http://xn--.de/",
            "http://0x7f.1/",
            "http://2130706433/",
            "alice@example",
            "https://" + "a" * 300 + ".com/",
        ),
    ],
)
def test_what_has_none_becomes_null(value: str) -> None:
    assert domain(value) == ""


@pytest.mark.parametrize(
    ("value", "medium", "source"),
    [
        ("https://www.google.co.uk/search?q=shoes", "search", "Google"),
        ("https://google.com", "search", "Google"),
        ("https://mail.google.com/mail/u/0/", "email", "Gmail"),
        ("https://mail.google.de/", "email", "Gmail"),
        ("https://docs.google.com/document/d/1", "other", "Google"),
        ("https://yandex.kz/search/?text=x", "search", "Yandex"),
        ("https://search.brave.com/search?q=x", "search", "Brave"),
        ("https://brave.com/", "other", None),
        ("https://l.facebook.com/l.php?u=x", "social", "Facebook"),
        ("https://t.co/abc", "social", "X"),
        ("https://chatgpt.com/c/1", "chatbot", "ChatGPT"),
        ("https://googleads.g.doubleclick.net/", "paid", "Google Ads"),
        ("https://webmail.example.org/inbox", "email", None),
        ("https://blog.example.org/", "other", None),
        ("https://shop.example.com/cart", "internal", None),
        ("android-app://com.google.android.gm/", "email", "Gmail"),
        (
            "android-app://com.google.android.googlequicksearchbox/https/www.google.com",
            "search",
            "Google",
        ),
    ],
)
def test_a_place_is_known_as(value: str, medium: str, source: str | None) -> None:
    found = origin(value, ("example.com",))
    assert (found.medium, found.source) == (medium, source)


@pytest.mark.parametrize(
    "value",
    [
        "https://google.example.org/",
        "https://google.com.example.org/",
        "https://www-google.example.org/",
        "https://google.zip/",
        "https://facebook.example.org/",
        "https://xn--ggle-0nda.com/",
    ],
)
def test_who_only_looks_like_a_place_is_not_it(value: str) -> None:
    found = origin(value)
    assert found.source is None
    assert found.medium in {"other", None}


def test_an_unknown_app_is_nothing() -> None:
    assert origin("android-app://org.example.alice/") == Origin()


def test_every_place_has_a_medium_of_the_list() -> None:
    known = [*BY_DOMAIN.values(), *BY_LABEL.values(), *ANDROID.values()]
    assert {source.medium for source in known} <= set(MEDIUMS) - {"internal"}
    assert all(name == name.lower() for name in BY_DOMAIN)


def test_three_columns_come_out() -> None:
    values = pa.array(
        ["https://www.bing.com/search?q=zq9", None, "zq9", "https://a.example.org/zq9"]
    )
    columns = [column.to_pylist() for column in referrer.reduce(values, {"own": ()})]
    assert columns == [
        ["bing.com", None, None, "example.org"],
        ["search", None, None, "other"],
        ["Bing", None, None, None],
    ]


@given(st.sampled_from(sorted(BY_DOMAIN)), st.text(max_size=30))
def test_search_terms_stay_nowhere(host: str, terms: str) -> None:
    found = origin(f"https://{host}/zq9/{terms}?q=zq9{terms}&text=zq9#zq9{terms}")
    assert "zq9" not in str(found)
    assert found.domain is None or host.endswith(found.domain)


@given(st.from_regex(r"https?://([a-z]{1,8}\.){1,3}(com|co\.uk|de|mail\.ru)/.*", fullmatch=True))
def test_a_domain_stays_itself(value: str) -> None:
    found = domain(value)
    assert domain(found) == found


def test_no_text_makes_it_raise_or_wait() -> None:
    chance = random.Random(11)
    pieces = [
        "https://",
        "a.",
        "xn--",
        "@",
        ":",
        "/",
        ".com",
        "[",
        "\u3002",
        "\u00e9",
        "android-app://",
        "-",
        " ",
        "%2e",
    ]
    for _ in range(3_000):
        found = origin("".join(chance.choices(pieces, k=chance.choice([2, 6, 30]))))
        assert found.domain is None or "/" not in found.domain
    for piece in pieces:
        origin("https://" + piece * 4_000)


@pytest.mark.clause("S025g")
@given(st.text(max_size=20), st.text(max_size=40))
def test_path_and_query_never_stay(user: str, query: str) -> None:
    found = domain(f"https://{user}zq8.example.com/zq9/{query}?q=zq9")
    assert found in {"", "example.com"} or "zq9" not in found
