"""Hostile input: a clear 4xx, a count, and nothing of it in any log, answer, metric or file."""

import gzip
import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from kit.edge_process import EdgeProcess, StartEdge, batch, now_ms, session, view
from kit.watching import until

CANARY = "canary-7f3a9c"
DEEP = 40_000
BOMB_BYTES = 100 << 20


def body(events: str, **head: str) -> bytes:
    """A batch whose JSON is written by hand."""
    said = {"session": f'"{session()}"', "batch": "1", "sent_at": str(now_ms()), **head}
    return ("{" + "".join(f'"{k}":{v},' for k, v in said.items()) + f'"events":{events}}}').encode()


def event(fields: str) -> str:
    """A page view whose JSON is written by hand."""
    return f'{{"contract":"page_view","occurred_at":{now_ms()},{fields}}}'


HOSTILE: Mapping[str, tuple[bytes, int]] = {
    "nothing": (b"", 400),
    "no JSON": (CANARY.encode(), 400),
    "a list": (f'["{CANARY}"]'.encode(), 422),
    "deep JSON": (b"[" * DEEP + b"]" * DEEP, 422),
    "deep in an event": (body("[" + event('"page":' + "[" * DEEP + "]" * DEEP) + "]"), 400),
    "deep objects": (body("[" + '{"a":' * DEEP + "1" + "}" * DEEP + "]"), 400),
    "bad UTF-8": (body("[" + event(f'"page":"{CANARY}') + "").replace(b"canary", b"\xff\xfe"), 400),
    "overlong UTF-8": (body(f"[{event('')}]").replace(b",}", b',"page":"\xc0\xaf"}'), 422),
    "cut off": (body(f"[{event(f'{chr(34)}page{chr(34)}:{chr(34)}{CANARY}')}")[:-4], 400),
    "NaN": (body(f"[{event(chr(34) + 'status' + chr(34) + ':NaN')}]"), 400),
    "infinity": (body("[" + event('"status":-Infinity') + "]"), 400),
    "a huge int": (body("[" + event('"status":' + "9" * 5000) + "]"), 422),
    "a large int": (body("[" + event('"status":2147483648') + "]"), 422),
    "a float": (body("[" + event('"status":1e3000') + "]"), 422),
    "a negative time": (body('[{"contract":"page_view","occurred_at":-1}]'), 422),
    "a huge time": (body(f'[{{"contract":"page_view","occurred_at":{"9" * 30}}}]'), 422),
    "a wrong type": (body("[" + event(f'"page":["{CANARY}"]') + "]"), 422),
    "an unknown field": (body("[" + event(f'"{CANARY}":1') + "]"), 422),
    "__proto__": (body("[" + event(f'"__proto__":{{"page":"{CANARY}"}}') + "]"), 422),
    "constructor": (body("[" + event(f'"constructor":{{"prototype":"{CANARY}"}}') + "]"), 422),
    "__class__": (body("[" + event(f'"__class__":"{CANARY}"') + "]"), 422),
    "a key twice": (body("[" + event(f'"page":"/a","page":"{CANARY}"') + "]"), 422),
    "a key twice, escaped": (body("[" + event(f'"page":"/a","p\\u0061ge":"{CANARY}"') + "]"), 422),
    "a head twice": (body("[]").replace(b'"batch":1', b'"batch":1,"batch":2'), 422),
    "a lone surrogate": (body("[" + event(f'"page":"{CANARY}\\ud800"') + "]"), 400),
    "a long text": (body("[" + event(f'"page":"{CANARY * 1000}"') + "]"), 422),
    "an unknown contract": (body(f'[{{"contract":"{CANARY}","occurred_at":1}}]'), 422),
    "no contract": (body(f'[{{"page":"{CANARY}"}}]'), 422),
    "a contract for servers": (
        body(f'[{{"contract":"service_log","occurred_at":1,"message":"{CANARY}"}}]'),
        422,
    ),
    "an unknown head": (body("[]", **{CANARY: "1"}), 422),
    "no events": (body("[]"), 422),
    "events of no list": (body(f'{{"{CANARY}":1}}'), 422),
    "a session of another form": (
        body(f"[{event('')}]".replace(",}", "}"), session=f'"{CANARY}"'),
        422,
    ),
    "a batch of none": (body(f"[{event('')}]".replace(",}", "}"), batch="0"), 422),
    "a huge batch": (body(f"[{event('')}]".replace(",}", "}"), batch="9" * 40), 422),
    "too many events": (body("[" + ",".join([event('"page":"/"')] * 501) + "]"), 413),
}


def traces(edge: EdgeProcess) -> list[Path]:
    """The files, output included, in which the canary stands."""
    files = [path for path in edge.data.rglob("*") if path.is_file()]
    return [path for path in (*files, edge.output) if CANARY.encode() in path.read_bytes()]


def test_hostile_bodies_get_a_clear_4xx_and_leave_no_trace(edge: EdgeProcess) -> None:
    key = edge.key()
    wrong = []
    for name, (sent, status) in HOSTILE.items():
        answer = edge.send(key, sent)
        if answer.status != status or not answer.said.get("error"):
            wrong.append((name, answer.status, answer.body[:200]))
        assert CANARY.encode() not in answer.body, name
    assert not wrong, "\n".join(map(str, wrong))
    counted = edge.ask("GET", "/metrics").body.decode()
    assert CANARY not in counted
    assert 'remit_edge_requests_total{room="events",status="422"}' in counted
    assert edge.send(key, batch([view("/")])).status == 202, "and it goes on"
    edge.end()
    assert not traces(edge)


