"""The scores that `bench` takes of other people's vectors find what is wrong, on vectors invented here."""

import json
import sys
from pathlib import Path

import pytest

from kit.tree import ROOT

sys.path.append(str(ROOT))  # bench is no package: it is found from the root of the project

from bench import language_vectors, page_vectors

PARSED = {"base": "about:blank", "protocol": "https:", "username": "", "password": "", "port": ""}


def make_row(url: str, path: str, **parts: str) -> dict[str, str]:
    """Make a row of a URL that parses; what is not said is empty."""
    host = parts.get("hostname", "shop.example")
    empty = {"hostname": host, "search": "", "hash": "", "href": f"https://{host}{path}"}
    return PARSED | empty | {"input": url, "pathname": path} | parts


ROWS = [
    make_row("https://shop.example/a/b", "/a/b"),
    make_row(
        "https://jane:pass@shop.example/a?q=jane#jane",
        "/a",
        username="jane",
        search="?q=jane",
        hash="#jane",
    ),
    make_row("HTTPS:\\\\shop.example\\a\\.\\b\\..\\", "/a/"),
    make_row("https://shop.example/%2e%2E/a;v=1/%62", "/a;v=1/%62"),
    make_row("https://shop.example:0443/u/jane%40mail.example", "/u/jane%40mail.example"),
    make_row("https://[2001:db8::1]/x", "/x", hostname="[2001:db8::1]"),
    make_row(
        "java\tscript:alert(1)", "alert(1)", protocol="javascript:", href="javascript:alert(1)"
    ),
    make_row("tel:+12025550123", "+12025550123", protocol="tel:", href="tel:+12025550123"),
    {"input": "https://a b/jane", "base": "about:blank", "failure": "true"},
    {"input": "https://[2001:db8::1/jane", "base": "about:blank", "failure": "true"},
]


def test_no_property_is_broken_by_urls_of_this_kind(tmp_path: Path) -> None:
    file = tmp_path / "urls.jsonl"
    file.write_text("\n".join(map(json.dumps, ROWS)))
    assert page_vectors.score(file) == (0, len(ROWS), [])


@pytest.mark.parametrize(
    ("row", "broken"),
    [
        (make_row("/kept/words", "/kept/words", search="?words"), None),
        (make_row("/kept/words", "/kept", search="?words", href="https://h/kept"), "query kept"),
        (make_row("/jane", "/", username="jane", href="https://h/"), "userinfo kept"),
        (make_row("https://h/a", "/b", href="https://h/b"), "another page than its normal form"),
        ({"input": "https://h/a", "base": "", "failure": "true"}, "kept of what is no URL"),
    ],
)
def test_a_property_that_does_not_hold_is_found(row: dict[str, str], broken: str | None) -> None:
    assert (broken in set(page_vectors.breaches(row))) == (broken is not None)


def test_languages_are_scored_against_both_kinds_of_file(tmp_path: Path) -> None:
    matches = tmp_path / "matches.jsonl"
    rows = [
        {
            "values": [["de_AT", 0.9], ["en-US", 1]],
            "matches": ["en"],
            "default": None,
            "expect": "en",
        },
        {"values": [["de", 1]], "matches": ["en"], "default": None, "expect": "en"},
    ]
    matches.write_text("\n".join(map(json.dumps, rows)))
    wrong = ["not the language of the best match: 1"]
    assert language_vectors.score(matches) == (1, 4, wrong)
    tags = tmp_path / "tags.json"
    tags.write_text(json.dumps({"en-US": 0.9, "de": 0.1}))
    assert language_vectors.score(tags) == (0, 2, [])
