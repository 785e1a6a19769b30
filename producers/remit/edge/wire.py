"""What senders write: msgspec structs made from the contracts, and what of a misfit may be said to them.

A struct has every field of its contract, so that the contract's encoder reads it as it stands. Fields that the edge fills
must come empty; `Shape.filled` names them.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta, Struct, ValidationError

from remit_schemas.contract import Contract, Field, builtin
from remit_schemas.events import EVENTS, ConsentChange, PageView
from remit_schemas.together import EncodeTogether, compile_together

TEXT_CHARACTERS_MAX: Final = (
    8192  # of one value: what browsers and servers let through as an address
)
NAME_CHARACTERS_MAX: Final = 255  # of a subject or tenant
TIME_MS_MAX: Final = 253_402_300_799_999  # the end of the year 9999
BATCH_MAX: Final = 2**53 - 1  # the largest whole number that every JSON reader keeps
PURPOSES_MAX: Final = 64

Text = Annotated[str, Meta(max_length=TEXT_CHARACTERS_MAX)]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
Session = Annotated[str, Meta(pattern=r"\A[A-Za-z0-9_-]{22}\Z")]
Time = Annotated[int, Meta(ge=0, le=TIME_MS_MAX)]
Batch = Annotated[int, Meta(ge=1, le=BATCH_MAX)]

_TYPES: Final[dict[str, Any]] = {
    "string": Text,
    "int": Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)],
    "long": Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)],
    "double": float,
    "boolean": bool,
}
EDGE_FILLS: Final = ("ip", "user_agent", "language", "platform")
"""What the edge takes from a browser's request itself; what a browser would say of it is refused."""


@dataclass(frozen=True, slots=True)
class Shape:
    """One contract as one kind of sender writes it.

    Attributes:
        contract: Its name.
        kind: Its event class.
        struct: What its events are decoded to.
        filled: Fields that the edge fills for this kind of sender, `collected_at` not among them.
        names: Every name that a sender may write.
        encode: Writes events at once whose filled fields, and `collected_at`, come from elsewhere.
    """

    contract: str
    kind: type
    struct: type[Struct]
    filled: tuple[str, ...]
    names: frozenset[str]
    encode: EncodeTogether


class Whose(Struct, gc=False):
    """Whose an event of a server is."""

    subject: Name | None = None
    tenant: Name | None = None


def _shape(kind: type, *, is_browser: bool) -> Shape:
    contract = builtin().by_name(EVENTS[kind])
    filled = tuple(f.name for f in contract.fields if f.name in EDGE_FILLS) if is_browser else ()
    fields: list[tuple[str, Any, Any] | tuple[str, Any]] = [("occurred_at", Time)]
    fields += [
        (field.name, _type(field), None) for field in contract.fields if field.name != "occurred_at"
    ]
    struct = msgspec.defstruct(
        contract.name,
        fields,
        bases=None if is_browser else (Whose,),
        forbid_unknown_fields=True,
        tag_field="contract",
        tag=contract.name,
        omit_defaults=True,
        gc=False,
        kw_only=True,
    )
    return Shape(
        contract=contract.name,
        kind=kind,
        struct=struct,
        filled=filled,
        names=_names(contract, filled, is_browser),
        encode=compile_together(contract, frozenset((*filled, "collected_at"))),
    )


def _names(contract: Contract, filled: Iterable[str], is_browser: bool) -> frozenset[str]:  # noqa: FBT001  # of this module only
    own = {field.name for field in contract.fields} - {*filled, "collected_at"}
    return frozenset(own if is_browser else own | set(Whose.__struct_fields__))


def _type(field: Field) -> Any:  # noqa: ANN401  # a type, made at run time
    plain: Any = Time if field.logical else _TYPES[field.avro_type]
    return plain | None


