"""The first preferred language, and only its primary subtag."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.reducers.language import primary


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("de", "de"),
        ("de-CH,de;q=0.9,en;q=0.8", "de"),
        ("da, en-gb;q=0.8, en;q=0.7", "da"),
        ("en;q=0.5, fr", "fr"),
        ("en;q=0.5, fr;q=0.5", "en"),
        ("fr;q=0, en;q=0.1", "en"),
        ("*, en;q=0.5", "en"),
        ("zh-Hant-TW", "zh"),
        ("EN-us", "en"),
        ("yue-Hant", "yue"),
        (" , de ,, en;q=0.1", "de"),
        ("de ; q=1.000", "de"),
        ("en_US", "en"),
    ],
)
def test_a_header_names(header: str, language: str) -> None:
    assert primary(header) == language


@pytest.mark.parametrize(
    "header",
    [
        *(
            "",
            "*",
            "*;q=0.5",
            "de;q=0",
            "xx",
            "joh",
            "alice",
            "i-klingon",
            "x-private",
            "de;q=2",
            "de;q=1.5",
            "de;q=0.1234",
        ),
        *(
            "de;level=1",
            "<script>",
            "d\u00e9",
            "de en",
            "de;;q=1",
            "a@example.com",
            "de," * 1_000,
            "-de",
            "de--CH",
            "123",
        ),
    ],
)
def test_what_is_no_header_is_never_stored(header: str) -> None:
    assert primary(header) == ""


@given(st.text(max_size=40))
def test_what_comes_out_is_a_short_word_in_lower_case_or_nothing(header: str) -> None:
    found = primary(header)
    assert found == "" or (found.isalpha() and found.islower() and len(found) <= 3)
