"""The edge as an ASGI application: who may send, how much, and what is answered.

What runs for every batch is plain ASGI, without a request object and without routing; Starlette serves the rest.
Nothing of a request is ever logged: the one thing that may be said of it is a count.
"""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

from remit.batched import BatchClient
from remit.edge.addresses import Addresses
from remit.edge.answer import (
    ALL_TAKEN,
    Answer,
    Headers,
    Send,
    accepted,
    later,
    nothing_fits,
    refusal,
)
from remit.edge.batches import Batches
from remit.edge.choices import read_choice
from remit.edge.intake import Group, Intake, Refusals
from remit.edge.limits import Limits
from remit.edge.metrics import EdgeMetrics
from remit.edge.published import Published
from remit.edge.request import Receive, Scope, Sender, body_of, headers_of, sender_of
from remit.edge.rest import rest_of
from remit.edge.sources import Source, Sources
from remit.edge.wire import Head
from remit.proxies import Proxies
from remit.result import Accepted, Recorded, Refused

ROOMS: Final = {"/v1/events": "events", "/v1/consent": "consent"}
PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, content-encoding"),
    (b"access-control-max-age", b"7200"),  # seconds; the longest that Chromium keeps an answer
)
READABLE: Final = (
    (b"access-control-expose-headers", b"retry-after"),  # else no page could honour it
    (b"vary", b"origin"),
)
ANYBODY: Final = ((b"access-control-allow-origin", b"*"),)
"""Who may not send may read that, so that a page does not take it for a network that is away and try again."""

BUSY_S: Final = 1.0
QUERY_FIELDS_MAX: Final = 8
LATER: Final = {
    "spool_full": "the spool is full; what was accepted is kept",
    "epoch_over": "the keys have run out; new ones are waited for",
    "bundle_expired": "the policy has run out; a new one is waited for",
    "not_ready": "the edge is not ready yet",
    "closed": "the edge is stopping",
    "reentered": "the edge is busy",
    "other": "the batch could not be taken",
}
"""Refusals that a sender may try again, and what is said of them."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an edge works with.

    Attributes:
        client: Takes the events.
        sources: Who may send.
        batches: What came already.
        published: The policy in force.
        proxies: Who is believed about the address of a client.
    """

    client: BatchClient
    sources: Sources
    batches: Batches
    published: Published
    proxies: Proxies


@dataclass(slots=True)
class Tally:
    """What became of the events of one batch.

    Attributes:
        taken: Events that stand in a pack now.
        again: Events that came before.
        refused: What is said of the others.
        numbers: Of the parts that are to be safe before anything is answered.
        later: Why the rest may be sent again; None when nothing is left.
        records: The names of what was said, in the consent ledger.
    """

    taken: int
    again: int
    refused: Refusals
    numbers: list[int]
    later: str | None
    records: tuple[str, ...] = ()

    @property
    def is_any(self) -> bool:
        """Whether anything has to be safe before it is answered."""
        return self.taken > 0 or self.again > 0


