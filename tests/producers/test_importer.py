"""Files as a source: run again, an import sends the same identities and the same counts."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.spooled import Home
from kit.watching import until
from remit.importer import Importer, content_of
from remit.result import Refused
from remit_schemas.errors import SettingsError, SpoolError
from remit_schemas.events import PageView

FILE = b"sha-256 of a file"


def import_all(home: Home, packs: range, skipped: range = range(0)) -> None:
    """Import packs of two events and one line that is none."""
    importer = Importer(PageView, FILE, data=home.data, log="")
    for number in packs:
        datums = [importer.admit(PageView(page=f"/{number}/{n}", occurred_at=n)) for n in range(2)]
        if number in skipped:
            importer.skip_pack(number, 2, {"unparsed": 1})
        else:
            importer.add_pack(
                number, [d for d in datums if isinstance(d, bytes)], refused={"unparsed": 1}
            )
    assert importer.flush(30)
    importer.close()


def test_pack_by_pack_goes_round_the_lanes_in_sequence(home: Home) -> None:
    import_all(home, range(30))
    packs = home.packs()
    assert [p.header.lane for p in packs] == [n % 12 for n in range(30)]
    assert [p.header.sequence for p in packs] == [n // 12 + 1 for n in range(30)]
    assert [e.values["page"] for e in packs[29].events] == ["/29/0", "/29/1"]
    assert len(home.stored()) == 60


def test_the_counts_of_a_lane_are_cumulative_and_leave_out_the_packs_own_events(home: Home) -> None:
    import_all(home, range(36))
    of_lane = [p.header for p in home.packs() if p.header.lane == 5]
    assert [h.counts.offered + (h.count or 0) for h in of_lane] == [3, 6, 9]
    assert [h.counts.refused for h in of_lane] == [{"unparsed": n} for n in (1, 2, 3)]


def test_a_second_import_sends_the_same_identities_under_new_keys(home: Home) -> None:
    import_all(home, range(15))
    import_all(home, range(15))
    first, second = home.packs()[:15], home.packs()[15:]
    assert [p.header.pack_id for p in first] == [p.header.pack_id for p in second]
    assert [p.header.counts for p in first] == [p.header.counts for p in second]
    assert not {p.header.wrapped_key for p in first} & {p.header.wrapped_key for p in second}
    assert len(home.stored()) == 30


def test_an_import_that_skips_what_is_stored_goes_on_with_the_same_counts(home: Home) -> None:
    import_all(home, range(7))
    import_all(home, range(20), skipped=range(7))
    whole = Home(home.data.parent / "other", lane_key=home.bundle.lane_key)
    import_all(whole, range(20))
    assert [p.header.pack_id for p in home.packs()] == [p.header.pack_id for p in whole.packs()]
    assert [p.header.counts for p in home.packs()] == [p.header.counts for p in whole.packs()]


def test_another_file_or_another_lane_key_is_another_producer(home: Home) -> None:
    ids = set()
    for content in (FILE, b"another"):
        importer = Importer(PageView, content, data=home.data, log="")
        ids.add(importer.producer)
        importer.close()
    home.publish(lane_key=bytes(32))
    importer = Importer(PageView, FILE, data=home.data, log="")
    ids.add(importer.producer)
    importer.close()
    assert len(ids) == 3


def test_the_identity_of_a_file_is_that_of_its_content(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.write_bytes(b"line\n")
    other.write_bytes(b"line\n")
    assert content_of(one) == content_of(other)
    other.write_bytes(b"line\nline\n")
    assert content_of(one) != content_of(other)


def test_what_is_stopped_is_refused_in_an_import_too(home: Home) -> None:
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    importer = Importer(PageView, FILE, data=home.data, log="")
    assert importer.admit(PageView(ip="203.0.113.7")) == Refused(
        "stopped", "ip", contract="page_view"
    )
    assert isinstance(importer.admit(PageView(page="/a")), bytes)
    importer.close()


def test_an_import_of_what_is_no_event_is_a_mistake(home: Home) -> None:
    with pytest.raises(SettingsError):
        Importer(str, FILE, data=home.data, log="")


def test_what_waits_falls_when_the_packs_are_taken(home: Home) -> None:
    importer = Importer(PageView, FILE, data=home.data, log="")
    datum = importer.admit(PageView(page="/a"))
    assert isinstance(datum, bytes)
    importer.add_pack(0, [datum])
    assert importer.has_waiting(1)
    for path in home.files():
        path.unlink()
    assert not importer.has_waiting(1)
    importer.close()


def test_an_import_that_goes_on_sees_that_another_bundle_is_in_force(home: Home) -> None:
    importer = Importer(PageView, FILE, data=home.data, log="")
    assert not importer.is_out_of_date()
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    assert importer.is_out_of_date()
    importer.close()


def test_an_import_goes_over_to_another_bundle_between_two_packs_and_its_counts_go_on(
    home: Home,
) -> None:
    importer = Importer(PageView, FILE, data=home.data, log="")
    view = PageView(page="/", ip="192.0.2.7", occurred_at=1)
    datum = importer.admit(view)
    assert isinstance(datum, bytes)
    importer.add_pack(0, [datum])
    assert not importer.renew()
    home.new_epoch(stopped=frozenset({"user.device.ip_address"}))
    assert importer.renew()
    assert importer.admit(view) == Refused("stopped", "ip", contract="page_view")
    importer.add_pack(12, [], refused={"stopped": 1})
    assert importer.flush(30)
    first, second = home.packs()
    assert first.header.key_id != second.header.key_id == home.bundle.key_id
    assert (second.header.lane, second.header.sequence) == (first.header.lane, 2)
    assert (second.header.counts.offered, second.header.counts.refused) == (2, {"stopped": 1})
    importer.close()


def test_an_import_seals_nothing_to_an_epoch_that_is_over(home: Home) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    home.publish(not_after=soon)
    importer = Importer(PageView, FILE, data=home.data, log="")
    until(lambda: importer.is_over, "the epoch does not end")
    with pytest.raises(SpoolError, match="keys have run out"):
        importer.renew()
    home.new_epoch(not_after=soon + timedelta(hours=12))
    assert importer.renew()
    importer.close()


def test_a_sealed_pack_that_is_published_is_the_next_of_the_log(home: Home, tmp_path: Path) -> None:
    importer = Importer(PageView, FILE, data=home.data, log="")
    datum = importer.admit(PageView(page="/a"))
    assert isinstance(datum, bytes)
    staged = tmp_path / "staged"
    staged.write_bytes(importer.sealed(0, [datum], refused={"unparsed": 2}))
    assert home.packs() == []
    importer.publish(staged)
    importer.sync()
    importer.close()
    [pack] = home.packs()
    assert (len(pack.events), pack.header.counts.refused) == (1, {"unparsed": 2})
    assert not staged.exists()
