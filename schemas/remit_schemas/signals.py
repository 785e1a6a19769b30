"""What a policy says of the signals that browsers send: Global Privacy Control, Do Not Track."""

from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from remit_schemas.category import SIGNALS, Necessity
from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, PurposeTerms, Text


class SignalTerms(Written):
    """What a signal withholds.

    Attributes:
        withholds: Optional purposes that are refused for whoever sends it.
        clause: The sentence it rests on.
        reason: Why it is read so.
    """

    part: ClassVar[str] = "a signal"

    withholds: Annotated[tuple[str, ...], Field(min_length=1)]
    clause: Clause
    reason: Text


def mistakes_of_signals(
    signals: Mapping[str, SignalTerms], purposes: Mapping[str, PurposeTerms]
) -> Iterator[tuple[Place, str]]:
    """Find what no policy with these purposes can say of signals; each with its place in the file."""
    for name, terms in signals.items():
        place = ("signals", name)
        if name not in SIGNALS:
            yield place, f'unknown signal "{name}"{nearest(name, SIGNALS)}'
        if len(set(terms.withholds)) != len(terms.withholds):
            yield (*place, "withholds"), '"withholds" names one twice'
        for key in terms.withholds:
            if key not in purposes:
                words = f'this policy has no purpose "{key}"{nearest(key, purposes)}'
                yield (*place, "withholds"), words
            elif purposes[key].necessity is Necessity.REQUIRED:
                words = f'"{key}" is required, and a signal can only withhold what is optional'
                yield (*place, "withholds"), words
