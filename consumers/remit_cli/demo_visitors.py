"""Invented visitors of the demonstration shop: made up from a fixed seed, sent through the real edge while `remit demo` runs.

They are written as a careless site would write them: whole addresses, agents, search words, an e-mail address in a query.
What may be kept of that is the policy's to say.
"""

import json
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any, Final

from remit_cli.sample import AGENTS, SEED, address

SOURCE: Final = "demo-visitors"
"""The name of their write key."""

VISITORS: Final = 60
PAUSE_S: Final = (0.1, 0.25)
"""Between two requests: some five a second, few enough that one's own click stays on /live for some seconds."""

CHOICES: Final = 0.06
"""So many of their requests are a choice on consent."""

REST_S: Final = 2.0  # after trouble, before the edge is asked again
TIMEOUT_S: Final = 10.0
ACCEPTED: Final = 202

LANGUAGES: Final = (
    "en-GB,en;q=0.9",
    "zh-CN,zh;q=0.9,en;q=0.5",
    "de-CH,de;q=0.9",
    "fr-FR,fr;q=0.8",
    "ja",
    "pt-BR,pt;q=0.9",
)
SCREENS: Final = ("1920x1080", "1440x900", "390x844", "412x915")
OFFSETS: Final = ("+08:00", "+01:00", "+00:00", "-03:00", "+09:00")
TEAS: Final = (
    "evening-lantern",
    "first-rain",
    "old-ledger",
    "white-noise",
    "red-thread",
    "blue-hour",
)
WORDS: Final = ("oolong", "gift for a tea lover", "绿茶", "tea without caffeine", "pu-erh 2016")

Body = dict[str, object]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the edge says of the policy in force.

    Attributes:
        version: Which it is.
        purposes: Those that are anybody's own choice.
    """

    version: str
    purposes: tuple[str, ...]


def requests_of(policy: Policy, seed: int = SEED) -> Iterator[tuple[str, Body]]:
    """Invent what visitors send, without end: a path of the edge and a body for a server's key; the same for each seed."""
    chance = random.Random(seed)  # noqa: S311 - invented data, nothing secret
    crowd = [_visitor(chance, number) for number in range(1, VISITORS + 1)]
    given: set[tuple[object, str]] = set()
    while True:
        visitor = chance.choice(crowd)
        if policy.purposes and chance.random() < CHOICES:
            yield "/v1/consent", _choice(chance, visitor["subject"], policy, given)
        else:
            yield "/v1/events", {"events": [visitor | _view(chance)]}


def _visitor(chance: random.Random, number: int) -> Body:
    """One who keeps machine and language; the address is nobody's (RFC 5737, RFC 3849)."""
    return {
        "contract": "page_view",
        "subject": f"invented-visitor-{number}",
        "ip": address(chance),
        "user_agent": chance.choice(AGENTS),
        "language": chance.choice(LANGUAGES),
        "screen": chance.choice(SCREENS),
        "hardware": f"cores={chance.choice((4, 8, 16))} memory_gb={chance.choice((4, 8, 16))}",
        "utc_offset": chance.choice(OFFSETS),
        "platform": "web",
    }


def _view(chance: random.Random) -> Body:
    """A page: mostly teas, some searches, and the pages that carry what they should not."""
    number = chance.randrange(10_000, 99_999)
    tea, word = chance.choice(TEAS), chance.choice(WORDS)
    pages = (
        "/",
        f"/tea/{tea}",
        f"/tea/{tea}?utm_source=newsletter",
        f"/search?q={word}",
        f"/basket?email=visitor{number}%40mail.example",
        "/checkout/pay",
    )
    return {
        "page": chance.choice(pages),
        "referrer": chance.choice((None, None, f"https://www.search.example/?q={word}")),
        "duration_ms": chance.randrange(20, 900),
    }


def _choice(
    chance: random.Random, subject: object, policy: Policy, given: set[tuple[object, str]]
) -> Body:
    """Agree to a purpose or refuse it, or take back what was agreed to."""
    purpose = chance.choice(policy.purposes)
    if (subject, purpose) in given:
        given.discard((subject, purpose))
        said, method = "withdrawn", "settings"
    else:
        said, method = chance.choice(("given", "given", "refused")), "banner"
        if said == "given":
            given.add((subject, purpose))
    return {said: [purpose], "method": method, "policy_version": policy.version, "subject": subject}


@contextmanager
def visitors(edge: str, key: str, troubled: Callable[[str], None]) -> Iterator[None]:
    """Let invented visitors come, from a thread of its own, until the end.

    Args:
        edge: Where the edge is: ``127.0.0.1:8080``.
        key: A server's write key.
        troubled: Told once, if the edge does not take what they send; they go on trying.
    """
    stop = threading.Event()
    stream = _Stream(edge, key, troubled, stop)
    thread = threading.Thread(target=stream.run, name="remit-demo-visitors", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(TIMEOUT_S)


class _Stream:
    """Sends what visitors do, one request after the other."""

    def __init__(
        self, edge: str, key: str, troubled: Callable[[str], None], stop: threading.Event
    ) -> None:
        self._edge, self._key, self._stop = edge, key, stop
        self._troubled: Callable[[str], None] | None = troubled

    def run(self) -> None:
        """Send until the end; after trouble, over another connection."""
        while not self._stop.is_set():
            with closing(HTTPConnection(self._edge, timeout=TIMEOUT_S)) as connection:
                try:
                    self._send(connection)
                except (OSError, HTTPException, ValueError, KeyError) as error:
                    self._say(str(error) or type(error).__name__)
            self._stop.wait(REST_S)

    def _send(self, connection: HTTPConnection) -> None:
        chance = random.Random()  # noqa: S311 - of pauses
        for path, body in requests_of(_policy(connection)):
            if self._stop.wait(chance.uniform(*PAUSE_S)):
                return
            status = _post(connection, f"{path}?key={self._key}", _now(body))
            if status != ACCEPTED:
                raise HTTPException(f"the edge answered {status}")

    def _say(self, what: str) -> None:
        if self._troubled is not None:
            self._troubled(what)
        self._troubled = None


def _policy(connection: HTTPConnection) -> Policy:
    connection.request("GET", "/v1/policy/summary")
    said: Mapping[str, Any] = json.loads(connection.getresponse().read())
    return Policy(
        said["policy_version"], tuple(purpose["key"] for purpose in said["optional_purposes"])
    )


def _now(body: Body) -> Body:
    """Give events the time of now."""
    now_ms = time.time_ns() // 1_000_000
    events: Any = body.get("events", ())
    return (
        body | {"events": [event | {"occurred_at": now_ms} for event in events]} if events else body
    )


def _post(connection: HTTPConnection, path: str, body: Body) -> int:
    connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status
