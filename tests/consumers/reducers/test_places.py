"""Databases of places: which they are, what they know, and what they do not know said at once."""

import re
from pathlib import Path

import pytest

from kit.means import INVENTED, WITHOUT_REGIONS, Record, write_places
from remit_consumers.reducers.places import open_places
from remit_schemas.errors import SettingsError


def test_a_file_says_country_and_region_by_their_iso_codes(tmp_path: Path) -> None:
    places = open_places(write_places(tmp_path / "city.mmdb"))
    asked = ["192.31.196.7", "192.31.196.200", "192.175.48.1", "2620:4f:8000::7", "198.41.0.4"]
    expected = [("NZ", "NZ-AUK"), ("FJ", None), ("IS", None), ("PE", "PE-CUS"), (None, None)]
    assert places.of(asked) == expected
    assert places.of(asked[::-1]) == expected[::-1]


def test_what_is_no_code_of_a_country_or_region_is_not_taken(tmp_path: Path) -> None:
    records: dict[str, Record] = {
        **INVENTED,
        "192.31.196.0/25": {"country": {"iso_code": "nz"}, "subdivisions": [{"iso_code": "AUK"}]},
        "192.31.196.128/25": {"country": "FJ", "subdivisions": "FJ-01"},
        "192.175.48.0/24": ["IS"],
    }
    places = open_places(write_places(tmp_path / "odd.mmdb", records))
    asked = ["192.31.196.7", "192.31.196.200", "192.175.48.1", "192.52.193.1"]
    assert places.of(asked) == [(None, None)] * 4


def test_a_database_is_named_by_its_type_and_the_day_it_was_built(tmp_path: Path) -> None:
    name = open_places(write_places(tmp_path / "city.mmdb")).name
    assert re.fullmatch(r"Invented-City 20\d\d-\d\d-\d\d", name)
    assert re.fullmatch(r"iptocc \d+\.\d+\.\d+", open_places(None).name)


def test_the_registries_know_the_country_of_a_service_of_the_dns_and_nothing_of_documentation() -> (
    None
):
    places = open_places(None)
    assert places.of(["192.175.48.1", "203.0.113.7", "2001:db8::1"]) == [
        ("US", None),
        (None, None),
        (None, None),
    ]
    assert places.of([]) == []


def test_regions_are_promised_only_by_a_file_that_has_them(tmp_path: Path) -> None:
    whole = open_places(write_places(tmp_path / "city.mmdb"))
    flat = open_places(
        write_places(tmp_path / "flat.mmdb", WITHOUT_REGIONS, kind="Invented-Country")
    )
    whole.require("region")
    for places in (flat, open_places(None)):
        places.require("country")
        with pytest.raises(SettingsError, match="REMIT_PLACES"):
            places.require("region")


def test_a_file_of_ipv4_alone_does_not_know_where_ipv6_is(tmp_path: Path) -> None:
    records = {net: record for net, record in INVENTED.items() if ":" not in net}
    places = open_places(write_places(tmp_path / "v4.mmdb", records, ip_version=4))
    assert places.of(["2620:4f:8000::7", "192.31.196.7"]) == [(None, None), ("NZ", "NZ-AUK")]


@pytest.mark.parametrize("content", [None, b"", b"not an MMDB" * 99])
def test_a_file_that_is_none_is_said_at_once(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "places.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(
        SettingsError, match=r"REMIT_PLACES: .*places\.mmdb is not there, or is no MMDB"
    ):
        open_places(path)


def test_a_file_that_names_no_countries_is_said_at_once(tmp_path: Path) -> None:
    numbers = {"192.31.196.0/24": {"autonomous_system_number": 112}}
    path = write_places(tmp_path / "asn.mmdb", numbers, kind="Invented-ASN")
    with pytest.raises(SettingsError, match="Invented-ASN, which names no countries"):
        open_places(path)


def test_a_file_that_is_damaged_stops_the_run_and_names_no_address(tmp_path: Path) -> None:
    path = write_places(tmp_path / "city.mmdb")
    data = bytearray(path.read_bytes())
    at = data.index(b"AUK") - 1  # the byte before a text says what it is and how long
    data[at] = 0x5F  # a text of more bytes than there are, by the next byte
    data[at + 1 : at + 4] = b"\xff\xff\xff"
    path.write_bytes(bytes(data))
    with pytest.raises(SettingsError) as caught:
        open_places(path).of(["192.31.196.7"])
    assert "192.31" not in str(caught.value)
