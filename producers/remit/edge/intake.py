"""From a body to events in the spool: decoded, checked, filled in, emitted together."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from typing import Any, Final

import msgspec
import msgspec.structs
from msgspec import Struct

from remit.batched import Answers, BatchClient
from remit.bunch import Bunch
from remit.edge.answer import Answer, refusal
from remit.edge.limits import AHEAD_MS, Limits
from remit.edge.request import Sender
from remit.edge.wire import Misfit, Shape, Unread, Wire, fits, has_doubles
from remit.open_pack import Note
from remit_schemas.event import NS_PER_MS
from remit_schemas.subject import visitor

RAW_LIMIT_MS: Final = 72 * 3600 * 1000
"""Nothing older is taken: at that age a sealed event can no longer be opened (DESIGN D2)."""

PLATFORM: Final = "web"
UNKNOWN_MAX: Final = 8
"""Names that a body may not have for which the nearest is looked for: each costs microseconds."""

UNREAD: Final = msgspec.json.Decoder(Unread)

Refusals = list[dict[str, object]]


@dataclass(slots=True)
class Batch:
    """A batch as it was read.

    Attributes:
        head: Session, number and time of sending.
        events: Those that fit, with their places in the batch.
        refused: What is said of the others.
    """

    head: Any
    events: Sequence[Struct]
    places: Sequence[int]
    refused: Refusals


@dataclass(slots=True)  # not frozen: made for every request, in a third of the time
class Clock:
    """The edge's time, and how far a sender's is from it, in milliseconds.

    Attributes:
        now: Since 1970.
        shift: To be added to the sender's times: by `sent_at` its clock is years off, or right.
    """

    now: int
    shift: int

    @property
    def oldest(self) -> int:
        """The earliest time that an event may have, on the edge's clock."""
        return self.now - RAW_LIMIT_MS

    @property
    def newest(self) -> int:
        """The latest."""
        return self.now + AHEAD_MS


@dataclass(slots=True)  # not frozen: made for every request, in a third of the time
class Shared:
    """What all events of one request have in common: its sender says it, or the edge's clock.

    Attributes:
        collected_at: Milliseconds since 1970.
        ip: Of the client.
        user_agent: With Client Hints.
        language: As sent.
        platform: What the sender uses.
    """

    collected_at: int
    ip: str | None = None
    user_agent: str | None = None
    language: str | None = None
    platform: str | None = None


@dataclass(slots=True)  # not frozen: made for every request, in a third of the time
class Group:
    """Events of a batch that go into one pack together.

    Attributes:
        contract: Their contract.
        bunch: They, for the client.
        places: Of each, in the batch.
    """

    contract: str
    bunch: Bunch
    places: Sequence[int]

    def emit(self, client: BatchClient, note: Note | None) -> Answers:
        """Emit them."""
        return client.emit_all(self.bunch, note)


