"""Who asked: what trusted proxies wrote counts, and whatever stands left of it changes nothing."""

import json
import os
import time
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from kit.parts import RealParts
from remit.proxies import CHARS_MAX, ENTRIES_MAX, NOBODY, Proxies, address
from remit_schemas.errors import SettingsError

VECTORS_VARIABLE = "REMIT_PROXY_VECTORS"
"""Names a file of realclientip's vectors, as JSON lines."""

NEAR = "10.0.0.2"  # the proxy that calls the app
FAR = "10.0.0.1"  # the one before it
CLIENT = "203.0.113.7"
EVIL = "198.51.100.66"
INSIDE = "10.0.0.0/8, fd00::/8"

ADDRESSES = [
    ("192.0.2.1", "192.0.2.1"),
    ("192.0.2.1:4711", "192.0.2.1"),
    (" 192.0.2.1\t", "192.0.2.1"),
    ("2001:DB8:0:0::1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("[2001:db8::1]:4711", "2001:db8::1"),
    ("fe80::1%eth0", "fe80::1%eth0"),
    ("[fe80::1%eth0]:80", "fe80::1%eth0"),
    ("192.0.2.1%", "192.0.2.1"),
    ("192.0.2.1%eth0", None),
    ("[::ffff:192.0.2.1]:80", "192.0.2.1"),
    ("::ffff:c000:201", "192.0.2.1"),
    ("64:ff9b::192.0.2.1", "64:ff9b::c000:201"),
    ("127.0.0.1", "127.0.0.1"),
    ("255.255.255.255", "255.255.255.255"),
    ("192.0.2.1:_hidden", "192.0.2.1"),
    ("0.0.0.0", None),  # noqa: S104  # nothing binds here
    ("::", None),
    ("::ffff:0.0.0.0", None),
    ("", None),
    (None, None),
    ("unknown", None),
    ("_hidden", None),
    ("@", None),
    ("192.0.2", None),
    ("192.0.2.256", None),
    ("192.0.2.01", None),
    ("3221225985", None),
    ("0xc0000201", None),
    ("192.0.2.1 192.0.2.2", None),
    ("192.0.2.1\x00", None),
    ("192.0.2.1\n", None),
    ("\uff11\uff19\uff12.0.2.1", None),
    ("[192.0.2.1]", None),
    ("[2001:db8::1", None),
    ("2001:db8::1]", None),
    ("[2001:db8::1]x", None),
    ("2001:db8::1::2", None),
    ("fe80::1%" + "z" * 21, None),
    ("1" * 100_000, None),
]


@pytest.mark.parametrize(("text", "found"), ADDRESSES)
def test_an_address_is_written_plainly_and_what_is_none_is_null(
    text: str | None, found: str | None
) -> None:
    assert address(text) == found
    assert NOBODY.client(text, [], []) == found


def test_vectors_of_other_people_are_read_as_they_say(real_parts: RealParts) -> None:
    name = os.environ.get(VECTORS_VARIABLE)
    if name is None:
        real_parts.ran("vectors of proxies", f"our own alone; {VECTORS_VARIABLE} names no file")
        return
    wrong = []
    for line in Path(name).read_text().splitlines():
        vector = json.loads(line)
        if vector["table"] == "ParseIPAddr":
            want = vector.get("want") or {"IP": "", "Zone": ""}
            wanted = want["IP"] + (f"%{want['Zone']}" if want["Zone"] else "")
            found = address(vector["ipStr"])
            wanted = "" if wanted in {"0.0.0.0", "::"} else wanted  # noqa: S104  # no host: refused one step later there
        else:
            headers = vector["args"].get("headers", {}).get("X-Forwarded-For", [])
            wanted = vector["want"]
            found = NOBODY.client(vector["args"]["remoteAddr"], [], headers)
        if (found or "") != wanted:
            wrong.append(vector["name"])
    assert not wrong
    real_parts.ran("vectors of proxies", f"those that {VECTORS_VARIABLE} names, too")


FORWARDED = [
    ([f"for={CLIENT}"], CLIENT),
    ([f"For={CLIENT};proto=https;by={NEAR}"], CLIENT),
    ([f"by={NEAR}; for={CLIENT} ;host=shop.example"], CLIENT),
    ([f'for="{CLIENT}:4711"'], CLIENT),
    (['for="[2001:db8::1]"'], "2001:db8::1"),
    (['for="[2001:db8::1]:4711"'], "2001:db8::1"),
    (['for="[2001:db8::1]:_port"'], "2001:db8::1"),
    ([r'for="\2\03.0.113.7"'], CLIENT),
    ([f"for={EVIL}, for={CLIENT}"], CLIENT),
    ([f"for={EVIL}", f"for={CLIENT}"], CLIENT),
    ([f'for="evil, for={CLIENT}'], CLIENT),
    ([f'for="evil\\, for={CLIENT}'], CLIENT),
    (['"', 'for="[2001:db8::1]"'], "2001:db8::1"),
    ([f'for={EVIL}, for={CLIENT};by="a, for={EVIL}"'], CLIENT),
    ([f'for={EVIL}, for={CLIENT};by="a\\", for={EVIL}"'], CLIENT),
    ([f'for={CLIENT};by="a\\\\"'], CLIENT),
    (["for=unknown"], None),
    (["for=_hidden"], None),
    (['for="_hidden:80"'], None),
    (["for=2001:db8::1"], None),  # must be quoted and in brackets
    (['for="2001:db8::1"'], None),
    ([f"for={CLIENT}:80"], None),  # a colon must be quoted
    ([f'for="{CLIENT}'], None),
    ([f"for={CLIENT};for={EVIL}"], None),
    ([f"for={CLIENT}; proto"], None),
    ([f"for = {CLIENT}"], None),
    (["proto=https"], None),
    ([f"for={CLIENT},"], None),
    ([f'for={CLIENT}, "'], None),
    ([""], None),
    ([], None),
]


@pytest.mark.parametrize(("lines", "found"), FORWARDED)
def test_the_last_entry_of_forwarded_is_read_as_the_standard_writes_it(
    lines: list[str], found: str | None
) -> None:
    assert Proxies(depth=1).client(NEAR, lines, []) == found
    assert Proxies.parse(INSIDE).client(NEAR, lines, []) == found


CHAINS = [
    ("1", [CLIENT], CLIENT),
    ("1", [f"{EVIL}, {CLIENT}"], CLIENT),
    ("1", [EVIL, CLIENT], CLIENT),
    ("1", [f"{EVIL}, {CLIENT}:80"], CLIENT),
    ("2", [f"{EVIL}, {CLIENT}, {FAR}"], CLIENT),
    ("2", [CLIENT], None),  # came around a proxy: nobody says for whom
    ("1", [], None),
    ("1", [f"{CLIENT},"], None),
    ("1", [f"{CLIENT}, unknown"], None),
    ("2", [f"{CLIENT}, unknown, {FAR}"], None),
    (INSIDE, [f"{EVIL}, {CLIENT}"], CLIENT),
    (INSIDE, [f"{EVIL}, {CLIENT}, {FAR}"], CLIENT),
    (INSIDE, [f"{EVIL}, {CLIENT}, fd00::1, {FAR}"], CLIENT),
    (INSIDE, [f"{EVIL}, nonsense, {FAR}"], None),
    (INSIDE, [FAR], FAR),  # all are proxies: somebody inside asks
    (INSIDE, [], None),
]


@pytest.mark.parametrize(("rule", "lines", "found"), CHAINS)
def test_a_chain_is_read_from_its_right_end_as_far_as_it_is_trusted(
    rule: str, lines: list[str], found: str | None
) -> None:
    assert Proxies.parse(rule).client(NEAR, [], lines) == found
    quoted = [
        ", ".join(
            f'for="{entry.strip()}"' if "." in entry else "for=x" for entry in line.split(",")
        )
        for line in lines
    ]
    if not any(":" in line.replace(":80", "") for line in lines):
        assert Proxies.parse(rule).client(NEAR, quoted, []) == found


def test_whoever_calls_from_elsewhere_is_the_client_whatever_it_says_of_others() -> None:
    said = [f"for={EVIL}"], [EVIL]
    assert NOBODY.client(CLIENT, *said) == CLIENT
    assert Proxies.parse(INSIDE).client(CLIENT, *said) == CLIENT


def test_a_header_that_the_proxies_do_not_write_decides_nothing() -> None:
    one, other = [f"for={EVIL}"], [CLIENT]
    assert (
        Proxies.parse("1").client(NEAR, one, other) is None
    )  # one is the sender's, and nobody says which
    assert Proxies.parse("1").client(NEAR, [f"for={CLIENT}"], other) == CLIENT
    assert Proxies.parse("1 x-forwarded-for").client(NEAR, one, other) == CLIENT
    assert Proxies.parse("1 Forwarded").client(NEAR, one, other) == EVIL
    assert Proxies.parse("1 forwarded").client(NEAR, [], other) is None


@pytest.mark.parametrize(
    "rule",
    [
        "-1",
        "1 2",
        "1, 10.0.0.0/8",
        "33",
        "9" * 5000,
        "10.0.0.1/8",
        "all",
        "1 forwarded x-forwarded-for",
        "²",
    ],
)
def test_a_rule_that_is_none_stops_the_start_and_is_not_repeated(rule: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Proxies.parse(rule)
    assert "10.0.0.1" not in str(caught.value)
    assert "all" not in str(caught.value).split()


def test_nothing_is_trusted_unless_a_rule_says_so() -> None:
    assert Proxies.from_env({}) == Proxies.from_env({"REMIT_PROXIES": " "}) == NOBODY
    assert Proxies.parse("0") == NOBODY
    assert Proxies.from_env({"REMIT_PROXIES": "2"}).depth == 2


ANYTHING = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.text(alphabet='",;=\\ for[]:.0', max_size=40),
        st.sampled_from([f"for={EVIL}", EVIL, f'for="{EVIL}', f'for="{EVIL}"', "\\", '"', ","]),
    ),
    max_size=4,
)
ADDRESS = st.one_of(
    st.ip_addresses(v=4, network="203.0.113.0/24"), st.ip_addresses(v=6, network="2001:db8::/32")
).map(str)
PATH = st.sampled_from(["", FAR, f"fd00::1, {FAR}"])


