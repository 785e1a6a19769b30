"""Residue: whatever stands in plain anywhere is found, counted, and not repeated."""

import gzip
import json
import os
import time
from base64 import b64encode
from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from random import Random
from urllib.parse import quote
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.lake import LOG
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.tagsets import Tagset, add
from remit_consumers.proof.planted.digits import card
from remit_consumers.proof.residue.address import Kept
from remit_consumers.proof.residue.canary import forms_of
from remit_consumers.proof.residue.detector import Detector
from remit_consumers.proof.residue.files import search
from remit_consumers.proof.residue.policy import detector_of

DETECTOR = Detector(forms_of(["canary-77"]))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("203.0.113.7", "ipv4"),
        ("client=203.0.113.7:443", "ipv4"),
        ("::ffff:203.0.113.7", "ipv4"),
        ("from [2001:db8:1:2::9]", "ipv6"),
        ("2001:db8:85a3:1:2:8a2e:370:7334", "ipv6"),
        ("2001:db8:1:2:: and", "ipv6"),
        ("it was 2001:db8:1:2::9: gone", "ipv6"),
        ("fe80::1ff:fe23:4567:890a", "ipv6"),
        ("write to bob.b+x@mail.example.org now", "email"),
        ("/u/bob%40example.org", "email"),
        ("xcanary-77x", "canary"),
        ("mac 00:1b:44:11:3a:b7, up", "mac"),
        ("001b.4411.3ab7", "mac"),
        ("ec2-203-0-113-7.compute-1.amazonaws.com", "host"),
        ("7.113.0.203.in-addr.arpa", "host"),
        ("host203-0-113-7.example.net", "host"),
        ("ruser= rhost=box.example.net ", "host"),
        ("ring +49 30 2345678 now", "phone"),
        ("我的手机13812345678", "phone"),
        ("call (212) 555-2368", "phone"),
        ("paid with 4111 1111 1111 1111", "card"),
        ("4111111111111111", "card"),
        ("id 11010519491231002X", "resident_id"),
        ("91310115MA1K3BTP2B"[:17] + "B", "credit_code"),
        ("to DE89 3704 0044 0532 0130 00", "iban"),
        ("ssn 321-54-9876", "ssn"),
        ("Authorization: Bearer 8f2kQz71LmN4pX0cVb9sT3yA", "secret"),
        ("-----BEGIN EC PRIVATE KEY-----", "secret"),
        ("sshd[7]: Accepted password for ada from <ip> port 22 ssh2", "user"),
        ("authentication failure; ruser= rhost=<ip>  user=ada", "user"),
        ("sudo:      ada : TTY=pts/0 ; USER=root ; COMMAND=/bin/ls", "user"),
        ("cannot read /Users/ada/.ssh", "user"),
        ("agent Mozilla/5.0 (X11; Linux x86_64) Gecko", "user_agent"),
        ("GET /search?q=shoes HTTP/1.1", "query"),
        ("203.0.113.7%2Fa", "ipv4"),
        (r"bob\\u0040example.org", "email"),
        ("Ym9iLmNvcmJlbkBleGFtcGxlLm9yZw==", "email"),
        ("0x" + b"bob@example.org".hex(), "email"),
        ("bob%2540example.org", "email"),
    ],
)
def test_what_points_at_somebody_is_found(text: str, kind: str) -> None:
    assert DETECTOR.plain(text.encode()) == Counter({kind: 1})


