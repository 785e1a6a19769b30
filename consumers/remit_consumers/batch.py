"""A batch: the events of packs of one contract and one policy version, as Arrow columns, on their way through the steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from remit_consumers.lake.receipt import FieldCount
from remit_schemas.contract import Contract
from remit_schemas.decided import Outcome
from remit_schemas.plan import Plan


@dataclass(frozen=True, slots=True)
class Batch:
    """What the steps hand on to one another. All arrays have one length: the number of events.

    Attributes:
        contract: What every event in it was written with.
        table: The contract's fields under their names; from minimize on, the reduced columns.
        subject: Strings, null where an event has none; plain until minimize, pseudonyms (`reducers.final`) after.
        tenant: Strings.
        pack: Pack ids, dictionary-encoded.
        index: int32, an event's place in its pack; (pack, index) is its identity.
        outcome: The plan under the consent that holds for these events; authorize sets it.
        granted: The optional purposes that their subjects consented to; authorize sets it.
        spare: Fields that are more than is needed, since an alternative before them is there; complete sets it.
        counts: What minimize did to the values, a row for each field and decision.
        visitor: Pseudonyms that never change, to count subjects by; null where there is none, and for visitors without an
            account. Minimize sets it where the plan has a floor and the pseudonyms in `subject` do not do for that, and
            it is never stored.
        filled: Rows that had no value of a field and have `other` now, by field; suppress counts them.
        floored: Rows whose value became `other`, by column; suppress counts them.
        refused: Events refused on the way, by reason.
    """

    contract: Contract
    table: pa.Table
    subject: pa.Array
    tenant: pa.Array
    pack: pa.Array
    index: pa.Array
    outcome: Outcome | None = None
    granted: frozenset[str] = frozenset()
    spare: frozenset[str] = frozenset()
    counts: tuple[FieldCount, ...] = ()
    visitor: pa.Array | None = None
    filled: Mapping[str, int] = field(default_factory=dict)
    floored: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)

    @property
    def events(self) -> int:
        """How many events are left in the batch."""
        return len(self.index)

    def at(self, places: npt.NDArray[np.int64]) -> "Batch":
        """Give some rows of it, in their order."""
        if len(places) == self.events:
            return self
        taken = pa.array(places)
        return replace(
            self,
            table=self.table.take(taken),
            subject=self.subject.take(taken),
            tenant=self.tenant.take(taken),
            pack=self.pack.take(taken),
            index=self.index.take(taken),
        )


Step = Callable[[Batch, Plan], Batch]
"""A step of the pipeline: a function on a batch of columns. It never loops over events in Python."""

Split = Callable[[Batch, Plan], Sequence[tuple[Batch, Plan]]]
"""Parts a batch: every event stands in one part, and each part has its own outcome and the plan that governs it."""

Entitle = Callable[[Batch, Plan], tuple[Batch, Mapping[str, int]]]
"""Gives the events that may be taken, and how many may not, by reason."""
