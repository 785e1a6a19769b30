"""Opened packs for tests of what comes after opening: valid by default, one argument changes the one thing under test."""

from collections.abc import Sequence

import numpy as np

from remit import PageView
from remit_consumers.lake.reasons import Elsewhere, Reason
from remit_consumers.source.base import Sealed
from remit_consumers.steps.open import Datums, Failed, Fate, Opened
from remit_schemas.category import Necessity
from remit_schemas.codec import encoder
from remit_schemas.contract import builtin
from remit_schemas.event import Event
from remit_schemas.events import EVENTS
from remit_schemas.header import FORM_BODY, Header
from remit_schemas.pack import Counts
from remit_schemas.policy import find_policy

PRODUCER = b"p" * 16
PAGE_VIEW = builtin().by_name("page_view")
VERSION = find_policy().version
CONSENT_CHANGE = builtin().by_name("consent_change")
_ENCODERS = {kind: encoder(builtin().by_name(name)) for kind, name in EVENTS.items()}


def make_datums(
    events: Sequence[Event] = (PageView(ip="203.0.113.7", page="/a", status=200),),
    subjects: Sequence[str | None] = (),
    malformed: Sequence[int] = (),
) -> Datums:
    """The events of a pack; places in `malformed` are left out of the index."""
    datums = [_ENCODERS[type(event)](event) for event in events]
    named = [(subject or "").encode() for subject in subjects] or [b""] * len(datums)
    places = [n for n in range(len(datums) + len(malformed)) if n not in malformed]
    return Datums(
        lengths=np.array([len(datum) for datum in datums], np.int64),
        data=b"".join(datums),
        subject_lengths=np.array([len(subject) for subject in named], np.int64),
        subjects=b"".join(named),
        index=np.array(places, np.int64),
        malformed=np.array(malformed, np.int64),
    )


def make_header(sequence: int = 1, **changed: object) -> Header:
    """The header of a pack of page views."""
    values: dict[str, object] = {
        "form": FORM_BODY,
        "producer": PRODUCER,
        "lane": 0,
        "sequence": sequence,
        "fingerprint": PAGE_VIEW.fingerprint,
        "necessity": Necessity.REQUIRED,
        "count": 1,
        "key_id": bytes(8),
        "wrapped_key": b"",
        "nonce": bytes(12),
        "policy_version": VERSION,
        "tenant": "",
        "counts": Counts(),
    }
    return Header(**{**values, **changed})  # type: ignore[arg-type]


def make_opened(
    sequence: int = 1, *, offset: int | None = None, datums: Datums | None = None, **changed: object
) -> Opened:
    """One opened pack on partition 0; its offset is its sequence unless given."""
    sealed = Sealed(0, sequence if offset is None else offset, b"sealed", 1000.0)
    return Opened(
        make_header(sequence, **changed),
        sealed,
        make_datums() if datums is None else datums,
        b"h" * 32,
    )


def make_failed(
    fate: Fate,
    reason: Reason | Elsewhere,
    *,
    offset: int = 1,
    header: Header | None = None,
    count: int = 1,
) -> Failed:
    """One pack that did not open."""
    return Failed(Sealed(0, offset, b"sealed", 1000.0), header, fate, reason, count, b"h" * 32)
