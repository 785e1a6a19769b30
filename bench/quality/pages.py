"""page: what of invented addresses of pages is left that should go, and what goes that should stay."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.quality.asked import Answers, Peers, everybody
from bench.quality.labelled import Labelled, rows_of, short
from bench.quality.row import Row, known
from bench.quality.scores import percent

TABLE: Final = "page"
PEERS: Final = ("path alone", "query masked", "yarl path", "w3lib", "url-normalize")

SECRET: Final[Mapping[str, Sequence[str]]] = {
    "/orders/123456?email=a@example.com&utm_source=x": ("a@example.com", "123456"),
    "/orders/2024-000123": ("000123",),
    "/u/3f2504e0-4f89-41d3-9a0c-0305e82c3301/edit#part": ("3f2504e0", "part"),
    "/u/3F2504E04F8941D39A0C0305E82C3301": ("3F2504E0",),
    "/o/01ARZ3NDEKTSV4RRFFQ69G5FAV": ("01ARZ3NDEK",),
    "/d/507f1f77bcf86cd799439011": ("507f1f77bc",),
    "/reset/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2ln?token=s3cr3tvalue": (
        "eyJ",
        "s3cr3t",
    ),
    "/magic/dGhpcyBpcyBhIHNlY3JldCB0b2tlbg==": ("dGhpcyBpcy",),
    "/invite/k3J9xQ2mZ7pL0vB4": ("k3J9xQ2m",),
    "/user/john.doe@example.com/inbox": ("john.doe",),
    "/user/john.doe%40example.com/inbox": ("john.doe",),
    "/user/john.doe%2540example.com/inbox": ("john.doe",),
    "/go?next=https%3A%2F%2Fshop.example%2F%3Fphone%3D13800138000": ("13800138000",),
    "/go/https%3A%2F%2Fshop.example%2Fu%2F13800138000": ("13800138000",),
    "/call/+4915112345678": ("4915112345678",),
    "/call/%2B49%20151%2012345678": ("12345678",),
    "/a;jsessionid=0123456789ABCDEF0123456789ABCDEF": ("0123456789ABCDEF",),
    "/a;user=alice/b": ("alice",),
    "//host.example/..%2f..%2fetc/passwd?x=1": ("x=1",),
    "/..%2f..%2fu%2f7711223": ("7711223",),
    "javascript:alert('13800138000')": ("13800138000",),
    "data:text/plain,a%40example.com": ("a%40example.com", "a@example.com"),
    "mailto:a@example.com": ("a@example.com",),
    "https://alice:secret@shop.example/cart": ("alice", "secret"),
    "https://shop.example:8443/cart/99887766": ("99887766",),
    "/search/q=alice+smith": ("alice",),
    "/cards/4111-1111-1111-1111": ("1111-1111",),
    "/ip/192.0.2.77/log": ("192.0.2.77",),
    "/ip/2001:db8::77/log": ("2001:db8::77",),
    "/files/a@example.com.pdf": ("a@example.com",),
    "/t/\u0661\u0662\u0663\u0664\u0665\u0666": ("\u0661\u0662\u0663",),
    "/wechat/oGZUI0egBJY1zhBYw2KhdUfwVJJE": ("oGZUI0egBJ",),
}
"""Addresses and what of each must not be left, in any spelling that is looked for."""

PLAIN: Final = (
    "/",
    "/products",
    "/products/shoes",
    "/blog/how-to-care-for-leather",
    "/en/docs/getting-started",
    "/api/v2/orders",
    "/static/app.js",
    "/favicon.ico",
    "/about-us/team",
    "/index.html",
    "/downloads/beats/filebeat",
    "/guide/en/current/index.html",
)
"""Paths in which nothing is anybody's: they are what a page is counted by."""


HIDDEN: Final = ("username", "password", "search", "hash")
"""Parts of a URL of which nothing may be kept, by the standard's names."""

TELLING_CHARS_MIN: Final = 3  # a shorter part may stand in a path by chance


def measure(labelled: Labelled, peers: Peers) -> Iterator[Row]:
    """Score invented addresses of pages, and the vectors of the URL standard."""
    found = everybody(TABLE, peers, PEERS, [*SECRET, *PLAIN])
    yield Row(
        table=TABLE,
        measure="addresses with something left",
        data="invented",
        count=len(SECRET),
        scores=known({name: _left(answers) for name, answers in found.items()}),
        goal=0,
    )
    yield Row(
        table=TABLE,
        measure="plain paths changed",
        data="invented",
        count=len(PLAIN),
        scores=known({name: _changed(answers) for name, answers in found.items()}),
    )

    for path in labelled.files("url/whatwg*"):
        yield _vectors(path, peers)


def _vectors(path: Path, peers: Peers) -> Row:
    """Score hostile URLs by the other parts that are kept."""
    rows = [row for row in rows_of(path) if "failure" not in row]
    found = everybody(TABLE, peers, PEERS, [str(row["input"]) for row in rows])
    return Row(
        table=TABLE,
        measure="URLs of which userinfo, query or fragment is left",
        data=short(path),
        count=len(rows),
        scores=known({name: _parts_left(rows, answers) for name, answers in found.items()}),
        goal=0,
    )


def _parts_left(rows: Sequence[Mapping[str, object]], answers: Answers) -> float | None:
    """Give the percentage of URLs of which a part is left that their path does not have."""
    left = 0
    for row in rows:
        out = str(answers.outs[str(row["input"])] or "")
        parts = [str(row[part]).strip("?#") for part in HIDDEN]
        left += any(
            len(part) >= TELLING_CHARS_MIN and part in out and part not in str(row["pathname"])
            for part in parts
        )
    return percent(left, len(rows))


def _left(answers: Answers) -> float | None:
    """Give the percentage of addresses of which something is left."""
    outs = {value: json.dumps(answers.outs[value], ensure_ascii=False) for value in SECRET}
    return percent(
        sum(any(bad in outs[v] for bad in bads) for v, bads in SECRET.items()), len(outs)
    )


def _changed(answers: Answers) -> float | None:
    """Give the percentage of plain paths that are not as they were."""
    return percent(sum(answers.outs[path] != path for path in PLAIN), len(PLAIN))
