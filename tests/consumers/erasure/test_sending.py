"""Notices go out by HTTP to a real server, signed, again until they are taken, and to nobody else."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature

from kit.certificate import write_certificate
from kit.erasing import ErasingShop
from kit.listening import TAKEN, Answer, Listening, Told
from kit.shop import NOON
from kit.watching import patience
from remit_consumers.erasure import sending
from remit_consumers.erasure.address import Way, way_to
from remit_consumers.erasure.informed import inform, leave_out
from remit_consumers.erasure.messenger import Messenger
from remit_consumers.erasure.notice import Notice
from remit_consumers.erasure.notices import acknowledge, notices, tried
from remit_consumers.erasure.posting import Outcome, Post, Sent
from remit_consumers.erasure.sending import LOCK, send
from remit_consumers.erasure.signing import Signer
from remit_consumers.lake.lease import lease
from remit_consumers.metrics import Metrics

HOUR = timedelta(hours=1)
APP = "source/app"


@pytest.fixture
def party() -> Iterator[Listening]:
    """Somebody who is told."""
    with Listening() as party:
        yield party


def make_shop(folder: Path, address: str) -> ErasingShop:
    """A shop that has erased ann, of whom a source with this address is to be told."""
    shop = ErasingShop(folder)
    shop.store(shop.view())
    inform(shop.settings.keys, "app", [], address)
    shop.erase("ann")
    return shop


def the_notice(shop: ErasingShop) -> Notice:
    """The one notice."""
    (one,) = notices(shop.root)
    return one


def then(*answers: Answer) -> Callable[[Told], Answer]:
    """Answers one after the other; the last again and again."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.clause("S086a")
def test_a_notice_comes_signed_and_is_taken(tmp_path: Path, party: Listening) -> None:
    shop = make_shop(tmp_path, party.url("/notices?of=remit"))
    assert send(shop.deployment, NOON) == {APP: {"taken": 1}}
    (told,) = party.told
    told.check(shop.deployment.keys.verify_key)
    assert told.url == party.url("/notices?of=remit")
    assert (told.notice["kind"], told.notice["to"]) == ("erased", APP)
    one = the_notice(shop)
    assert (one.tries, one.taken_at, one.is_open) == (1, NOON, True)
    assert not (shop.settings.data / "outbox").exists()


def test_a_notice_that_was_changed_or_handed_on_does_not_check(
    tmp_path: Path, party: Listening
) -> None:
    shop = make_shop(tmp_path, party.url())
    send(shop.deployment, NOON)
    (told,) = party.told
    with pytest.raises(InvalidSignature):
        replace(told, url="https://other.example/notices").check(shop.deployment.keys.verify_key)
    with pytest.raises(AssertionError):
        replace(told, body=told.body + b" ").check(shop.deployment.keys.verify_key)


@pytest.mark.clause("S086a")
def test_who_fails_first_is_told_again_and_answers_then(tmp_path: Path, party: Listening) -> None:
    party.answer = then((500, {}, b"away"), TAKEN)
    shop = make_shop(tmp_path, party.url())
    assert send(shop.deployment, NOON) == {APP: {"refused": 1}}
    assert send(shop.deployment, NOON + timedelta(minutes=4)) == {}
    assert send(shop.deployment, NOON + timedelta(minutes=5)) == {APP: {"taken": 1}}
    first, second = party.told
    assert first.notice == second.notice, "the same notice under the same id"
    assert the_notice(shop).taken_at == NOON + timedelta(minutes=5)


def test_an_answer_that_says_it_is_done_ends_it(tmp_path: Path, party: Listening) -> None:
    party.answer = party.done
    shop = make_shop(tmp_path, party.url())
    named = the_notice(shop).subjects
    assert send(shop.deployment, NOON) == {APP: {"acknowledged": 1}}
    one = the_notice(shop)
    assert (one.acknowledged_at, one.subjects, one.tries) == (NOON, "", 1)
    assert send(shop.deployment, NOON + 48 * HOUR) == {}
    files = (shop.root / "notices").glob("*.parquet")
    assert not any(named.encode() in file.read_bytes() for file in files)