class Edge:
    """The edge of one data folder."""

    def __init__(self, parts: Parts, limits: Limits, metrics: EdgeMetrics) -> None:
        """Make it.

        Args:
            parts: What it works with.
            limits: How much senders may ask.
            metrics: Where it is counted.
        """
        self.metrics = metrics
        self.limits = limits
        self._parts = parts
        self._rest = rest_of(metrics.registry, parts.published, self._is_ready)
        self._answering = 0
        self._addresses = Addresses(limits.address_rate)
        self._intakes = {
            is_browser: Intake(parts.client, limits, is_browser=is_browser)
            for is_browser in (True, False)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        room = ROOMS.get(scope.get("path", ""))
        if room is None or scope["type"] != "http":
            await self._rest(scope, receive, send)
            return
        more: Headers = ()
        self._answering += 1
        try:
            if self._answering > self.limits.requests_max:
                self.metrics.limited["busy"] += 1
                answer = later(503, "too many requests at once", BUSY_S)
            else:
                answer, more = await self._answer(room, scope, receive)
        except Exception:  # noqa: BLE001  # outermost loop; the server would log it, with values
            answer = later(503, "the edge failed; the batch may be sent again", BUSY_S)
        finally:
            self._answering -= 1
        self.metrics.answered(room, answer.status)
        await answer.send(send, more)

    async def _answer(self, room: str, scope: Scope, receive: Receive) -> tuple[Answer, Headers]:
        headers = headers_of(scope["headers"])
        source = self._parts.sources.of(_key_of(scope["query_string"]))
        sender = sender_of(scope, self._parts.proxies)
        # before anything is read or said: who tries keys asks as often as everybody else
        if (source is None or source.is_browser) and (wait_s := self._addresses.wait_s(sender.ip)):
            return self._over("address", wait_s), (*ANYBODY, *READABLE)
        readable = ANYBODY if scope["method"] == "POST" else ()
        if source is None:
            return refusal(401, "no write key that is known", ["key"]), readable
        origin = headers.get(b"origin")
        if origin not in source.origins if source.is_browser else origin is not None:
            return refusal(403, "this origin may not send with this key", ["origin"]), readable
        allowed = ((b"access-control-allow-origin", origin), *READABLE) if origin else ()
        if scope["method"] != "POST":
            return _without_body(scope["method"], allowed)
        body = await body_of(headers, receive, self.limits.body_bytes_max)
        if isinstance(body, Answer):
            return body, allowed
        self.metrics.body_bytes += len(body)
        if room == "consent":
            answer = await self._consent(source, body)
        else:
            answer = await self._events(source, body, sender)
        return answer, allowed

    def _over(self, of: str, wait_s: float) -> Answer:
        self.metrics.limited[of] += 1
        who = "address asks" if of == "address" else "key sends"
        return later(429, f"this {who} more than its rate", wait_s)

    async def _events(self, source: Source, body: bytes, sender: Sender) -> Answer:
        intake = self._intakes[source.is_browser]
        batch = intake.read(body)
        if isinstance(batch, Answer):
            return batch
        wait_s = source.bucket.take(len(batch.places) + len(batch.refused))
        if wait_s:
            return self._over("key", wait_s)
        groups = intake.groups_of(batch, sender)
        if closed := _closed_to(source, groups):
            return closed
        if not groups:
            self.metrics.events["refused"] += len(batch.refused)
            return nothing_fits(batch.refused)
        return await self._take(source, batch.head, groups, batch.refused)

    async def _consent(self, source: Source, body: bytes) -> Answer:
        said = read_choice(body, self._parts.published.look(), is_browser=source.is_browser)
        if isinstance(said, Answer):
            return said
        wait_s = source.bucket.take(len(said.changes.places))
        if wait_s:
            return self._over("key", wait_s)
        if closed := _closed_to(source, [said.changes]):
            return closed
        return await self._take(source, said.choice, [said.changes], [])

    async def _take(
        self, source: Source, head: Head, groups: Sequence[Group], refused: Refusals
    ) -> Answer:
        """Emit what did not come before, and answer once it is safe."""
        tally, parts = Tally(0, 0, refused, [], None), Counter[str]()
        for group in groups:
            self._emit(tally, self._number_of(source, head, group, parts), group)
        if tally.is_any and not await self._parts.batches.commit(tally.numbers):
            return later(503, "the disk did not take the batch", BUSY_S)
        self.metrics.events["accepted"] += tally.taken
        if tally.later is not None:
            return later(503, tally.later, BUSY_S)
        if not (tally.again or refused or tally.records):
            return ALL_TAKEN[tally.taken]
        self.metrics.events["duplicate"] += tally.again
        self.metrics.events["refused"] += len(refused)
        is_known = tally.again > 0
        events = tally.taken + tally.again
        return accepted(events, refused, duplicate=is_known, records=tally.records)

    def _emit(self, tally: Tally, number: int, group: Group) -> None:
        batches = self._parts.batches
        if number and batches.is_known(number):
            tally.again += len(group.places)
            tally.numbers.append(number)
            return
        note = batches.note(number) if number else None
        answers = group.emit(self._parts.client, note)
        if isinstance(answers, Accepted):
            taken = len(group.places)
            tally.records = answers.records if isinstance(answers, Recorded) else ()
        else:
            taken = _count(tally, group, answers)
        if taken and number:
            batches.emitted(number)
            tally.numbers.append(number)
        tally.taken += taken

    def _number_of(self, source: Source, head: Head, group: Group, parts: Counter[str]) -> int:
        """Give the number of a group of a batch; 0 where a server sends without a session, and nothing is recognised.

        Two groups may have one name: a tenant's key makes those of its tenant of others that named none. The second is
        not the first come again.
        """
        if head.session is None or head.batch is None:
            return 0
        part = f"{group.contract} {group.bunch.tenant} {group.bunch.subject}"
        parts[part] += 1
        if parts[part] > 1:
            part += f"\0{parts[part]}"
        return self._parts.batches.number_of(source, head.session, head.batch, part)

    def _is_ready(self) -> bool:
        return time.time() < self._parts.published.look().bundle.not_after.timestamp()


def _closed_to(source: Source, groups: Sequence[Group]) -> Answer | None:
    """Say what a key is not for; None where all of it may be sent with it."""
    contracts = source.key.contracts
    if contracts and any(group.contract not in contracts for group in groups):
        return refusal(403, "this key is for other contracts", ["contract"])
    if not all(_is_theirs(source, group) for group in groups):
        return refusal(403, "this key is of another tenant", ["tenant"])
    return None


def _is_theirs(source: Source, group: Group) -> bool:
    """Make what is sent with a tenant's key the tenant's own; False where it says that it is another's."""
    own, bunch = source.key.tenant, group.bunch
    if own is None or bunch.tenant == own:
        return True
    if bunch.tenant:
        return False
    bunch.tenant = own
    return True


def _count(tally: Tally, group: Group, answers: Sequence[Accepted | Refused]) -> int:
    """Count what was taken of a group, and say why the rest was not."""
    taken = 0
    for place, answer in zip(group.places, answers, strict=True):
        if isinstance(answer, Accepted):
            taken += 1
        elif answer.reason in LATER:
            tally.later = LATER[answer.reason]
        else:
            named = [answer.field] if answer.field else []
            said: dict[str, object] = {"index": place, "reason": answer.reason, "fields": named}
            because = {"clause": answer.clause, "function": answer.function}
            tally.refused.append(said | {name: word for name, word in because.items() if word})
    return taken


def _without_body(method: str, allowed: Headers) -> tuple[Answer, Headers]:
    """Answer a preflight (Fetch Standard, 3.2), or say that only POST is of use."""
    if method == "OPTIONS":
        return Answer(204, b""), (*allowed, *PREFLIGHT)
    return refusal(405, "send with POST", headers=((b"allow", b"POST, OPTIONS"),)), allowed


def _key_of(query: bytes) -> bytes:
    """The write key in a query: ``key=…``, and nothing else is looked at."""
    if query.startswith(b"key=") and b"&" not in query:
        return query[4:]
    try:
        fields = parse_qsl(query, max_num_fields=QUERY_FIELDS_MAX)
    except ValueError:  # too many fields, or bytes that no address has
        return b""
    return next((value for name, value in fields if name == b"key"), b"")
