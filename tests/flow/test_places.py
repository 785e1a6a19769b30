"""Places and encrypted addresses from outside: a policy of one's own, a log file, and the lake that becomes of it."""

from pathlib import Path

import pytest

from kit.installation import Installation
from kit.means import write_places
from kit.own_policy import own

LINE = '{} - - [01/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "-"\n'
ADDRESSES = ["192.31.196.7", "192.31.196.200", "2620:4f:8000::7", "10.1.2.3", "-"]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of one line for each address."""
    path = tmp_path / "in" / "access.log"
    path.parent.mkdir()
    path.write_text("".join(map(LINE.format, ADDRESSES)))
    return path


def stored(tmp_path: Path, log: Path, reducer: str, **extra: str) -> Installation:
    """Import the log under a policy with this reducer; everything that `remit verify` checks holds."""
    installed = Installation(tmp_path, REMIT_POLICY=str(own(tmp_path, reducer)), **extra)
    installed.remit("import", "access-log", str(log), "--wait")
    assert installed.breaches() == {}
    left = [path for path in installed.data.rglob("*") if path.is_file()]
    for address in ADDRESSES[:-1]:
        assert not [path for path in left if address.encode() in path.read_bytes()]
    return installed


def column(installed: Installation, name: str) -> list[object]:
    """A column of the stored rows, in the order of the log's lines."""
    found: list[object] = installed.rows("page_view").sort_by("index").column(name).to_pylist()
    return found


def test_places_are_stored_with_the_networks_and_the_addresses_nowhere(
    tmp_path: Path, log: Path
) -> None:
    places = str(write_places(tmp_path / "city.mmdb"))
    done = stored(tmp_path, log, "ip_place: {place: region}", REMIT_PLACES=places)
    assert column(done, "ip") == [*["192.31.196.0"] * 2, "2620:4f:8000::", "10.1.2.0", None]
    assert column(done, "ip_country") == ["NZ", "FJ", "PE", None, None]
    assert column(done, "ip_region") == ["NZ-AUK", None, "PE-CUS", None, None]


def test_encrypted_networks_stand_in_the_lake_and_their_key_lies_apart(
    tmp_path: Path, log: Path
) -> None:
    done = stored(tmp_path, log, "ip_encrypted: {rotate_days: 30}")
    here, beside, v6, private, nothing = column(done, "ip")
    assert here == beside
    assert len({here, v6, private}) == 3
    assert nothing is None
    assert {"192.31.196.0", "10.1.2.0", "2620:4f:8000::"}.isdisjoint({here, v6, private})
    assert not list(done.data.rglob("address.key"))


def test_a_consumer_says_in_one_line_that_it_cannot_tell_regions(tmp_path: Path) -> None:
    installed = Installation(tmp_path, REMIT_POLICY=str(own(tmp_path, "ip_place: {place: region}")))
    said = installed.remit("run", expect=2).stderr
    assert "set REMIT_PLACES to an MMDB file with subdivisions" in said
    assert not [line for line in said.splitlines() if "Traceback" in line]


def test_a_lake_of_encrypted_addresses_is_not_gone_on_with_under_another_key(
    tmp_path: Path, log: Path
) -> None:
    done = stored(tmp_path, log, "ip_encrypted: {}")
    key = next(tmp_path.rglob("address.key"))
    key.rename(tmp_path / "away")
    said = done.remit("emit", "page_view", "--wait", stdin="{}\n", expect=2)
    assert "address.key" in said.stderr
    (tmp_path / "away").rename(key)
    done.remit("emit", "page_view", "--wait", stdin="{}\n")
