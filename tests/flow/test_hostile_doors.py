"""Canaries from outside, through every door of `remit up`: answers, logs, metrics, pages and files repeat none."""

import base64
import http.client
import json
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit.edge_process import ORIGIN, batch, view
from kit.entering import WORD
from kit.installation import Installation
from kit.ports import free_port
from kit.watching import until
from remit.edge import sources

CANARY = "zq7xcanary"
FORMS = {
    "plain": CANARY,
    "percent": urllib.parse.quote(f"{CANARY}@birds.example <b>"),
    "wide": "".join(f"%00{ord(letter):02x}" for letter in CANARY),
    "html": f"<script>{CANARY}</script>",
}
"""Each holds the canary as it may be looked for, or a form of it that somebody could have decoded."""

SOUGHT = (
    CANARY.encode(),
    CANARY.encode("utf-16-le"),
    base64.b64encode(CANARY.encode()).rstrip(b"="),
)
TOKEN = re.compile(r'"token":"([^"]+)"')
KEPT = re.compile(r"(remit_my\w*)=([\w-]+);")
"""A link's token, and what a browser keeps of the person's page."""

PAGES = (
    "/",
    "/collected",
    "/live",
    "/requests",
    "/proof",
    "/policy/" + CANARY,
    f"/static/{CANARY}",
)


@dataclass(frozen=True, slots=True)
class Doors:
    """`remit up`, and everything that opens it.

    Attributes:
        port: Of all doors.
        log: What the process says.
        keys: Write keys of a browser and of a server.
        token: Of a program.
    """

    port: int
    log: Path
    keys: tuple[str, str]
    token: str

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, bytes]:
        """Ask something with a canary in every header that is read; gives status, and all that was answered."""
        said = {
            "User-Agent": f"Mozilla/5.0 ({CANARY})",
            "X-Forwarded-For": f"{CANARY}, 203.0.113.7",
            "Forwarded": f'for="{CANARY}"',
            "Accept-Language": CANARY,
            "Referer": f"https://{CANARY}.example/?{CANARY}",
            "Cookie": f"remit={CANARY}; remit_my={CANARY}; lang={CANARY}; theme={CANARY}",
            "Sec-CH-UA": f'"{CANARY}";v="1"',
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body, said)
            answer = connection.getresponse()
            told = answer.read() + repr(answer.getheaders()).encode()
            return answer.status, told
        finally:
            connection.close()


@pytest.fixture
def doors(embedded: Installation, tmp_path: Path) -> Iterator[Doors]:
    embedded.prepare()
    browser = sources.add(embedded.data, "shop", origins=[ORIGIN])
    server = sources.add(embedded.data, "till", kind=sources.Kind.SERVER)
    token = embedded.remit("requests", "tokens", "add", "helpdesk").stdout.split()[-1]
    port, log = free_port(), tmp_path / "up.log"
    embedded.start_into(log, "up", "--port", str(port), "--role", "privacy_officer")
    until(lambda: "/healthz" in log.read_text(), "it does not serve")
    yield Doors(port, log, (browser, server), token)
    embedded.end_all()


def edge_bodies(form: str) -> Iterator[bytes]:
    """Bodies for the edge: good and bad, a canary in each."""
    yield json.dumps(
        batch([view(f"/cart?q={form}", referrer=form), view(status=form), {form: form}])
    ).encode()
    yield json.dumps({form: form, "events": form}).encode()
    yield json.dumps({"method": form, "policy_version": form, "given": [form]}).encode()
    yield f'{{"{form}":'.encode()
    yield b"[" * 40_000 + form.encode()


def calls(form: str) -> Iterator[Mapping[str, object] | bytes]:
    """Bodies for programs: of requests and links."""
    yield {"subject": form, "right": form}
    yield {"subject": f"{form}\ud800", "right": "access"}
    yield {"subject": [form], "minutes": form}
    yield {"right": "access", "scope": {form: form}, "subject": 1}
    yield b"[" * 30_000
    yield b'{"subject":' * 300
    yield f'{{"{form}":1e999}}'.encode()


def through_the_edge(doors: Doors, form: str) -> Iterator[tuple[int, bytes]]:
    quoted = urllib.parse.quote(form, safe="%")
    for path in ("/v1/events", "/v1/consent"):
        for body in edge_bodies(form):
            for key in (*doors.keys, quoted):
                origin = {"Origin": ORIGIN} if key != doors.keys[1] else {}
                kind = {"Content_Type": "text/plain"}
                yield doors.ask("POST", f"{path}?key={key}", body, **origin, **kind)
        yield doors.ask("POST", path + "?" + "&".join(f"{quoted}{n}=1" for n in range(20)))
        yield doors.ask("POST", f"{path}?key={doors.keys[1]}", b"{}", Content_Type=quoted)
        yield doors.ask(
            "POST",
            f"{path}?key={doors.keys[1]}",
            b"\x1f\x8b" + form.encode(),
            Content_Encoding="gzip",
        )
        yield doors.ask("POST", f"{path}?key={doors.keys[0]}", b"{}", Origin=f"https://{quoted}")
    yield doors.ask("GET", f"/{quoted}?{quoted}={quoted}")