@pytest.mark.clause("S086b")
def test_a_source_that_keeps_something_says_why_in_its_answer(
    tmp_path: Path, party: Listening
) -> None:
    party.answer = lambda told: party.done(told, exception="independent_authorisation")
    shop = make_shop(tmp_path, party.url())
    send(shop.deployment, NOON)
    assert the_notice(shop).exception == "independent_authorisation"


@pytest.mark.parametrize(
    "said",
    [
        b'{"acknowledged": "another"}',
        b'{"acknowledged": true}',
        b"[]",
        b"\xff",
        b'{"acknowledged": "NOTICE", "exception": "because"}',
        b'{"acknowledged": "NOTICE", "exception": ["x"]}',
        b'{"acknowledged": "NOTICE"' + b" " * 5_000 + b"}",
    ],
)
def test_an_answer_that_means_nothing_is_only_taken(
    tmp_path: Path, party: Listening, said: bytes
) -> None:
    shop = make_shop(tmp_path, party.url())
    answer = said.replace(b"NOTICE", the_notice(shop).notice.encode())
    party.answer = lambda _: (200, {}, answer)
    assert send(shop.deployment, NOON) == {APP: {"taken": 1}}
    assert the_notice(shop).is_open


def test_a_redirect_is_not_followed(tmp_path: Path, party: Listening) -> None:
    with Listening() as other:
        party.answer = lambda _: (307, {"location": other.url()}, b"")
        shop = make_shop(tmp_path, party.url())
        assert send(shop.deployment, NOON) == {APP: {"refused": 1}}
        assert other.told == []


def test_who_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    shop = make_shop(tmp_path, f"http://127.0.0.1:{port}/")
    assert send(shop.deployment, NOON) == {APP: {"unreached": 1}}
    assert (the_notice(shop).tries, the_notice(shop).taken_at) == (1, None)


def test_who_does_not_answer_in_time_has_not_got_it(party: Listening) -> None:
    def silent(_: Told) -> Answer:
        party.hold.wait(20)
        return TAKEN

    party.answer = silent
    assert _post(party.url(), timeout_s=0.2).outcome is Outcome.UNREACHED


def test_who_drips_an_answer_holds_nobody_up() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with closing(connection):
                while not stop.wait(0.05):
                    try:
                        connection.send(b"H")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        begun = time.monotonic()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        outcome = _post(url, timeout_s=5.0, whole_s=0.5).outcome
        stop.set()
    assert outcome is Outcome.UNREACHED
    assert time.monotonic() - begun < 5 * patience()


def test_a_party_that_is_away_is_asked_once_for_all_that_is_due_to_it(
    tmp_path: Path, party: Listening
) -> None:
    party.answer = lambda _: (0, {}, b"")
    shop = make_shop(tmp_path, party.url())
    shop.erase("bob")
    assert send(shop.deployment, NOON) == {APP: {"unreached": 2}}
    assert len(party.told) == 1
    party.answer = then((400, {}, b""), TAKEN)
    assert send(shop.deployment, NOON + HOUR) == {APP: {"refused": 1, "taken": 1}}


def test_what_is_due_to_one_party_is_noted_now_and_then(
    tmp_path: Path, party: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "AT_ONCE_MAX", 1)
    shop = make_shop(tmp_path, party.url())
    shop.erase("bob")
    assert send(shop.deployment, NOON) == {APP: {"taken": 1}}
    assert send(shop.deployment, NOON) == {APP: {"taken": 1}}
    assert send(shop.deployment, NOON) == {}
    assert len({told.notice["notice"] for told in party.told}) == 2


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_server_has_to_prove_who_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_trusted: bool
) -> None:
    both, trusted = write_certificate(tmp_path)
    if is_trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with Listening(both) as party:
        shop = make_shop(tmp_path / "shop", party.url())
        outcome = "taken" if is_trusted else "unreached"
        assert send(shop.deployment, NOON) == {APP: {outcome: 1}}
        assert len(party.told) == is_trusted, "nothing is said to who proves nothing"


