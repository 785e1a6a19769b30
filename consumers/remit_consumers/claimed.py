"""The partitions that are ours: where the lake says that each stands, and how far reading has come."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from remit_consumers.gather import Marks, Partition
from remit_consumers.grouped import Identity
from remit_consumers.lake.flush import Claim


@dataclass(slots=True)
class Claimed:
    """What was claimed and not given back.

    Attributes:
        partitions: By number.
        marks: Of all of them together, what is gathered included.
        read: Packs whose events a crash left in the lake already.
        recorded: Packs whose consent changes it left in the ledger.
    """

    partitions: dict[int, Partition] = field(default_factory=dict)
    marks: Marks = field(default_factory=dict)
    read: set[Identity] = field(default_factory=set)
    recorded: set[Identity] = field(default_factory=set)

    def add(self, claims: Mapping[int, Claim]) -> None:
        """Have partitions more, as the lake says that they stand."""
        for number, claim in claims.items():
            at = claim.position or 0
            self.partitions[number] = Partition(at, at, claim.done)
            self.read |= claim.read
            self.recorded |= claim.recorded
            for lane, sequence in claim.marks.items():
                self.marks[lane] = max(sequence, self.marks.get(lane, 0))

    def touched(self) -> dict[int, Partition]:
        """The partitions of which something is gathered."""
        return {
            number: each
            for number, each in self.partitions.items()
            if each.reached > each.committed
        }