@pytest.mark.parametrize(
    "text",
    [
        *("203.0.113.0", "2001:db8:85a3::", "/shop/{id}/{ip}", "12:30:45", "2026-11-23T11:02:03Z"),
        *(
            "std::vector",
            "De::ad",
            "1.2.3",
            "1.2.3.4.5",
            "300.1.1.1",
            "Chrome 141",
            "::",
            "a@b",
            "@example.org",
        ),
        *("sha256:00ab", "00:1b:44", "192.0.2.0/24", "deadbeef-1-2"),
        *("<ip> <email> <user>", "for user <user> from <ip> (<host>)", "user=root", "user unknown"),
        *("check pass; user unknown", "example.co.uk", "/orders/{number}", "Chrome", "/search?"),
        *("1700000000000", "1700000000000000", "blk_-4111111111111111", "0.4111111111111111"),
        *("4111111111111112", "size=17179869184", "12345678901 bytes", "+1000 ms", "a=1;b=2"),
        *("text/html;q=0.9", "logo@2x.png", "lodash@4.17.21", "token: a.b.Proxy@4f2b1c", "@media"),
        *("01:00:5e:00:00:fb", "00:00:00:00:00:00", "16-12-19-20-55-36", "lib-1-2-3-4.so"),
        *("123e4567-e89b-12d3-a456-426614174000", "password=<secret>", "000-12-3456"),
    ],
)
def test_what_points_at_nobody_is_not_found(text: str) -> None:
    assert not DETECTOR.plain(text.encode())


@given(st.ip_addresses(v=4).filter(lambda one: int(one) % 256))
def test_no_full_ipv4_address_passes(address: IPv4Address) -> None:
    assert DETECTOR.plain(f"a {address}, b".encode())["ipv4"] == 1


@given(st.integers(1, 2**80 - 1), st.integers(0x2000, 0x3FFF))
def test_no_full_ipv6_address_passes(host: int, top: int) -> None:
    address = IPv6Address(top << 112 | host)
    for text in (str(address), address.exploded, str(address).upper()):
        assert DETECTOR.plain(f"a {text} b".encode())["ipv6"] == 1


def planted(folder: Path, name: str, array: pa.Array) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"column": array}), folder / name)


def test_it_is_found_in_every_kind_of_file_and_column(tmp_path: Path) -> None:
    who = "bob@mail.example.org"
    planted(tmp_path / "lake/a", "text.parquet", pa.array([who, None, "x"]))
    planted(tmp_path / "lake/b", "dictionary.parquet", pa.array([who, who]).dictionary_encode())
    planted(tmp_path / "lake/c", "struct.parquet", pa.array([{"deep": [who]}]))
    planted(
        tmp_path / "lake/d",
        "map.parquet",
        pa.array([[("k", who)]], pa.map_(pa.string(), pa.string())),
    )
    planted(tmp_path / "lake/e", "sealed.parquet", pa.array([os.urandom(64) + who.encode()]))
    (tmp_path / "lake/_delta_log").mkdir()
    (tmp_path / "lake/_delta_log/0.json").write_text(f'{{"userName": "{who}"}}')
    (tmp_path / "spool").mkdir()
    (tmp_path / "spool/1.pack").write_bytes(b"RM" + who.encode() * 20)
    (tmp_path / "spool/open-1").write_bytes(who.encode() + bytes(4096))
    (tmp_path / "orphan.parquet").write_bytes(b"torn " + who.encode())
    residue = search(tmp_path, DETECTOR)
    assert residue.files == 9
    assert len(residue.found) == 9
    assert all(hits["email"] for hits in residue.found.values())
    assert "bob" not in repr(residue)


@pytest.mark.parametrize(
    "place", ["home/alice/shop", "srv/jane@corp.example", "srv/jane doe@corp.example"]
)
def test_the_folders_own_place_is_no_residue_and_hides_none(tmp_path: Path, place: str) -> None:
    data = tmp_path / place
    data.mkdir(parents=True)
    log = {"location": data.as_uri(), "path": str(data)}
    (data / "0.json").write_text(json.dumps(log))
    assert not search(data, DETECTOR).found
    (data / "1.json").write_text(json.dumps(log | {"by": "mail to bob@corp.example"}))
    assert search(data, DETECTOR).found == {"1.json": Counter(email=1)}


