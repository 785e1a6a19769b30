"""The edge as an ASGI application: who may send, how much, and what is answered.

What runs for every batch is plain ASGI, without a request object and without routing; Starlette serves the rest.
Nothing of a request is ever logged: the one thing that may be said of it is a count.
"""

from typing import Final
from urllib.parse import parse_qsl

from remit.client import Client
from remit.edge.answer import ALL_TAKEN, Answer, Headers, Send, accepted, later, refusal
from remit.edge.group import Group as Waiting
from remit.edge.intake import Intake
from remit.edge.limits import Limits
from remit.edge.metrics import EdgeMetrics
from remit.edge.request import Receive, Scope, Sender, body_of, headers_of, sender_of
from remit.edge.rest import rest_of
from remit.edge.sources import Source, Sources

EVENTS: Final = "/v1/events"
CONSENT: Final = "/v1/consent"
PREFLIGHT_S: Final = b"7200"  # the longest that Chromium keeps an answer to a preflight
BUSY_S: Final = 1.0
VARY: Final = (b"vary", b"origin")
LATER: Final = {
    "spool_full": "the spool is full; what was accepted before is kept",
    "epoch_over": "the keys in force have run out; new ones are waited for",
    "not_ready": "the edge is not ready yet",
    "closed": "the edge is stopping",
    "reentered": "the edge is busy",
    "other": "the batch could not be taken",
}
"""Refusals that a sender may try again, and what is said of them; nothing of the batch was stored."""


class Edge:
    """The edge of one data folder."""

    def __init__(
        self, client: Client, sources: Sources, limits: Limits, metrics: EdgeMetrics | None = None
    ) -> None:
        """Make it.

        Args:
            client: Takes the events.
            sources: Who may send.
            limits: How much.
            metrics: Where it is counted.
        """
        self.metrics = metrics or EdgeMetrics()
        self._client = client
        self._sources = sources
        self.limits = limits
        self._rest = rest_of(self.metrics.registry, lambda: True)
        self._answering = 0
        self._waiting = Waiting(client.sync)
        self._intakes = {
            is_browser: Intake(client, limits, is_browser=is_browser)
            for is_browser in (True, False)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] not in (EVENTS, CONSENT):
            await self._rest(scope, receive, send)
            return
        if self._answering >= self.limits.requests_max:
            await later(503, "too many requests at once", BUSY_S).send(send)
            return
        self._answering += 1
        more: Headers = ()
        try:
            answer, more = await self._answer(scope, receive)
        except Exception:  # noqa: BLE001  # outermost loop; the server would log it, with values
            answer = refusal(500, "the edge failed; the batch may be sent again")
        finally:
            self._answering -= 1
        self.metrics.requests.labels("events", str(answer.status)).inc()
        await answer.send(send, more)

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[Answer, Headers]:
        headers = headers_of(scope["headers"])
        source = self._sources.of(_key_of(scope["query_string"]))
        if source is None:
            return refusal(401, "no write key that is known", ["key"]), ()
        origin = headers.get(b"origin")
        if source.is_browser:
            if origin not in source.origins:
                return refusal(403, "this origin may not send with this key", ["origin"]), ()
        elif origin is not None:
            return refusal(403, "this key is for servers, and a page sent it", ["origin"]), ()
        allowed: Headers = ((b"access-control-allow-origin", origin), VARY) if origin else ()
        if scope["method"] == "OPTIONS":
            return Answer(204, b""), (*allowed, *PREFLIGHT)
        if scope["method"] != "POST":
            return refusal(405, "send with POST", headers=((b"allow", b"POST, OPTIONS"),)), allowed
        body = await body_of(headers, receive, self.limits.body_bytes_max)
        if isinstance(body, Answer):
            return body, allowed
        self.metrics.bytes.inc(len(body))
        client = scope.get("client")
        sender = sender_of(headers, client[0] if client else None)
        return await self._events(source, body, sender), allowed

    async def _events(self, source: Source, body: bytes, sender: Sender) -> Answer:
        intake = self._intakes[source.is_browser]
        batch = intake.read(body)
        if isinstance(batch, Answer):
            return batch
        wait_s = source.bucket.take(len(batch.events) + len(batch.refused))
        if wait_s:
            return later(429, "this key sends more than its rate", wait_s)
        taken = 0
        for group in intake.groups_of(batch, sender):
            answers = self._client.emit_all(group.shape.kind, group.events, to=group.to)
            for place, answer in zip(group.places, answers, strict=True):
                if answer:
                    taken += 1
                elif answer.reason in LATER:
                    return later(503, LATER[answer.reason], BUSY_S)
                else:
                    batch.refused.append({"index": place, "reason": answer.reason, "fields": []})
        if taken and not await self._waiting.join():
            return later(503, "the disk did not take the batch", BUSY_S)
        self.metrics.taken.inc(taken)
        if not batch.refused:
            return ALL_TAKEN[taken]
        self.metrics.refused.inc(len(batch.refused))
        return accepted(taken, batch.refused)


PREFLIGHT: Final = (
    (b"access-control-allow-methods", b"POST"),
    (b"access-control-allow-headers", b"content-type, content-encoding"),
    (b"access-control-max-age", PREFLIGHT_S),
)


def _key_of(query: bytes) -> bytes:
    """The write key in a query: ``key=…``, and nothing else is looked at."""
    if query.startswith(b"key=") and b"&" not in query:
        return query[4:]
    for name, value in parse_qsl(query, max_num_fields=8):
        if name == b"key":
            return bytes(value)
    return b""
