"""The registrable domain of where a visitor came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.referrer import domain


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


@given(st.text(max_size=20), st.text(max_size=40))
def test_path_and_query_never_stay(user: str, query: str) -> None:
    found = domain(f"https://{user}zq8.example.com/zq9/{query}?q=zq9")
    assert found in {"", "example.com"} or "zq9" not in found
