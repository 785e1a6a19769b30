"""What a source has counted, for each lane, contract and tenant."""

from types import MappingProxyType

from remit_schemas.category import Necessity
from remit_schemas.pack import Counts


class Account:
    """Counts of one (lane, contract, tenant), cumulative over the life of a producer id. Guarded by the packer's lock.

    Attributes:
        offered: Events offered, without those of packs that are still open.
        let_go: Events accepted and dropped later for a full spool.
        refused: Events refused, by reason.
        necessity: Of the contract.
        is_told: Whether a closed pack carries these very counts.
    """

    __slots__ = ("is_told", "let_go", "necessity", "offered", "refused")

    def __init__(self, necessity: Necessity) -> None:
        self.necessity = necessity
        self.offered = 0
        self.let_go = 0
        self.refused: dict[str, int] = {}
        self.is_told = True

    def refuse(self, reason: str, events: int = 1) -> None:
        """Count events offered and refused."""
        self.offered += events
        self.refused[reason] = self.refused.get(reason, 0) + events
        self.is_told = False

    def counts(self) -> Counts:
        """Give the counts as a header carries them."""
        return Counts(self.offered, self.let_go, MappingProxyType(dict(self.refused)))
