"""How many events of a contract a policy wants: a share of the subjects, or so many in a time."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, ClassVar, Final

from pydantic import Field

from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.policy_file import Place, Written
from remit_schemas.rule import Clause, Duration, Text, Word

SAMPLE: Final = re.compile(r"1 of ([1-9]\d{0,5})")
SAMPLE_MIN: Final = 2  # one of one is everything
EVENTS_MAX: Final = 1 << 40  # far beyond what a process can emit in a year


class Volume(Written):
    """How many events of one contract are taken.

    Attributes:
        event: Name of the contract.
        sample: `1 of 10`: every tenth subject, wholly; every tenth event where there is no subject.
        events_max: So many of them in each window, for each process.
        window: How long that is.
        clause: The sentence it rests on.
        reason: Why, and where its numbers come from.
    """

    part: ClassVar[str] = "a volume"

    event: Word
    sample: Text | None = None
    events_max: Annotated[int, Field(ge=1, le=EVENTS_MAX, strict=True)] | None = None
    window: Duration | None = None
    clause: Clause
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if self.sample is None and self.events_max is None:
            yield (), 'a volume says "sample", or "events_max" and "window", or all three'
        if (self.events_max is None) != (self.window is None):
            yield (), '"events_max" and "window" go together'
        if self.sample is not None and self.sample_of < SAMPLE_MIN:
            yield ("sample",), 'must be such as "1 of 10"'
        if self.event == CONSENT_CHANGE:
            yield ("event",), "what people say of their consent is never left out"

    @property
    def sample_of(self) -> int:
        """Of how many subjects one is taken; 0 where the text says no such thing."""
        match = SAMPLE.fullmatch(self.sample) if self.sample else None
        return int(match[1]) if match else 0

    @property
    def share(self) -> float:
        """The share of subjects that is taken: 1.0 is all."""
        return 1 / self.sample_of if self.sample else 1.0

    @property
    def rate(self) -> float:
        """Events in an hour at most, for each process; endless where nothing is said."""
        if self.events_max is None or self.window is None:
            return float("inf")
        return self.events_max / (self.window / timedelta(hours=1))