@pytest.mark.parametrize(
    ("address", "way"),
    [
        ("https://app.example/remit", Way.POST),
        ("http://127.0.0.1:8080/", Way.POST),
        ("http://[::1]/", Way.POST),
        ("http://app.example/remit", Way.OUTBOX),
        ("http://127.0.0.1.app.example/", Way.OUTBOX),
        ("kafka:", Way.TOPIC),
        ("dpo@partner.example", Way.OUTBOX),
        ("", Way.OUTBOX),
    ],
)
def test_nothing_leaves_this_machine_without_tls(address: str, way: Way) -> None:
    assert way_to(address) is way


def test_what_is_due_to_a_source_that_was_left_out_lies_in_the_outbox(
    tmp_path: Path, party: Listening
) -> None:
    shop = make_shop(tmp_path, party.url())
    leave_out(shop.settings.keys, "app")
    assert send(shop.deployment, NOON) == {APP: {"taken": 1}}
    assert (party.told, len(list((shop.settings.data / "outbox" / APP).iterdir()))) == ([], 1)


def test_who_answers_while_it_is_sent_again_is_not_named_again(tmp_path: Path) -> None:
    shop = make_shop(tmp_path, "")
    sent = replace(the_notice(shop), tries=1, tried_at=NOON)
    acknowledge(shop.root, sent.notice, NOON)
    tried(shop.root, [sent])
    assert not the_notice(shop).is_open
    files = (shop.root / "notices").glob("*.parquet")
    assert not any(sent.subjects.encode() in file.read_bytes() for file in files)


def test_one_process_sends_at_a_time(tmp_path: Path, party: Listening) -> None:
    shop = make_shop(tmp_path, party.url())
    with lease(shop.root, LOCK) as is_held:
        assert is_held
        assert send(shop.deployment, NOON) == {}
    assert send(shop.deployment, NOON) == {APP: {"taken": 1}}


def test_a_consumer_sends_what_is_due_and_shows_how_it_stands(
    tmp_path: Path, party: Listening
) -> None:
    shop = make_shop(tmp_path, party.url())
    metrics, now = Metrics(), [NOON]
    messenger = Messenger(shop.deployment, metrics, lambda: now[0])

    def shown(name: str, **labels: str) -> float | None:
        return metrics.registry.get_sample_value(name, labels)

    messenger.work()
    messenger.work()
    assert len(party.told) == 1
    assert shown("remit_notices", kind="erased", state="open") == 1
    assert shown("remit_notices_sent_total", outcome="taken") == 1
    now[0] = NOON + timedelta(days=16)
    party.answer = lambda _: (500, {}, b"")
    messenger.work()
    assert shown("remit_notices", kind="erased", state="overdue") == 1
    assert shown("remit_notices_sent_total", outcome="refused") == 1
    party.answer = party.done
    now[0] += HOUR
    messenger.work()
    assert shown("remit_notices", kind="erased", state="acknowledged") == 1
    assert shown("remit_notices", kind="erased", state="overdue") is None


def test_a_fault_of_the_messenger_is_counted_and_tried_again(
    tmp_path: Path, party: Listening
) -> None:
    shop = make_shop(tmp_path, party.url())
    metrics = Metrics()
    messenger = Messenger(shop.deployment, metrics, lambda: NOON)
    register = shop.settings.keys / "informed.json"
    whole = register.read_bytes()
    register.write_bytes(b"{")
    messenger.work()
    assert metrics.registry.get_sample_value("remit_faults_total", {"kind": "notices"}) == 1
    register.write_bytes(whole)
    messenger.work()
    assert len(party.told) == 1


def _post(url: str, timeout_s: float, whole_s: float = 20.0) -> Sent:
    """Post a notice that means nothing."""
    signer = Signer(lambda _: bytes(64), "key", 0)
    with closing(Post(url, signer, timeout_s, whole_s)) as post:
        return post.send("0" * 32, b"{}")
