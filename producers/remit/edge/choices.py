"""What people say of purposes, from a banner or a settings page: checked against the policy in force, then events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from remit.batched import Answers, BatchClient
from remit.bunch import Bunch
from remit.edge.answer import Answer, conflict, refusal
from remit.edge.intake import Group, wrong_of
from remit.edge.published import Published
from remit.edge.wire import Choice, has_doubles
from remit.open_pack import Note
from remit_schemas.category import CHANNELS, METHODS
from remit_schemas.events import ConsentChange
from remit_schemas.subject import visitor

SAID: Final = ("given", "refused", "withdrawn")
CHOICE: Final = msgspec.json.Decoder(Choice)


@dataclass(slots=True)
class Changes(Group):
    """The events of a choice, one for each purpose, and for what became of the policy.

    Attributes:
        changes: They, as such.
    """

    changes: Sequence[ConsentChange]

    def emit(self, client: BatchClient, note: Note | None) -> Answers:
        """Emit them, and have the client go by them."""
        return client.choose(self.changes, self.bunch, note)


@dataclass(frozen=True, slots=True)
class Said:
    """A choice that can be recorded.

    Attributes:
        choice: As it was sent.
        changes: An event for each purpose.
    """

    choice: Choice
    changes: Changes


def read_choice(body: bytes, published: Published, *, is_browser: bool) -> Said | Answer:
    """Read a choice, or say why it is none that can be recorded."""
    try:
        choice = CHOICE.decode(body)
    except msgspec.ValidationError:
        return refusal(422, "the body is no choice", wrong_of(body, Choice))
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return refusal(400, "the body is not JSON")
    if has_doubles(body, choice):
        return refusal(422, "a key stands twice in one object")
    if choice.policy_version != published.version:
        return conflict("another policy version is in force", published.version)
    subject, wrong = _subject_of(choice, is_browser=is_browser)
    wrong += _wrong_of(choice, published.optional_purposes)
    if wrong or subject is None:
        return refusal(422, "this choice cannot be recorded", wrong)
    changes = _changes(choice)
    bunch = Bunch(ConsentChange, changes, subject, choice.tenant or "")
    return Said(choice, Changes("consent_change", bunch, range(len(changes)), changes))


def _subject_of(choice: Choice, *, is_browser: bool) -> tuple[str | None, list[str]]:
    if is_browser:
        wrong = [n for n in ("session", "batch", "sent_at") if getattr(choice, n) is None]
        wrong += [n for n in ("subject", "tenant") if getattr(choice, n) is not None]
        return (None if choice.session is None else visitor(choice.session)), wrong
    if (choice.session is None) != (choice.batch is None):
        return None, ["session", "batch"]
    if choice.subject is None and choice.session is not None:
        return visitor(choice.session), []
    return choice.subject, [] if choice.subject else ["subject"]


def _wrong_of(choice: Choice, optional: frozenset[str]) -> list[str]:
    """Name what the policy leaves to nobody, what is said twice, and a method that is none."""
    wrong = [name for name in SAID if not optional.issuperset(getattr(choice, name))]
    said = [purpose for name in SAID for purpose in getattr(choice, name)]
    if not (said or choice.policy) or len(set(said)) != len(said):
        wrong += [name for name in SAID if name not in wrong]
    if len(set(choice.policy)) != len(choice.policy):
        wrong.append("policy")
    if choice.channel is not None and choice.channel not in CHANNELS:
        wrong.append("channel")
    return wrong if choice.method in METHODS else [*wrong, "method"]


def _changes(choice: Choice) -> list[ConsentChange]:
    said = [(purpose, status) for status in SAID for purpose in getattr(choice, status)]
    return [
        ConsentChange(
            purpose=purpose,
            status=status,
            agreed_version=choice.policy_version,
            method=choice.method,
            channel=choice.channel,
        )
        for purpose, status in [*said, *((None, status) for status in choice.policy)]
    ]
