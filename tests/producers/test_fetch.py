"""The bundle from an edge: over real HTTP, in processes of their own; trusted, kept, never waited for."""

import base64
import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.bundle_edge import BundleEdge
from kit.certificate import write_certificate
from kit.program import start
from kit.spooled import Home
from kit.watching import patience, until
from remit import fetch
from remit.client import Client
from remit.result import Accepted, Refused
from remit.settings import Places, Settings
from remit_schemas.bundle import FILE_BYTES_MAX
from remit_schemas.errors import BundleError, SettingsError
from remit_schemas.events import PageView

TIMEOUT_S = 120.0
IP = "203.0.113.7"


@pytest.fixture
def edge(home: Home) -> Iterator[BundleEdge]:
    """An edge that serves the home's bundle."""
    with BundleEdge(home.signed) as running:
        yield running


@dataclass(frozen=True)
class Far:
    """Clients that know nothing but the edge: their keys folder is none."""

    data: Path
    edge: BundleEdge

    def client(self) -> Client:
        """Start one, which asks again at once."""
        settings = Settings(bundle_poll_s=0.01)
        return Client("far", data=self.data, policy=self.edge.url, log="", settings=settings)


@pytest.fixture
def far(tmp_path: Path, edge: BundleEdge) -> Far:
    """A place elsewhere."""
    return Far(tmp_path / "far", edge)


def test_a_client_goes_by_the_bundle_of_the_edge(home: Home, far: Far) -> None:
    with closing(far.client()) as client:
        assert client.emit(PageView(ip=IP), subject="ann") == Accepted()
        assert client.signed_bundle == home.signed
        assert client.flush(TIMEOUT_S)
    packs = [home.open(path) for path in sorted(far.data.glob("spool/slot-*/*.pack"))]
    assert [e.values["ip"] for pack in packs for e in pack.events] == [IP]


_EMITS = """
import sys, time
from remit import Client, PageView
client = Client("far", policy=sys.argv[1], data=sys.argv[2], log="")
said = None
while said != "stopped":
    answer = client.emit(PageView(ip="203.0.113.7"), subject="ann")
    if getattr(answer, "reason", "accepted") != said:
        said = getattr(answer, "reason", "accepted")
        print(said, flush=True)
    time.sleep(0.002)
client.close()
"""


def test_a_category_stopped_at_the_edge_stops_within_a_poll_in_a_running_process(
    home: Home, edge: BundleEdge, tmp_path: Path
) -> None:
    process = start(_EMITS, edge.url, tmp_path / "far")
    assert process.stdout
    assert process.stdout.readline().strip() == "accepted"
    home.publish(stopped=frozenset({"user.device.ip_address"}))
    looks = len(edge.asked)
    edge.bundle = home.signed
    assert process.stdout.readline().strip() == "stopped"
    assert edge.asked[looks:].index(200) <= 1, "the first look after the change brings it"
    assert len(edge.asked) <= looks + 2, "and what it brings holds at once"
    assert process.wait(TIMEOUT_S) == 0
    process.communicate()


def test_what_has_not_changed_is_not_sent_again(far: Far, edge: BundleEdge) -> None:
    with closing(far.client()):
        until(lambda: edge.asked.count(304) >= 3, "the edge is not asked again")
    assert edge.asked.count(200) == 1


def test_a_restart_works_while_the_edge_is_down(home: Home, far: Far, edge: BundleEdge) -> None:
    far.client().close(TIMEOUT_S)
    edge.__exit__(None, None, None)
    with closing(far.client()) as client:
        assert client.emit(PageView(ip=IP), subject="ann") == Accepted()
        home.publish(stopped=frozenset({"user.device.ip_address"}))
        edge.bundle = home.signed
        with edge:
            until(lambda: not client.emit(PageView(ip=IP)), "it never asks again")
    assert oct((far.data / "spool" / "bundle.json").stat().st_mode & 0o022) == "0o0"


def test_without_an_edge_and_without_a_kept_bundle_there_is_no_client(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="is the edge up"):
        Client("far", data=tmp_path, policy="http://127.0.0.1:9/v1/policy", log="")


def test_emit_and_flush_never_wait_for_an_edge_that_hangs(far: Far, edge: BundleEdge) -> None:
    with closing(far.client()) as client:
        edge.pause.clear()
        asked = len(edge.asked)
        until(lambda: edge.waiting > 0, "not asked")
        begun = time.monotonic()
        for _ in range(200):
            assert client.emit(PageView(page="/a"), subject="ann")
        assert client.flush(TIMEOUT_S)
        assert time.monotonic() - begun < fetch.STEP_S / 2 * patience()
        assert len(edge.asked) <= asked + 1
        edge.pause.set()


def test_a_fork_does_not_wait_for_an_edge_that_hangs(far: Far, edge: BundleEdge) -> None:
    with closing(far.client()) as client:
        edge.pause.clear()
        until(lambda: edge.waiting > 0, "not asked")
        begun = time.monotonic()
        child = os.fork()
        if not child:
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert time.monotonic() - begun < fetch.STEP_S / 2 * patience()
        edge.pause.set()
        assert client.emit(PageView(page="/a"), subject="ann")


def test_no_thread_is_left_after_close(far: Far) -> None:
    before = set(threading.enumerate())
    client = far.client()
    until(lambda: len(far.edge.asked) > 2, "not asked")
    client.close(TIMEOUT_S)
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("remit-")]