def test_the_address_of_a_shop_that_an_operator_allowed_is_no_residue_and_a_mailbox_there_is(
    tmp_path: Path,
) -> None:
    sources = tmp_path / "edge" / "sources.json"
    sources.parent.mkdir()
    sources.write_text(json.dumps({"origins": ["http://203.0.113.7:8000"]}))
    assert not search(tmp_path, DETECTOR).found
    sources.write_text(
        json.dumps({"origins": ["http://203.0.113.7:8000"], "by": "bob@corp.example"})
    )
    assert search(tmp_path, DETECTOR).found == {"edge/sources.json": Counter(email=1)}


def test_noise_is_sealed_and_text_is_not(tmp_path: Path) -> None:
    noise = os.urandom(1 << 20)
    planted(tmp_path, "noise.parquet", pa.array([noise]))
    (tmp_path / "1.pack").write_bytes(noise)
    (tmp_path / "open-2").write_bytes(gzip.compress(noise) + bytes(1 << 20))
    assert not search(tmp_path, DETECTOR).found
    (tmp_path / "2.pack").write_bytes(b"GET /shop/basket HTTP/1.1 " * 20)
    assert search(tmp_path, DETECTOR).found == {"2.pack": Counter(not_sealed=1)}


def test_a_policy_that_keeps_more_of_an_address_moves_the_line() -> None:
    assert not Detector(kept=Kept(host_bits_v4=0)).plain(b"203.0.113.7")
    assert Detector(kept=Kept(host_bits_v4=16)).plain(b"203.0.113.0")["ipv4"] == 1
    assert not Detector(allowed=frozenset({"tab"})).plain(b"/orders?tab=open")
    assert Detector(allowed=frozenset({"tab"})).plain(b"/orders?tab=open&q=x")["query"] == 1


def planning(root: Path, reducer: str, **parameters: object) -> None:
    """Have a tagset on record that puts a reducer on the field `ip` of page_view."""
    Lake(root).claim(LOG, 0)
    fields = json.dumps({"ip": {"reducer": reducer, "parameters": parameters}})
    add(open_table(root, "tagsets"), [Tagset("f" * 16, "page_view", "p", "1", "", fields)])


def test_addresses_stored_encrypted_are_none_in_their_column_and_blind_nobody_elsewhere(
    tmp_path: Path,
) -> None:
    planning(tmp_path / "lake", "ip_encrypted", v4_bits=32)
    table = pa.table({"ip": ["203.0.113.7"], "page": ["/a/203.0.113.7"]})
    folder = tmp_path / "lake/events/page_view"
    folder.mkdir(parents=True)
    pq.write_table(table, folder / "a.parquet")
    found = search(tmp_path, detector_of(tmp_path / "lake", ())).found
    assert found == {"lake/events/page_view/page": Counter(ipv4=1)}


def test_a_policy_on_record_that_keeps_less_does_not_move_the_line(tmp_path: Path) -> None:
    planning(tmp_path, "ip", v4_bits=16, v6_bits=32)
    assert detector_of(tmp_path, ()).kept == Kept()


@pytest.mark.parametrize(
    "form",
    [
        "Ada.Corben@mail.example.org",
        "ada.corben@mail.example.org",
        "ADA.CORBEN@MAIL.EXAMPLE.ORG",
        "x%3D" + quote("Ada.Corben@mail.example.org", safe=""),
        b64encode(b"Ada.Corben@mail.example.org").decode(),
        b64encode(b'{"who": "Ada.Corben@mail.example.org", "n": 1}').decode(),
        b"Ada.Corben@mail.example.org".hex(),
        "org.example.mail.Ada.Corben",
        "org.example.mail",
    ],
)
def test_a_canary_is_found_in_every_form(form: str) -> None:
    detector = Detector(forms_of(["Ada.Corben@mail.example.org"]))
    assert detector.plain(f"before {form} behind".encode())["canary"] == 1


