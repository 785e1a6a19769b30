"""Residue: whatever stands in plain anywhere is found, counted, and not repeated."""

import gzip
import os
from collections import Counter
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit_consumers.proof.residue import Detector, search

DETECTOR = Detector((b"canary-77",))


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


def test_noise_is_sealed_and_text_is_not(tmp_path: Path) -> None:
    noise = os.urandom(1 << 20)
    planted(tmp_path, "noise.parquet", pa.array([noise]))
    (tmp_path / "1.pack").write_bytes(noise)
    (tmp_path / "open-2").write_bytes(gzip.compress(noise) + bytes(1 << 20))
    assert not search(tmp_path, DETECTOR).found
    (tmp_path / "2.pack").write_bytes(b"GET /shop/basket HTTP/1.1 " * 20)
    assert search(tmp_path, DETECTOR).found == {"2.pack": Counter(not_sealed=1)}


def test_a_policy_that_keeps_more_of_an_address_moves_the_line() -> None:
    assert not Detector(host_bits_v4=0).plain(b"203.0.113.7")
    assert Detector(host_bits_v4=16).plain(b"203.0.113.0")["ipv4"] == 1