def through_the_operators_port(doors: Doors, form: str) -> Iterator[tuple[int, bytes]]:
    quoted = urllib.parse.quote(form, safe="%")
    paths = (
        "/v1/requests",
        "/v1/links",
        f"/v1/requests/{quoted}/verify",
        f"/v1/requests/{quoted}/fulfil",
    )
    for path in paths:
        for said in calls(form):
            body = said if isinstance(said, bytes) else json.dumps(said).encode()
            yield doors.ask("POST", path, body, Authorization=f"Bearer {doors.token}")
        yield doors.ask("POST", path, b"{}", Authorization=f"Bearer {quoted}")
    yield doors.ask("GET", f"/v1/requests/{quoted}", Authorization=f"Bearer {doors.token}")
    for page in PAGES:
        yield doors.ask("GET", f"{page}?lang={quoted}&theme={quoted}&from={quoted}&{quoted}=1")
    for path in ("/my/enter", "/my/consent", "/requests/new", f"/requests/{quoted}"):
        yield doors.ask("POST", path, f"token={quoted}&form={quoted}&subject={quoted}".encode())
    yield from through_forms(doors, quoted)
    yield from through_my(doors, quoted)
    for path in ("/enter?token=", "/login?", "/login/back?state=a&code="):
        yield doors.ask("GET", f"{path}{quoted}", Accept="text/html")


def through_forms(doors: Doors, quoted: str) -> Iterator[tuple[int, bytes]]:
    """Forms of the dashboard as a page of it sends them: what they do is asked for, and every field is hostile."""
    page = doors.ask("GET", "/requests")[1].decode("utf-8", "replace")
    word = WORD.search(page)
    assert word
    here = f"http://127.0.0.1:{doors.port}"
    fields = ("subject", "tenant", "right", "ground", "requester", "channel", "jurisdiction")
    hostile = "&".join(f"{field}={quoted}" for field in (*fields, "step", "proof", quoted))
    good = f"subject={quoted}&tenant=shop&right=access&requester=self&channel=support"
    for path in ("/requests/new", f"/requests/{quoted}", "/requests/none", "/policy"):
        for said in (hostile, good, f"{good}&jurisdiction={quoted}", f"step={quoted}"):
            body = f"form={word[1]}&{said}".encode()
            yield doors.ask("POST", path, body, Origin=here)


def through_my(doors: Doors, quoted: str) -> Iterator[tuple[int, bytes]]:
    """Forms of somebody's own page, by a link that opens it and words that hold: every field is hostile."""
    asked = json.dumps({"subject": "ann"}).encode()
    _, made = doors.ask("POST", "/v1/links", asked, Authorization=f"Bearer {doors.token}")
    token = TOKEN.search(made.decode())
    assert token, "no link is made"
    jar: dict[str, str] = {}

    def step(method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        cookie = "; ".join(f"{name}={value}" for name, value in jar.items())
        status, told = doors.ask(method, f"/my/{path}", body, Cookie=f"{cookie}; lang={quoted}")
        jar.update(KEPT.findall(told.decode("utf-8", "replace")))
        return status, told

    def word() -> str:
        found = WORD.search(step("GET", "")[1].decode())
        assert found
        return found[1]

    yield step("POST", "enter", f"form={word()}&token={quoted}".encode())
    assert step("POST", "enter", f"form={word()}&token={token[1]}".encode())[0] == 303
    own = word()
    fields = ("purpose", "status", "right", "ground")
    hostile = "&".join(f"{field}={quoted}" for field in (*fields, "said", quoted))
    for said in (
        hostile,
        f"purpose=analytics.reporting&status={quoted}",
        f"right=delete&ground={quoted}",
    ):
        for path in ("consent", "ask"):
            yield step("POST", path, f"form={own}&{said}".encode())
    yield step("GET", f"?said={quoted}")
    yield step("POST", "export", f"form={own}&code={quoted}".encode())


def holding(folder: Path) -> list[str]:
    """Files below a folder in which the canary stands, in any of its forms."""
    return [
        str(file.relative_to(folder))
        for file in sorted(folder.rglob("*"))
        if file.is_file() and any(sought in file.read_bytes() for sought in SOUGHT)
    ]


def test_no_door_repeats_what_came_through_it_and_none_fails(
    doors: Doors, embedded: Installation, tmp_path: Path
) -> None:
    failed, sung = [], []
    for name, form in FORMS.items():
        for through in (through_the_edge, through_the_operators_port):
            for number, (status, told) in enumerate(through(doors, form)):
                place = f"{through.__name__} {name} {number}: {status}"
                failed += [place] if status >= 500 else []
                sung += [place] if any(one in told for one in SOUGHT) else []
    assert failed == []
    assert sung == []
    _, metrics = doors.ask("GET", "/metrics")
    assert b"remit_edge_events_total" in metrics
    assert not any(sought in metrics for sought in SOUGHT)
    embedded.end_all()
    embedded.settle()
    assert embedded.contract("page_view")["stored"] > 0, "what was good came through"
    assert not any(sought in doors.log.read_bytes() for sought in SOUGHT)
    assert holding(tmp_path) == []
    assert CANARY not in embedded.remit("report", "--json").stdout