class Head(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """What every body begins with.

    Attributes:
        session: Random for each session; a server may have none.
        batch: Counts a session's batches; with `session` it tells a batch that came again.
        sent_at: When it was sent, by the sender's clock, in milliseconds since 1970.
    """

    session: Session | None = None
    batch: Batch | None = None
    sent_at: Time | None = None


class Unread(Head, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """A batch whose events are looked at one by one, because they do not all fit."""

    events: list[msgspec.Raw]


class Choice(Head, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False):
    """What somebody said of purposes, or of the policy.

    Attributes:
        given: Purposes agreed to.
        refused: Purposes refused.
        withdrawn: Purposes no longer agreed to.
        policy: What became of the version itself: it was shown, or agreed to expressly.
        channel: By which way.
        method: How it was said.
        policy_version: The version that was shown.
        subject: Whose choice it is, from a server; a browser's is its session's.
        tenant: Whose customer that is, from a server.
    """

    given: Annotated[list[Name], Meta(max_length=PURPOSES_MAX)] = []
    refused: Annotated[list[Name], Meta(max_length=PURPOSES_MAX)] = []
    withdrawn: Annotated[list[Name], Meta(max_length=PURPOSES_MAX)] = []
    policy: Annotated[list[Literal["notified", "accepted"]], Meta(max_length=2)] = []
    channel: Name | None = None
    method: Name
    policy_version: Name
    subject: Name | None = None
    tenant: Name | None = None


OF_SERVERS: Final[tuple[type, ...]] = (
    PageView,
    *(kind for kind in EVENTS if kind not in {PageView, ConsentChange}),
)
"""What a server may write: every event but an answer, which is a choice and has a door of its own."""


class Wire:
    """What one kind of sender may write.

    Attributes:
        shapes: By the struct its events are decoded to.
        pages: That of page views.
        batch: Decodes a whole body to the fields of `Head` and ``events``.
    """

    def __init__(self, *, is_browser: bool) -> None:
        kinds: tuple[type, ...] = (PageView,) if is_browser else OF_SERVERS
        self._is_browser = is_browser
        shapes = [_shape(kind, is_browser=is_browser) for kind in kinds]
        self.shapes = {shape.struct: shape for shape in shapes}
        self.pages = shapes[0]
        self._by_name = {shape.contract: shape for shape in shapes}
        union: Any = shapes[0].struct
        for shape in shapes[1:]:
            union |= shape.struct
        whole = msgspec.defstruct(
            "batch",
            [("events", list[union])],
            bases=(Head,),
            forbid_unknown_fields=True,
            omit_defaults=True,
            kw_only=True,
            gc=False,
        )
        self.batch = msgspec.json.Decoder(whole)
        self._decoders = {shape.contract: msgspec.json.Decoder(shape.struct) for shape in shapes}

    def event(self, raw: msgspec.Raw) -> "Struct | Misfit":
        """Read one event, or say what of it does not fit; never a value."""
        try:
            written = msgspec.json.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return Misfit("does_not_fit")
        if not isinstance(written, dict):
            return Misfit("does_not_fit")
        contract = written.pop("contract", None)
        shape = self._by_name.get(contract) if isinstance(contract, str) else None
        if shape is None:
            return Misfit("unknown_contract", ("contract",))
        try:
            event: Struct = self._decoders[shape.contract].decode(raw)
        except (ValidationError, msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return _misfit_of(shape, written)
        return event


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why an event was refused, in words that the edge chose.

    Attributes:
        reason: One of `remit_schemas.pack.REASONS`.
        fields: The contract's fields that are wrong, missing, or nearest to a name that it does not have.
        unknown: How many names the contract does not have; they are the sender's words and not repeated.
        kind: The event class of the contract, where it is one.
    """

    reason: str
    fields: tuple[str, ...] = ()
    unknown: int = 0
    kind: type | None = None


def _misfit_of(shape: Shape, written: dict[str, object]) -> Misfit:
    """Find every field that does not fit, by asking for each alone."""
    unknown = [name for name in written if name not in shape.names]
    hints = {
        near for name in unknown for near in get_close_matches(name[:64], shape.names, n=1)
    } | (set(unknown) & {*shape.filled, "collected_at"})
    types = shape.struct.__annotations__
    wrong = {n for n in shape.names & written.keys() if not fits(written[n], _of(shape, types, n))}
    missing = {"occurred_at"} - written.keys()
    return Misfit("does_not_fit", tuple(sorted(wrong | missing | hints)), len(unknown), shape.kind)


def _of(shape: Shape, types: dict[str, Any], name: str) -> Any:  # noqa: ANN401  # a type, made at run time
    return types[name] if name in types else shape.struct.__mro__[1].__annotations__[name]


def fits(value: object, wanted: Any) -> bool:  # noqa: ANN401  # a type, made at run time
    """Whether a value that was read is of a type."""
    try:
        msgspec.convert(value, wanted)
    except ValidationError:
        return False
    return True


def has_doubles(body: bytes, decoded: Struct) -> bool:
    """Whether an object of a body has a key twice; readers disagree on which one counts, so neither does.

    msgspec takes the last and says nothing. Written again, the decoded body has one colon for each key and those of its
    texts: as many as the body, unless a key stood twice, a null was written out, or something was escaped. Only then is it
    read a second time: that takes ten times as long.
    """
    if b"\\" not in body and msgspec.json.encode(decoded).count(b":") == body.count(b":"):
        return False
    try:
        json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        return True
    return False


def _once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found