def test_a_canary_with_an_escape_in_it_is_found_as_it_was_planted() -> None:
    assert Detector(forms_of(["ada%40x-77"])).plain(b"to ada%40x-77, now")["canary"] == 1


def test_a_short_canary_is_looked_for_as_it_is_and_in_no_form_that_any_text_has() -> None:
    forms = set(forms_of(["ab", ""]))
    assert "ab" in forms
    assert all(len(form) >= 6 for form in forms - {"ab"})


NOISE = {
    "hex": lambda chance: f"{chance.getrandbits(128):032x}",
    "short hex in capitals": lambda chance: f"{chance.getrandbits(64):016X}",
    "UUIDs": lambda chance: str(UUID(int=chance.getrandbits(128))),
    "13 digits": lambda chance: str(chance.randrange(10**12, 10**13)),
    "16 digits": lambda chance: str(chance.randrange(10**15, 10**16)),
    "18 digits": lambda chance: str(chance.randrange(10**17, 10**18)),
    "19 digits": lambda chance: str(chance.randrange(10**18, 10**19)),
    "11 digits": lambda chance: str(chance.randrange(10**10, 10**11)),
    "counters": lambda chance: str(4_000_000_000_000_000 + chance.randrange(10**6)),
    "epoch milliseconds": lambda chance: str(1_700_000_000_000 + chance.randrange(10**11)),
    "epoch microseconds": lambda chance: str(1_700_000_000_000_000 + chance.randrange(10**14)),
    "base64": lambda chance: b64encode(chance.randbytes(24)).decode(),
    "decimals": lambda chance: repr(chance.random() * 10 ** chance.randrange(10)),
}


@pytest.mark.parametrize("noise", NOISE)
def test_a_column_of_hashes_counters_or_times_raises_no_alarm(noise: str) -> None:
    chance = Random(noise)
    assert not DETECTOR.count([NOISE[noise](chance) for _ in range(5_000)])


def test_one_random_number_of_16_digits_alone_raises_an_alarm_once_in_twenty_times_at_most() -> (
    None
):
    chance = Random(2)
    alone = DETECTOR.each([NOISE["16 digits"](chance) for _ in range(5_000)])
    assert sum(map(bool, alone)) <= 250


def test_real_cards_among_counters_are_more_than_chance_explains() -> None:
    chance = Random(3)
    counters = [NOISE["counters"](chance) for _ in range(1_000)]
    assert not DETECTOR.count(counters)
    assert DETECTOR.count([*counters, *(card(chance) for _ in range(200))])["card"] > 200


def test_a_look_at_many_places_counts_in_each_what_a_look_at_it_alone_would() -> None:
    chance = Random(4)
    counters = [NOISE["counters"](chance) for _ in range(100)]
    cards = [card(chance) for _ in range(50)]
    places = [["203.0.113.7", "canary-77"], [], counters, [*counters, *cards], ["a@b.example"]]
    series = [pl.Series(texts, dtype=pl.String) for texts in places]
    assert DETECTOR.counts(series) == [DETECTOR.count(texts) for texts in places]
    assert DETECTOR.counts(series)[3]["card"] >= 50
    again = [pl.Series([*places[0], None, "/cart", *places[0]]), series[0], series[1]]
    seen = {"ipv4": 1, "canary": 1}
    assert DETECTOR.counts(again) == [{"ipv4": 2, "canary": 2}, seen, {}], "a repeat counts anew"
    assert DETECTOR.counts([]) == []


@given(st.text())
def test_no_text_makes_it_raise(text: str) -> None:
    DETECTOR.each([text])


@pytest.mark.parametrize(
    "unit", ["1.", "a@", "::", "%40", "1 ", "-1", "AA11 ", "user=", "?a=", "<", "ey", "\\u00"]
)
def test_a_long_hostile_text_takes_no_longer_than_its_length(unit: str) -> None:
    text = unit * 20_000
    begun = time.process_time()
    DETECTOR.plain(text.encode())
    assert time.process_time() - begun < 10