class Intake:
    """Takes the batches of one kind of sender."""

    def __init__(self, client: BatchClient, limits: Limits, *, is_browser: bool) -> None:
        self._client = client
        self._limits = limits
        self._is_browser = is_browser
        self._wire = Wire(is_browser=is_browser)

    def read(self, body: bytes) -> Batch | Answer:
        """Read a body; an event that does not fit is refused alone, a body that is no batch as a whole."""
        try:
            whole: Any = self._wire.batch.decode(body)
        except (msgspec.ValidationError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return self._read_singly(body)
        answer = self._misfit_of_head(body, whole, len(whole.events))
        if answer is not None:
            return answer
        return Batch(whole, whole.events, range(len(whole.events)), [])

    def _read_singly(self, body: bytes) -> Batch | Answer:
        try:
            unread = UNREAD.decode(body)
        except msgspec.ValidationError:
            return refusal(422, "the body is no batch", wrong_of(body, Unread))
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return refusal(400, "the body is not JSON")
        answer = self._misfit_of_head(body, unread, len(unread.events))
        if answer is not None:
            return answer
        batch = Batch(unread, [], [], [])
        events, places = [], []
        for place, raw in enumerate(unread.events):
            event = self._wire.event(raw)
            if isinstance(event, Misfit):
                batch.refused.append(self._refuse(place, event))
            else:
                events.append(event)
                places.append(place)
        batch.events, batch.places = events, places
        return batch

    def _misfit_of_head(self, body: bytes, head: Any, events: int) -> Answer | None:  # noqa: ANN401  # structs made at run time
        most = self._limits.batch_events_max
        if not 1 <= events <= most:
            return refusal(413 if events else 422, f"a batch has 1 to {most} events", ["events"])
        if self._is_browser and (
            head.session is None or head.batch is None or head.sent_at is None
        ):
            missing = [n for n in ("session", "batch", "sent_at") if getattr(head, n) is None]
            return refusal(422, "a browser's batch says its session, number and time", missing)
        if (head.session is None) != (head.batch is None):
            return refusal(422, "session and batch come together", ["session", "batch"])
        if has_doubles(body, head):
            return refusal(422, "a key stands twice in one object")
        return None

    def groups_of(self, batch: Batch, sender: Sender) -> list[Group]:
        """Bring events on the edge's clock, and group them by contract and subject."""
        now = time.time_ns() // NS_PER_MS
        sent_at = batch.head.sent_at
        clock = Clock(now, 0 if sent_at is None else now - sent_at)
        if self._is_browser:
            return self._pages_of(batch, sender, clock)
        return self._groups_of(batch, clock)

    def _pages_of(self, batch: Batch, sender: Sender, clock: Clock) -> list[Group]:
        """Take page views of a browser; written out, because it runs for every event."""
        shift, oldest, newest = clock.shift, clock.oldest, clock.newest
        events: Any = batch.events
        ready, places = [], []
        for place, event in zip(batch.places, events, strict=True):
            event.occurred_at = at = event.occurred_at + shift
            if (
                oldest <= at <= newest
                and event.ip is None
                and event.user_agent is None
                and event.language is None
                and event.platform is None
                and event.collected_at is None
            ):
                ready.append(event)
                places.append(place)
            else:
                self._refuse_filled(batch, place, event, clock)
        if not ready:
            return []
        shared = Shared(clock.now, sender.ip, sender.user_agent, sender.language, PLATFORM)
        whose = visitor(batch.head.session), "", sender.signals
        return [self._group(self._wire.pages, ready, places, whose, shared)]

    def _groups_of(self, batch: Batch, clock: Clock) -> list[Group]:
        session = batch.head.session
        mine = None if session is None else visitor(session)
        found: dict[tuple[type, str | None, str], tuple[list[Struct], list[int]]] = {}
        events: Any = batch.events
        for place, event in zip(batch.places, events, strict=True):
            event.occurred_at = at = event.occurred_at + clock.shift
            if event.collected_at is not None or not clock.oldest <= at <= clock.newest:
                self._refuse_filled(batch, place, event, clock)
                continue
            whose = type(event), event.subject or mine, event.tenant or ""
            ready, places = found.setdefault(whose, ([], []))
            ready.append(event)
            places.append(place)
        return [
            self._group(self._wire.shapes[kind], *taken, (subject, tenant, ()), Shared(clock.now))
            for (kind, subject, tenant), taken in found.items()
        ]

    @staticmethod
    def _group(
        shape: Shape,
        events: list[Struct],
        places: list[int],
        whose: tuple[str | None, str, tuple[str, ...]],
        shared: Shared,
    ) -> Group:
        bunch = Bunch(
            shape.kind,
            events,
            *whose,
            encode=partial(shape.encode, events, shared),
            fill=partial(_fill, shape, events, shared),
        )
        return Group(shape.contract, bunch, places)

    def _refuse_filled(self, batch: Batch, place: int, event: Any, clock: Clock) -> None:  # noqa: ANN401  # a struct made at run time
        shape = self._wire.shapes[type(event)]
        wrong = [n for n in (*shape.filled, "collected_at") if getattr(event, n) is not None]
        if not clock.oldest <= event.occurred_at <= clock.newest:
            wrong.append("occurred_at")
        batch.refused.append(self._refuse(place, Misfit("does_not_fit", tuple(wrong)), shape.kind))

    def _refuse(self, place: int, misfit: Misfit, kind: type | None = None) -> dict[str, object]:
        """Count an event that did not fit, and say why."""
        self._client.refuse(kind or misfit.kind, misfit.reason)
        said: dict[str, object] = {
            "index": place,
            "reason": misfit.reason,
            "fields": [*misfit.fields],
        }
        return {**said, "unknown_fields": misfit.unknown} if misfit.unknown else said


def _fill(shape: Shape, events: Sequence[Struct], shared: Shared) -> None:
    for event in events:
        for name in (*shape.filled, "collected_at"):
            setattr(event, name, getattr(shared, name))


def wrong_of(body: bytes, wanted: type[Struct]) -> list[str]:
    """Name what of a body's own fields does not fit or is missing; of a name that it may not have, the nearest it may."""
    try:
        written = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return []
    if not isinstance(written, dict):
        return []
    fields = {field.name: field for field in msgspec.structs.fields(wanted)}
    types = {name: list if name == "events" else field.type for name, field in fields.items()}
    wrong = [name for name in fields if name in written and not fits(written[name], types[name])]
    wrong += [name for name, field in fields.items() if field.required and name not in written]
    unknown = [name[:64] for name in written if name not in fields][:UNKNOWN_MAX]
    near = [one for name in unknown for one in get_close_matches(name, fields, n=1)]
    return wrong + [name for name in dict.fromkeys(near) if name not in wrong]
