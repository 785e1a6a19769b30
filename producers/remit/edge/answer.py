"""What the edge answers: JSON that names fields and limits, never a value, as the two messages of ASGI."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from remit.edge.limits import BATCH_EVENTS_MAX

Send = Any
"""ASGI's `send`; its messages are dicts of anything."""

Headers = Sequence[tuple[bytes, bytes]]

JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a JSON object.

    Attributes:
        status: Of HTTP.
        body: JSON as bytes.
        headers: Beside those that every answer has.
    """

    status: int
    body: bytes
    headers: Headers = field(default=())

    async def send(self, send: Send, more: Headers = ()) -> None:
        """Send it."""
        length = (b"content-length", b"%d" % len(self.body))
        headers = [JSON, NO_STORE, length, *self.headers, *more]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def accepted(
    events: int,
    refused: Sequence[dict[str, object]] = (),
    *,
    duplicate: bool = False,
    records: Sequence[str] = (),
) -> Answer:
    """Answer a batch that is taken, or was before; `records` names what was said, in the ledger's own words."""
    said: dict[str, object] = {"accepted": events}
    if records:
        said["records"] = [*records]
    if duplicate:
        said["duplicate"] = True
    said["refused"] = [*refused]
    return Answer(202, _bytes(said))


def refusal(status: int, error: str, fields: Iterable[str] = (), headers: Headers = ()) -> Answer:
    """Answer what is not taken: one sentence, and names of fields."""
    return Answer(status, _bytes({"error": error, "fields": [*fields]}), headers)


def nothing_fits(refused: Sequence[dict[str, object]]) -> Answer:
    """Answer a batch of which no event could be read."""
    error = "no event of the batch fits its contract"
    return Answer(422, _bytes({"error": error, "fields": [], "accepted": 0, "refused": [*refused]}))


def conflict(error: str, version: str) -> Answer:
    """Answer a choice about another policy version than the one in force, which is named: it is public."""
    return Answer(
        409, _bytes({"error": error, "policy_version": version, "fields": ["policy_version"]})
    )


def later(status: int, error: str, seconds: float) -> Answer:
    """Answer what may be taken after a while: 429 and 503."""
    wait = max(1, int(seconds + 0.999))
    return refusal(status, error, headers=((b"retry-after", b"%d" % wait),))


def _bytes(said: dict[str, object]) -> bytes:
    return json.dumps(said, separators=(",", ":")).encode()


ALL_TAKEN: Final = tuple(accepted(events) for events in range(BATCH_EVENTS_MAX + 1))
"""The usual answers, made once."""
