"""What a source has counted, for each lane, contract and tenant."""

from types import MappingProxyType

from remit_schemas.category import Necessity
from remit_schemas.pack import Counts


class Account:
    """Counts of one (lane, contract, tenant), cumulative over the life of a producer id. Under the packer's lock.

    Attributes:
        lane: The lane.
        fingerprint: Of the contract.
        tenant: The tenant; empty without one.
        necessity: Of the contract.
        offered: Events offered, without those of packs that are still open.
        let_go: Events accepted and dropped later for a full spool.
        refused: Events refused, by reason.
        is_told: Whether a closed pack carries these very counts.
    """

    __slots__ = (
        "fingerprint",
        "is_told",
        "lane",
        "let_go",
        "necessity",
        "offered",
        "refused",
        "tenant",
    )

    def __init__(
        self, lane: int, fingerprint: bytes, necessity: Necessity, tenant: str = ""
    ) -> None:
        self.lane = lane
        self.fingerprint = fingerprint
        self.tenant = tenant
        self.necessity = necessity
        self.offered = 0
        self.let_go = 0
        self.refused: dict[str, int] = {}
        self.is_told = True

    def refuse(self, reason: str, events: int = 1) -> None:
        """Count events offered and refused; a signal's handler may count here in the middle of it."""
        self.refused.setdefault(reason, 0)
        # From here on nothing is called: no handler comes between the counts, nor between reading one and writing it.
        self.offered += events
        self.refused[reason] += events
        self.is_told = False

    def counts(self) -> Counts:
        """Give the counts as a header carries them."""
        return Counts(self.offered, self.let_go, MappingProxyType(dict(self.refused)))


class Accounts(dict[tuple[int, bytes, str], Account]):
    """All accounts of a producer id, by lane, fingerprint and tenant. Under the packer's lock."""

    def of(self, lane: int, fingerprint: bytes, necessity: Necessity, tenant: str) -> Account:
        """Give an account, opened where there is none; arguments as in `Account`."""
        key = lane, fingerprint, tenant
        account = self.get(key)
        if account is None:  # a signal's handler may open it in between: whoever comes first has
            account = self.setdefault(key, Account(lane, fingerprint, necessity, tenant))
        return account

    def untold(self) -> list[Account]:
        """Give the accounts whose counts no pack carries yet."""
        return [account for account in list(self.values()) if not account.is_told]

    def total(self) -> Counts:
        """Add the counts of all accounts up."""
        offered = let_go = 0
        refused: dict[str, int] = {}
        for account in list(self.values()):  # a signal's handler may open another
            offered += account.offered
            let_go += account.let_go
            for reason, n in list(account.refused.items()):
                refused[reason] = refused.get(reason, 0) + n
        return Counts(offered, let_go, MappingProxyType(refused))