@pytest.mark.clause("S005")
def test_what_is_accepted_is_in_no_file_in_plain(edge: EdgeProcess) -> None:
    sent = batch([view(f"/{CANARY}")])
    assert edge.send(edge.key(), sent, User_Agent=CANARY, Accept_Language=CANARY).status == 202
    assert edge.ask("GET", f"/{CANARY}?{CANARY}").status == 404
    edge.end()
    assert not traces(edge)
    assert str(sent["session"]).encode() not in edge.output.read_bytes()


def test_headers_that_are_not_on_the_list_are_dropped(edge: EdgeProcess) -> None:
    key = edge.key()
    secrets = {"Cookie": CANARY, "Authorization": CANARY, "X_Secret": CANARY, "Referer": CANARY}
    assert edge.send(key, batch([view("/")]), **secrets).status == 202
    many = {f"X-{n}": CANARY * 100 for n in range(50)}
    assert edge.send(key, batch([view("/")]), **many).status in {202, 400, 431}
    edge.end()
    assert not traces(edge)


def test_a_body_of_100_megabytes_is_cut_off(edge: EdgeProcess) -> None:
    key = edge.key()
    head = f"POST /v1/events?key={key} HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nContent-Type: text/plain\r\n"
    announced = talk(edge, f"{head}Content-Length: {BOMB_BYTES}\r\n\r\n".encode())
    assert b" 413 " in announced.splitlines()[0]
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    chunked = talk(edge, f"{head}Transfer-Encoding: chunked\r\n\r\n".encode(), chunk, 1600)
    assert b" 413 " in chunked.splitlines()[0]


def test_a_gzip_bomb_is_cut_off(edge: EdgeProcess) -> None:
    bomb = gzip.compress(b" " * BOMB_BYTES)
    assert len(bomb) < 256 << 10
    assert edge.send(edge.key(), bomb, Content_Encoding="gzip").status == 413


@pytest.mark.parametrize(
    "begun",
    [
        b"POST /v1/ev",
        b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Slow: ",
        b"POST /v1/events?key=%s HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n{",
    ],
    ids=["in the first line", "in the headers", "in the body"],
)
def test_a_request_that_does_not_come_whole_is_ended(start_edge: StartEdge, begun: bytes) -> None:
    edge = start_edge(REMIT_EDGE_REQUEST_TIMEOUT_S="0.5")
    key = edge.key()
    with socket.create_connection(("127.0.0.1", edge.port)) as slow:
        slow.sendall(begun.replace(b"%s", key.encode()))
        slow.settimeout(30)
        said = slow.recv(65536)
        assert not said or b" 202 " not in said
    assert edge.send(key, batch([view("/")])).status == 202


POST = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS: Mapping[str, tuple[bytes, bytes]] = {
    "a first line": (b"GET /", b"a"),
    "a header": (b"GET / HTTP/1.1\r\nX: ", b"a"),
    "headers": (b"GET / HTTP/1.1\r\n", b"X: " + b"a" * 61 + b"\r\n"),
    "words beside a chunk": (POST + b"1;", b"a"),
    "trailers": (POST + b"0\r\n", b"X: " + b"a" * 61 + b"\r\n"),
}


def hangs_up(edge: EdgeProcess, begun: bytes, more: bytes) -> bool:
    """Whether the edge hangs up before 100 MB of what follows were taken."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=60) as wire:
        try:
            wire.sendall(begun + more * (BOMB_BYTES // len(more)))
        except ConnectionError:
            return True
        return False


def test_what_has_no_end_is_hung_up_on(edge: EdgeProcess) -> None:
    assert [name for name, bytes_ in ENDLESS.items() if not hangs_up(edge, *bytes_)] == []
    assert edge.send(edge.key(), batch([view("/")])).status == 202, "and it goes on"


def test_an_address_and_an_agent_of_30_kb_are_taken_and_repeated_nowhere(edge: EdgeProcess) -> None:
    key, long = edge.key(), CANARY * 2_200
    sent = edge.send(key, batch([view()]), path=f"/v1/events/{long}", User_Agent=long)
    assert sent.status == 404
    assert edge.send(key, batch([view()]), User_Agent=long).status == 202
    assert CANARY.encode() not in sent.body
    edge.end()
    assert not traces(edge)


def test_more_requests_at_once_than_the_limit_are_sent_away(start_edge: StartEdge) -> None:
    edge = start_edge(REMIT_EDGE_REQUESTS_MAX="2")
    key = edge.key()
    head = f"POST /v1/events?key={key} HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\n"
    waiting = [socket.create_connection(("127.0.0.1", edge.port)) for _ in range(2)]
    for one in waiting:
        one.sendall(head.encode())
    until(lambda: edge.send(key, batch([view("/")])).status == 503, "none is sent away")
    for one in waiting:
        one.close()
    until(lambda: edge.send(key, batch([view("/")])).status == 202, "it stays closed")


def test_bytes_that_are_no_http_are_answered_400(edge: EdgeProcess) -> None:
    assert b" 400 " in talk(edge, b"\x16\x03\x01" + CANARY.encode() + b"\r\n\r\n").splitlines()[0]
    edge.end()
    assert not traces(edge)


def talk(edge: EdgeProcess, begin: bytes, again: bytes = b"", times: int = 0) -> bytes:
    """Send bytes, then others again and again until the edge hangs up, and give what it answered."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=60) as wire:
        try:
            wire.sendall(begin)
            for _ in range(times):
                wire.sendall(again)
        except OSError:
            pass  # it does not listen any more
        return wire.recv(65536)


def test_every_hostile_body_is_what_its_name_says() -> None:
    for name in ("a wrong type", "__proto__", "an unknown contract"):
        assert CANARY in json.dumps(json.loads(HOSTILE[name][0]))