def forwarded(entries: str) -> str:
    """Write addresses as a proxy writes them."""
    return ", ".join(
        f'for="[{entry}]:443";by="_a\\"b,c";proto=https' if ":" in entry else f"for={entry}"
        for entry in entries.split(", ")
    )


@given(sent=ANYTHING, client=ADDRESS, proxies=PATH, between=st.sampled_from([", ", None]))
def test_whatever_is_sent_left_of_what_the_proxies_wrote_changes_nothing(
    sent: list[str], client: str, proxies: str, between: str | None
) -> None:
    written = f"{client}, {proxies}" if proxies else client
    for write, place in ((forwarded, 0), (str, 1)):
        own = write(written)
        lines = [*sent, own] if between is None else [between.join([*sent, own])]
        headers: list[list[str]] = [[], []]
        headers[place] = lines
        for rule in (INSIDE, str(1 + len(written.split(", ")) - 1)):
            assert Proxies.parse(rule).client(NEAR, *headers) == client


@given(lines=ANYTHING, other=ANYTHING, rule=st.sampled_from(["", "1", "3", INSIDE]))
def test_no_header_raises_and_what_comes_out_is_an_address_or_null(
    lines: list[str], other: list[str], rule: str
) -> None:
    found = Proxies.parse(rule).client(NEAR, lines, other)
    assert found is None or address(found) == found


