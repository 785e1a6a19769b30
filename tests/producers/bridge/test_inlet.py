"""What may go in at the plain door, message by message, and how it is packed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.plain_door import NOW_MS, datum, message, page_view
from kit.spooled import Home
from remit.bridge.inlet import Admitted, Inlet, Turned
from remit.bridge.schema_ids import own_ids
from remit.bridge.sealer import ACCOUNTS_MAX, Sealer
from remit.bridge.terms import BridgeAgreement
from remit.meter import Meter
from remit.route import NOWHERE
from remit.settings import Places
from remit.slot import prepare
from remit_schemas.codec import decode_one, own_schema_id, to_confluent
from remit_schemas.contract import builtin
from remit_schemas.lane import lane_of
from remit_schemas.pack import NO_CONTRACT
from remit_schemas.plain_door import MARK_BYTES, OVER_LOOPBACK, OVER_TLS, plain_producer
from remit_schemas.spool import FOLDER
from remit_schemas.tenancy import Tenancy, Tenant

DATUM_BYTES_MAX = 1000


def agreement(home: Home) -> BridgeAgreement:
    prepare(home.data / FOLDER)
    return BridgeAgreement(Places.from_env({}, data=home.data), builtin())


def inlet(home: Home) -> Inlet:
    return Inlet(agreement(home).terms, own_ids(builtin().versions), DATUM_BYTES_MAX)


def sealer(home: Home, producer: bytes = b"plain-in12345678", events_max: int = 100) -> Sealer:
    return Sealer(agreement(home).terms.packing, producer, events_max, 10_000)


def reason(seen: Admitted | Turned) -> str:
    assert isinstance(seen, Turned)
    return seen.reason


def test_a_message_goes_in_as_it_is_byte_for_byte(home: Home) -> None:
    seen = inlet(home).look(message(page="/a"), "u", ())
    assert isinstance(seen, Admitted)
    assert (seen.datum, seen.subject, seen.tenant) == (datum(page="/a"), "u", "")


def test_bytes_that_are_no_avro_go_in_unread_where_nothing_is_guarded(home: Home) -> None:
    nonsense = to_confluent(b"\xff" * 40, own_schema_id(page_view()))
    assert isinstance(inlet(home).look(nonsense, None, ()), Admitted)


@pytest.mark.parametrize("raw", [None, b"", b"\0\0\0\0", b"\1\0\0\0\1x", b"{}"])
def test_what_has_no_header_of_confluents_is_no_event(home: Home, raw: bytes | None) -> None:
    seen = inlet(home).look(raw, None, ())
    assert reason(seen) == "unparsed"


def test_a_schema_that_no_contract_has_is_refused_under_no_contract(home: Home) -> None:
    seen = inlet(home).look(to_confluent(datum(), 1), "u", ())
    assert isinstance(seen, Turned)
    assert (seen.reason, seen.route.fingerprint) == ("unknown_contract", NO_CONTRACT)


def test_an_archived_version_goes_in_under_its_own_fingerprint(home: Home) -> None:
    old = next(
        contract for contract in builtin().versions if contract != builtin().by_name(contract.name)
    )
    seen = inlet(home).look(to_confluent(b"x", own_schema_id(old)), None, ())
    assert isinstance(seen, Admitted)
    assert seen.route.fingerprint == old.fingerprint


def test_a_datum_larger_than_a_pack_is_refused(home: Home) -> None:
    assert reason(inlet(home).look(message(page="/" * DATUM_BYTES_MAX), None, ())) == "too_large"


@pytest.mark.parametrize(
    ("key", "headers", "subject"),
    [
        (None, {}, ""),
        ("ann", {}, "ann"),
        ("é".encode(), {}, "é"),
        ("order", {"remit-subject": b"ann"}, "ann"),
        (b"\xff", {"remit-subject": b"ann"}, "ann"),
        ("order", {"remit-subject": b""}, ""),
        ("order", {"remit-subject": None}, ""),
        (b"\xff", {}, None),
        (b"\0\0\0\0\1\x06ann", {}, None),  # as a serializer of Confluent's writes a key
        ("x" * 65_536, {}, None),
        ("ann", {"remit-subject": b"\xff"}, None),
        ("ann", {"remit-tenant": b"\xff"}, None),
        ("ann", {"remit-tenant": b"t" * 256}, None),
    ],
)
def test_the_subject_is_the_headers_else_the_keys_and_what_is_no_text_is_refused(
    home: Home, key: str | bytes | None, headers: Mapping[str, bytes | None], subject: str | None
) -> None:
    seen = inlet(home).look(message(), key, list(headers.items()))
    if subject is None:
        assert reason(seen) == "does_not_fit"
    else:
        assert isinstance(seen, Admitted)
        assert seen.subject == subject


def test_what_is_stopped_is_looked_for_in_the_datum_and_what_cannot_be_read_is_refused(
    home: Home,
) -> None:
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    door = inlet(home)
    assert reason(door.look(message(ip="203.0.113.7"), "u", ())) == "stopped"
    assert isinstance(door.look(message(page="/a"), "u", ()), Admitted)
    cut = to_confluent(datum(ip="203.0.113.7")[:-1], own_schema_id(page_view()))
    assert reason(door.look(cut, "u", ())) == "does_not_fit"


def test_a_new_bundle_is_taken_up(home: Home) -> None:
    agreed = agreement(home)
    assert not agreed.renew()
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    assert agreed.renew()
    entry = agreed.terms.entries[page_view().fingerprint]
    assert ("ip", "stopped") in [(name, said.reason) for name, said in entry.route.guards]


def test_without_a_fresh_bundle_what_only_optional_purposes_need_is_left_out(home: Home) -> None:
    sent = message(status=7, page="/a", screen="1920x1080", referrer="https://example.org/x")
    before = inlet(home).look(sent, "u", ())
    home.publish(fresh_until=datetime.now(UTC) - timedelta(minutes=1))
    after = inlet(home).look(sent, "u", ())
    assert isinstance(before, Admitted)
    assert isinstance(after, Admitted)
    was, now = (decode_one(page_view(), seen.datum) for seen in (before, after))
    left_out = {name for name, value in was.items() if value != now[name]}
    assert left_out == {"screen", "referrer"}
    assert {now[name] for name in left_out} == {None}
    cut = to_confluent(datum(status=7)[:-1], own_schema_id(page_view()))
    assert reason(inlet(home).look(cut, "u", ())) == "does_not_fit"


def test_samples_and_quotas_hold_at_this_door_too(home: Home) -> None:
    agreed = agreement(home)
    entry = agreed.terms.entries[page_view().fingerprint]

    def door(meter: Meter) -> Inlet:
        metered = replace(entry, route=replace(entry.route, meter=meter))
        terms = replace(agreed.terms, entries={page_view().fingerprint: metered})
        return Inlet(terms, own_ids(builtin().versions), DATUM_BYTES_MAX)

    few, one_in_four = door(Meter(0, 3, 60)), door(Meter(4, None, 0))
    seen = [few.look(message(), "u", ()) for _ in range(5)]
    assert [isinstance(one, Admitted) for one in seen] == [True] * 3 + [False] * 2
    assert reason(seen[-1]) == "over_quota"
    sampled = [[one_in_four.look(message(), f"u{n}", ()) for n in range(400)] for _ in range(2)]
    taken = [[isinstance(one, Admitted) for one in once] for once in sampled]
    assert taken[0] == taken[1]  # a subject wholly, or not at all
    assert 50 < sum(taken[0]) < 150
    assert {one.reason for one in sampled[0] if isinstance(one, Turned)} == {"sampled_out"}


def test_packs_open_again_and_keep_subjects_in_their_lanes_and_sequences_without_gaps(
    home: Home,
) -> None:
    seal, door = sealer(home, events_max=7), inlet(home)
    sent = []
    for round_ in range(3):
        for n in range(40):
            event = door.look(message(status=round_ * 40 + n), f"u{n % 9}", ())
            assert isinstance(event, Admitted)
            seal.put(event)
        sent += list(seal.packs())
    packs = [home.opened(data) for _, data in sent]
    assert [pack.header.lane for pack in packs] == [lane for lane, _ in sent]
    assert max(len(pack.events) for pack in packs) == 7
    events = home.stored(packs)  # raises where there is a gap
    assert sorted(str(found.values["status"]) for found in events.values()) == sorted(
        map(str, range(120))
    )
    for pack in packs:
        for found in pack.events:
            bundle = home.bundle
            assert lane_of(found.subject, bundle.lanes, bundle.lane_key) == pack.header.lane
    moment = datetime.fromtimestamp(NOW_MS / 1000, UTC)
    assert {found.values["occurred_at"] for found in events.values()} == {moment}


def test_what_was_turned_away_and_lost_is_counted_in_the_next_packs(home: Home) -> None:
    seal, door = sealer(home), inlet(home)
    for raw in (b"", b"x", to_confluent(datum(), 1)):
        turned = door.look(raw, None, ())
        assert isinstance(turned, Turned)
        seal.refuse(turned)
    seal.lose(NOWHERE, 5)
    (pack,) = [home.opened(data) for _, data in seal.packs()]
    assert pack.header.fingerprint == NO_CONTRACT
    assert (pack.header.counts.offered, pack.header.counts.let_go) == (8, 5)
    assert dict(pack.header.counts.refused) == {"unparsed": 2, "unknown_contract": 1}
    assert list(seal.packs()) == []  # told once


def test_events_without_a_subject_go_round_the_lanes(home: Home) -> None:
    seal, door = sealer(home), inlet(home)
    lanes = []
    for _ in range(home.bundle.lanes):
        event = door.look(message(), None, ())
        assert isinstance(event, Admitted)
        seal.put(event)
        lanes += [lane for lane, _ in seal.packs()]
    assert sorted(lanes) == list(range(home.bundle.lanes))


def test_senders_that_name_ever_new_tenants_do_not_fill_the_memory(home: Home) -> None:
    seal, door = sealer(home), inlet(home)
    for n in range(ACCOUNTS_MAX):
        turned = door.look(message(), b"\xff", {"remit-tenant": b"%d" % n})
        assert isinstance(turned, Turned)
        seal.refuse(turned)
    assert not seal.is_overgrown
    turned = door.look(message(), b"\xff", ())
    assert isinstance(turned, Turned)
    seal.refuse(turned)
    assert seal.is_overgrown


def test_the_id_of_a_producer_says_how_its_events_came_in() -> None:
    assert plain_producer(is_loopback=False)[:MARK_BYTES] == OVER_TLS
    assert plain_producer(is_loopback=True)[:MARK_BYTES] == OVER_LOOPBACK
    assert len({plain_producer(is_loopback=False) for _ in range(100)}) == 100


def test_no_bundle_no_bridge(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no bundle of keys"):
        BridgeAgreement(Places.from_env({}, data=tmp_path / "data"), builtin())


def test_a_message_of_an_unknown_tenant_is_refused_without_its_name(home: Home) -> None:
    home.publish(tenancy=Tenancy(tenants={"anna": Tenant(edition="basic")}))
    door = inlet(home)
    assert isinstance(door.look(message(page="/a"), "u", {"remit-tenant": "anna"}), Admitted)
    for headers in ({"remit-tenant": "ben"}, {}):
        seen = door.look(message(page="/a"), "u", headers)
        assert isinstance(seen, Turned)
        assert (seen.reason, seen.tenant) == ("unknown_tenant", "")