@pytest.mark.parametrize("kind", ["error", "no bundle", "too large", "torn", "elsewhere"])
def test_what_is_no_bundle_changes_nothing(
    home: Home, far: Far, edge: BundleEdge, kind: str
) -> None:
    bodies = {
        "no bundle": b"{}",
        "too large": b"x" * (FILE_BYTES_MAX + 2),
        "torn": home.signed[:-40],
    }
    with closing(far.client()) as client:
        before = client.signed_bundle
        edge.bundle = bodies.get(kind, edge.bundle)
        edge.status = {"error": 500, "elsewhere": 302}.get(kind, 200)
        edge.location = edge.url if kind == "elsewhere" else ""
        asked = len(edge.asked)
        until(lambda: len(edge.asked) > asked + 3, "not asked")
        assert client.signed_bundle == before
        assert client.emit(PageView(ip=IP), subject="ann") == Accepted()
        home.publish(stopped=frozenset({"user.device.ip_address"}))
        edge.bundle, edge.status = home.signed, 200
        until(lambda: not client.emit(PageView(ip=IP)), "it never recovers")


def test_a_bundle_signed_by_another_is_not_believed(
    far: Far, edge: BundleEdge, tmp_path: Path
) -> None:
    other = Home(tmp_path / "other")
    with closing(far.client()) as client:
        other.publish(stopped=frozenset({"user.device.ip_address"}))
        edge.bundle = other.signed
        asked = len(edge.asked)
        until(lambda: len(edge.asked) > asked + 3, "not asked")
        assert client.emit(PageView(ip=IP), subject="ann") == Accepted()
    with closing(far.client()) as client:
        assert client.emit(PageView(ip=IP), subject="ann") == Accepted()


def test_trust_that_is_set_is_asked_for_from_the_first_bundle_on(
    home: Home, far: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REMIT_TRUST", base64.b64encode(home.verify_key).decode())
    far.client().close(TIMEOUT_S)
    monkeypatch.setenv("REMIT_TRUST", base64.b64encode(os.urandom(32)).decode())
    with pytest.raises(BundleError, match="REMIT_TRUST"):
        Client("far", data=tmp_path / "new", policy=far.edge.url, log="")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://edge.example/v1/policy", "REMIT_TRUST"),
        ("http://192.0.2.1:8080/v1/policy", "REMIT_TRUST"),
        ("HTTP://edge.example/v1/policy", "REMIT_TRUST"),
        ("http:///v1/policy", "address of a policy"),
        ("https://me:secret@edge.example/v1/policy", "address of a policy"),
        ("https://edge.example:no/v1/policy", "address of a policy"),
    ],
)
def test_an_address_that_nobody_can_be_sure_of_is_refused(
    tmp_path: Path, url: str, words: str
) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        fetch.BundleFetch(Places.from_env({}, policy=url, data=tmp_path), 1.0)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_on_this_machine_plain_http_will_do(tmp_path: Path, host: str) -> None:
    places = Places.from_env({}, policy=f"http://{host}:9/v1/policy", data=tmp_path)
    assert fetch.BundleFetch(places, 1.0).signed == b""


def test_an_edge_is_asked_over_tls_and_believed_only_with_a_certificate_that_holds(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, trusted = write_certificate(tmp_path)
    with BundleEdge(home.signed, certificate) as edge:
        far = Far(tmp_path / "far", edge)
        with pytest.raises(BundleError, match="is the edge up"):
            far.client()
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        with closing(far.client()) as client:
            assert client.emit(PageView(ip=IP), subject="ann") == Accepted()


def test_a_stale_bundle_of_an_edge_that_is_down_stops_what_is_optional(
    home: Home, far: Far, edge: BundleEdge
) -> None:
    home.publish(fresh_until=datetime.now(UTC) - timedelta(seconds=1))
    edge.bundle = home.signed
    with closing(far.client()) as client:
        assert client.emit(PageView(page="/a", referrer="/b"), subject="ann") == Accepted()
        assert client.flush(TIMEOUT_S)
    packs = [home.open(path) for path in sorted(far.data.glob("spool/slot-*/*.pack"))]
    assert [e.values["referrer"] for pack in packs for e in pack.events] == [None]


def test_after_close_there_is_no_bundle_to_give(far: Far) -> None:
    client = far.client()
    client.close(TIMEOUT_S)
    assert client.signed_bundle == b""
    assert client.emit(PageView()) == Refused("closed")


_FORKS = """
import os, sys, time
from remit import Client, PageView
from remit.settings import Settings
settings = Settings(bundle_poll_s=3600)
client = Client("far", policy=sys.argv[1], data=sys.argv[2], log="", settings=settings)
print("started", flush=True)
while not os.path.exists(sys.argv[3]):
    time.sleep(0.005)
if os.fork():
    sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
print(client.emit(PageView(page="/a"), subject="ann"), flush=True)
"""


def test_a_forked_child_does_not_wait_for_an_edge_that_does_not_answer(
    edge: BundleEdge, tmp_path: Path
) -> None:
    process = start(_FORKS, edge.url, tmp_path / "far", tmp_path / "go")
    assert process.stdout
    assert process.stdout.readline().strip() == "started"
    edge.pause.clear()
    (tmp_path / "go").touch()
    assert process.stdout.readline().strip() == "Accepted()"
    assert edge.waiting == 0, "the child asked"
    edge.pause.set()
    assert process.wait(TIMEOUT_S) == 0
    process.communicate()