@example(depth=ENTRIES_MAX, length=ENTRIES_MAX + 1)
@given(depth=st.integers(1, ENTRIES_MAX), length=st.integers(0, 2 * ENTRIES_MAX))
def test_the_entry_of_a_depth_is_counted_from_the_right(depth: int, length: int) -> None:
    assume(length)
    entries = [f"203.0.113.{number}" for number in range(length)]
    wanted = entries[-depth] if depth <= length else None
    assert Proxies(depth).client(NEAR, [], entries) == wanted
    assert Proxies(depth).client(NEAR, [", ".join(f"for={e}" for e in entries)], []) == wanted


HOSTILE = [
    [","] * 20_000,
    ["," * 2_000_000],
    ['"' * 2_000_000],
    ["\\" * 2_000_000],
    ['\\"' * 1_000_000],
    ["for=" * 500_000],
    [f"for={FAR}," * 100_000],
    [f"{FAR}," * 100_000],
    [f"for={FAR}"] * 100_000,
    [" " * 2_000_000],
    ["\x00" * 2_000_000],
]


@pytest.mark.parametrize("lines", HOSTILE, ids=lambda lines: f"{lines[0][:8]!r}")
def test_long_headers_cost_no_more_than_their_last_part(lines: list[str]) -> None:
    begun = time.process_time()
    for rule in (INSIDE, str(ENTRIES_MAX)):
        Proxies.parse(rule).client(NEAR, lines, [])
        Proxies.parse(rule).client(NEAR, [], lines)
    assert time.process_time() - begun < 0.1  # measured: 2 ms, of which joining is most


def test_a_chain_that_is_longer_than_is_looked_at_names_nobody() -> None:
    long = [f"{CLIENT}, " + ", ".join([FAR] * ENTRIES_MAX)]
    assert Proxies.parse(INSIDE).client(NEAR, [], long) is None
    assert Proxies.parse(INSIDE).client(NEAR, [], [CLIENT, *[FAR] * ENTRIES_MAX]) is None
    far = [f'{CLIENT}, "{"x" * CHARS_MAX}"']
    assert Proxies(2).client(NEAR, [], far) is None
