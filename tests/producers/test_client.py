"""The client in one process: what it takes, what it refuses, what it counts, and that it never raises."""

import os
import resource
import threading
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import remit
from kit.spooled import Home, MakeClient
from remit.agreement import Agreement
from remit.client import Client
from remit.result import Accepted, Refused
from remit.settings import Places, Settings
from remit_schemas.errors import BundleError, SettingsError, SpoolError
from remit_schemas.events import OperationalLog, PageView, ServiceLog
from remit_schemas.header import FORM_BODY, NO_CONTRACT
from remit_schemas.lane import lane_of
from remit_schemas.pack import Counts

TIMEOUT_S = 120.0


def totals(home: Home) -> Counter[str]:
    """What the newest headers say of all sources, added up."""
    newest: dict[tuple[object, ...], tuple[int, Counts]] = {}
    for pack in home.packs():
        h = pack.header
        offered = h.counts.offered + len(pack.events)
        newest[h.producer, h.lane, h.fingerprint, h.tenant] = (offered, h.counts)
    found: Counter[str] = Counter()
    for offered, counts in newest.values():
        found["offered"] += offered
        found["let_go"] += counts.let_go
        found.update(counts.refused)
    return found


@pytest.mark.clause("S005")
def test_an_accepted_event_lies_sealed_in_the_spool_with_its_subject(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client()
    assert client.emit(PageView(ip="203.0.113.77", page="/a"), subject="ann") == Accepted()
    assert client.flush(TIMEOUT_S)
    (pack,) = home.packs()
    assert pack.header.form == FORM_BODY
    assert pack.events[0].subject == "ann"
    assert pack.events[0].values["page"] == "/a"
    assert pack.header.lane == lane_of("ann", 12, home.bundle.lane_key)
    for path in home.data.rglob("*"):
        assert not path.is_file() or b"203.0.113.77" not in path.read_bytes()


def test_an_event_is_in_the_spool_before_emit_returns(home: Home, make_client: MakeClient) -> None:
    client = make_client(pack_age_s=60)
    assert client.emit(ServiceLog(message="hello"), subject="ann")
    (open_pack,) = home.data.glob("spool/slot-00/open-*")
    (event,) = home.opened(open_pack.read_bytes()).events
    assert event.values["message"] == "hello"


def test_every_event_arrives_once_and_in_order_within_its_lane(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(pack_events_max=7)
    for n in range(500):
        assert client.emit(PageView(page=f"/{n}"), subject=f"subject {n % 40}")
    assert client.flush(TIMEOUT_S)
    events = list(home.stored().values())
    assert Counter(e.values["page"] for e in events) == Counter(f"/{n}" for n in range(500))
    of_one = [e.values["page"] for e in events if e.subject == "subject 3"]
    assert of_one == [f"/{n}" for n in range(3, 500, 40)]


def test_a_pack_closes_by_age_without_a_flush(home: Home, make_client: MakeClient) -> None:
    client = make_client(pack_age_s=0.01)
    client.emit(PageView(page="/a"), subject="ann")
    numbered = threading.Event()

    def look() -> None:
        while not home.files():
            pass
        numbered.set()

    threading.Thread(target=look, daemon=True).start()
    assert numbered.wait(TIMEOUT_S)


def test_open_packs_of_a_lane_close_together_in_the_order_of_their_sequences(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(pack_events_max=3, pack_age_s=60)
    client.emit(ServiceLog(message="first"), subject="ann")
    for _ in range(4):
        client.emit(PageView(page="/a"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert [p.header.sequence for p in home.packs()] == [1, 2, 3]
    assert [len(p.events) for p in home.packs()] == [1, 3, 1]


def test_events_without_a_subject_fill_one_lane_after_the_other(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(pack_events_max=5)
    for _ in range(60):
        client.emit(PageView(page="/a"))
    assert client.flush(TIMEOUT_S)
    assert sorted(p.header.lane for p in home.packs()) == list(range(12))
    assert {len(p.events) for p in home.packs()} == {5}


def test_tenants_never_share_a_pack(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    for tenant in ("north", "south", None):
        for _ in range(3):
            assert client.emit(PageView(page=f"/{tenant}"), subject="ann", tenant=tenant)
    assert client.flush(TIMEOUT_S)
    assert {p.header.tenant for p in home.packs()} == {"north", "south", ""}
    for pack in home.packs():
        assert {e.values["page"] for e in pack.events} == {f"/{pack.header.tenant or None}"}


def test_nonces_keys_and_sequences_are_never_used_twice(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(pack_events_max=2)
    for n in range(200):
        client.emit(PageView(page=f"/{n}"), subject=f"{n % 9}")
    assert client.flush(TIMEOUT_S)
    packs = home.packs()
    assert len({p.header.pack_id for p in packs}) == len(packs)
    assert len({p.header.nonce for p in packs}) == len(packs)


@pytest.mark.clause("S025")
@pytest.mark.parametrize(
    "event", [object(), None, "text", {"page": "/a"}], ids=["object", "none", "text", "dict"]
)
def test_what_is_no_event_is_refused_and_counted(
    home: Home, make_client: MakeClient, event: object
) -> None:
    client = make_client()
    assert client.emit(event, subject="ann") == Refused("unknown_contract")
    assert client.flush(TIMEOUT_S)
    (pack,) = home.packs()
    assert pack.header.fingerprint == NO_CONTRACT
    assert totals(home) == {"offered": 1, "unknown_contract": 1, "let_go": 0}


@pytest.mark.parametrize(
    ("subject", "tenant"), [(7, None), ("\ud800", None), (["a"], None), ("ann", 7), ("ann", "x" * 256), ("ann", "\ud800")]
)  # fmt: skip
def test_a_subject_or_tenant_that_is_no_text_is_refused_and_never_raises(
    home: Home, make_client: MakeClient, subject: str, tenant: str
) -> None:
    client = make_client()
    assert client.emit(PageView(page="/a"), subject=subject, tenant=tenant) == Refused(
        "does_not_fit"
    )
    assert client.emit(PageView(page="/b"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert totals(home) == {"offered": 2, "does_not_fit": 1, "let_go": 0}


def test_what_is_too_large_is_refused_and_the_rest_goes_on(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(pack_bytes_max=8192)
    assert client.emit(ServiceLog(message="x" * 10_000), subject="ann") == Refused("too_large")
    assert client.emit(ServiceLog(message="x" * 6_000), subject="ann")
    assert client.emit(ServiceLog(message="x" * 6_000), subject="ann")
    assert client.emit(ServiceLog(message="x"), subject="x" * 70_000) == Refused("too_large")
    assert client.flush(TIMEOUT_S)
    assert len(home.stored()) == 2
    assert totals(home) == {"offered": 4, "too_large": 2, "let_go": 0}


def test_a_refusal_is_false_and_an_acceptance_true() -> None:
    assert Accepted()
    assert not Refused("held")


def test_a_stopped_category_refuses_what_carries_a_value_of_it(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(bundle_poll_s=0.01)
    assert client.emit(PageView(ip="203.0.113.7"), subject="ann")
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    while client.emit(PageView(ip="203.0.113.7"), subject="ann"):
        pass
    refused = client.emit(PageView(ip="203.0.113.7"), subject="ann")
    assert refused == Refused("stopped", "ip", contract="page_view")
    assert str(refused) == "page_view.ip is stopped"
    assert client.emit(PageView(page="/without"), subject="ann")


def test_a_stop_that_could_not_be_read_for_want_of_descriptors_is_read_at_the_next_look(
    home: Home, make_client: MakeClient
) -> None:
    make_client()  # makes the folder of the spool, and pins the key
    agreed = Agreement(Places.from_env({}, data=home.data), hold=False)
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        with suppress(OSError):
            while True:
                taken.append(os.open(os.devnull, os.O_RDONLY))
        assert agreed.renewed() is None
        assert agreed.renewed() is None
    finally:
        for descriptor in taken:
            os.close(descriptor)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    terms = agreed.renewed()
    assert terms is not None
    view = PageView(ip="192.0.2.7")
    assert terms.routes[PageView].forbids(view) == Refused("stopped", "ip", contract="page_view")


def test_stopping_a_category_stops_those_below_it(home: Home, make_client: MakeClient) -> None:
    home.publish(stopped=frozenset({"user.device"}))
    client = make_client()
    assert client.emit(PageView(ip="203.0.113.7")) == Refused("stopped", "ip", contract="page_view")


def test_a_dead_epoch_is_refused_until_a_new_one_comes(home: Home, make_client: MakeClient) -> None:
    home.publish(not_after=datetime.now(UTC) - timedelta(seconds=1))
    client = make_client(bundle_poll_s=0.01)
    assert client.emit(PageView(page="/a"), subject="ann") == Refused("epoch_over")
    old = home.bundle.key_id
    home.new_epoch(not_after=datetime.now(UTC) + timedelta(hours=1))
    while not client.emit(PageView(page="/b"), subject="ann"):
        pass
    assert client.flush(TIMEOUT_S)
    assert {p.header.key_id for p in home.packs()} == {home.bundle.key_id} != {old}
    told = totals(home)
    assert told["offered"] == told["epoch_over"] + 1


def test_a_new_epoch_brings_new_keys_and_no_event_is_lost(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(bundle_poll_s=0.01)
    sent = 0
    first = home.bundle.key_id
    home.new_epoch()
    while {p.header.key_id for p in home.packs()} <= {first}:
        sent += bool(client.emit(PageView(page="/a"), subject="ann"))
        client.flush(TIMEOUT_S)
    assert len(home.stored()) == sent


def test_a_bundle_that_is_not_to_be_believed_changes_nothing(
    home: Home, make_client: MakeClient
) -> None:
    client = make_client(bundle_poll_s=0.01)
    (home.data.parent / "data-keys" / "bundle.json").write_text("{}")
    assert client.emit(PageView(page="/a"), subject="ann")
    assert client.flush(TIMEOUT_S)
    assert len(home.stored()) == 1


def test_after_close_everything_is_refused(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    client.emit(PageView(page="/a"), subject="ann")
    assert client.close(TIMEOUT_S)
    assert client.emit(PageView(page="/b"), subject="ann") == Refused("closed")
    assert client.flush(TIMEOUT_S)
    assert client.close(TIMEOUT_S)
    assert len(home.stored()) == 1
    assert sorted(p.name for p in home.slots[0].iterdir() if p.suffix != ".pack") == [
        "lock",
        "next",
    ]


def test_many_threads_lose_nothing(home: Home, make_client: MakeClient) -> None:
    client = make_client(pack_events_max=50)

    def emit(thread: int) -> None:
        for n in range(300):
            assert client.emit(PageView(page=f"/{thread}/{n}"), subject=f"{n % 20}")

    threads = [threading.Thread(target=emit, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert client.flush(TIMEOUT_S)
    pages = Counter(e.values["page"] for e in home.stored().values())
    assert pages == Counter(f"/{t}/{n}" for t in range(4) for n in range(300))


def test_an_emit_inside_an_emit_is_refused_and_counted(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    inner: list[object] = []

    class Datum(bytes):
        __slots__ = ()

        def __radd__(self, other: bytes) -> bytes:
            inner.append(client.emit(PageView(page="/inner"), subject="ann"))
            return other + bytes(self)

    assert client.emit(PageView(page="/a"), subject="ann")
    packer = client._packer  # noqa: SLF001  # the only way into the middle of an emit
    assert packer is not None
    route = client._routes[PageView]  # noqa: SLF001
    assert packer.put(route, Datum(route.encode(PageView(page="/b"))), "ann", None)
    assert inner == [Refused("reentered")]
    assert client.flush(TIMEOUT_S)
    assert len(home.stored()) == 2
    assert totals(home)["reentered"] == 1


def test_the_totals_of_a_client_are_those_of_its_packs(home: Home, make_client: MakeClient) -> None:
    client = make_client()
    for n in range(30):
        client.emit(OperationalLog(operation="a.b"), subject=f"{n}")
        client.emit(object())
    assert client.totals() == Counts(60, 0, {"unknown_contract": 30})
    assert client.flush(TIMEOUT_S)
    assert totals(home) == {"offered": 60, "unknown_contract": 30, "let_go": 0}


def test_without_a_bundle_there_is_no_client(tmp_path: Path) -> None:
    with pytest.raises(BundleError):
        Client("test", data=tmp_path / "data")


def test_a_client_without_a_source_is_refused(home: Home) -> None:
    with pytest.raises(SettingsError):
        Client("", data=home.data)


def test_a_spool_folder_that_cannot_be_made_is_an_error_at_the_start(home: Home) -> None:
    home.data.parent.joinpath("data").mkdir(exist_ok=True)
    (home.data / "spool").write_text("a file where the folder should be")
    with pytest.raises(SpoolError):
        Client("test", data=home.data)


def test_two_clients_take_two_slots(home: Home, make_client: MakeClient) -> None:
    for client in (make_client(), make_client()):
        client.emit(PageView(page="/a"), subject="ann")
        assert client.flush(TIMEOUT_S)
    assert [len(list(slot.glob("*.pack"))) for slot in home.slots] == [1, 1]
    assert len({p.header.producer for p in home.packs()}) == 2


def test_the_policy_an_app_names_goes_into_the_headers(home: Home) -> None:
    client = Client("test", data=home.data, policy="salesmartly/2021-11-01", settings=Settings())
    client.emit(PageView(page="/a"), subject="ann")
    assert client.close(TIMEOUT_S)
    assert home.packs()[0].header.policy_version == "2021-11-01"


def test_what_the_root_promises_can_be_imported() -> None:
    assert remit.__all__ == sorted(remit.__all__)
    assert all(hasattr(remit, name) for name in remit.__all__)
