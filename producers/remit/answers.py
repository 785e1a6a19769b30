"""What subjects have answered, as far as this process knows: to which policy version, and which purposes they refused.

The ledger of the consumers is the truth. This is a bounded memory that lets a source hold back at once what is refused.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, TypeAlias

ANSWERS_MAX: Final = (
    50_000  # subjects remembered: some 20 MB; whoever answered longest ago goes first
)
NAMES_BYTES_MAX: Final = 16 << 20  # and what their names may take: one can have 65,535 bytes

Who: TypeAlias = tuple[str | None, str | None]
"""Subject and tenant: a name means another person to each tenant. No subject is the app as a whole."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one subject has answered.

    Attributes:
        version: The policy version that was answered last; None before.
        withheld: Optional purposes refused or withdrawn; a new policy version does not undo that.
        signalled: Signals (gpc, dnt) that were recorded as refusals, each with the policy version of then.
    """

    version: str | None = None
    withheld: frozenset[str] = frozenset()
    signalled: frozenset[tuple[str, str]] = frozenset()


NO_ANSWER: Final = Answer()


class Answers:
    """The answers that this process knows. Under the gate's lock, save `withholding`.

    Attributes:
        withholding: Subjects of whom anything is withheld, with the number of tenants that it is so for; `emit` looks
            here without a lock.
    """

    def __init__(self) -> None:
        self.withholding: dict[str, int] = {}
        self._known: OrderedDict[Who, Answer] = OrderedDict()
        self._names_bytes = 0

    def of(self, who: Who) -> Answer:
        """Give what is known of a subject."""
        return self._known.get(who, NO_ANSWER)

    def note(self, who: Who, answer: Answer) -> None:
        """Remember an answer in place of the one before."""
        if (
            answer.withheld and who[0] is not None
        ):  # first: `emit` must never find them gone between
            self.withholding[who[0]] = self.withholding.get(who[0], 0) + 1
        self._forget(who)
        self._known[who] = answer
        self._names_bytes += _names_bytes(who)
        while len(self._known) > ANSWERS_MAX or self._names_bytes > NAMES_BYTES_MAX:
            self._forget(next(iter(self._known)))

    def _forget(self, who: Who) -> None:
        answer = self._known.pop(who, None)
        if answer is None:
            return
        self._names_bytes -= _names_bytes(who)
        if answer.withheld and who[0] is not None:
            tenants = self.withholding[who[0]] - 1
            if tenants:
                self.withholding[who[0]] = tenants
            else:
                del self.withholding[who[0]]


def _names_bytes(who: Who) -> int:
    """What the names take, at least: a character has one byte or more."""
    return sum(len(name) for name in who if name)
