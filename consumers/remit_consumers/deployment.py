"""Everything that a running consumer stands on, opened from the settings: policy, contracts, keys, vault, lake."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from remit_consumers.backup.guard import check_applied
from remit_consumers.clock import Clock, utc_now
from remit_consumers.consent.ledger import LEDGER_DOMAIN, Ledger
from remit_consumers.custody.place import keeper_of
from remit_consumers.floor.floors import Floors
from remit_consumers.floor.window import Sealer
from remit_consumers.keys import KeyStore
from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.format import check_format
from remit_consumers.lake.tables import is_table
from remit_consumers.plans import Plans
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.reach import check_secrets
from remit_consumers.reducers.means import Means
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_consumers.vault.witness import Witness
from remit_consumers.visitor_keys import VisitorKeys
from remit_schemas.contract import Contracts, builtin
from remit_schemas.governing import notice_of
from remit_schemas.policy import Policy, find_policy, policy_path, versions_in


@dataclass(frozen=True, slots=True)
class Deployment:
    """One installation of remit.

    Attributes:
        settings: Where everything lies.
        policy: The policy in force.
        policy_folder: Where its other versions lie, and newer ones will appear.
        contracts: Every contract that can be decoded.
        keys: The keys of the epochs.
        vault: The secrets of the subjects.
        visitors: The keys of visitors without an account.
        means: What some reducers need beside values.
        lake: Where the minimized events are stored.
    """

    settings: Settings
    policy: Policy
    policy_folder: Path
    contracts: Contracts
    keys: KeyStore
    vault: Vault
    visitors: VisitorKeys
    means: Means
    lake: Lake

    @classmethod
    def open(cls, settings: Settings, now: Clock = utc_now, *, restored: bool = False) -> Self:
        """Open what is there and make what is not.

        Args:
            settings: Where everything lies.
            now: Tells the time.
            restored: Whether the lake may be older than an erasure, because that is about to be applied to it.

        Raises:
            LakeError: The lake is older than an erasure, and not said to be.
            PolicyError: The policy cannot be used.
            ContractError: A contract cannot be used.
            KeysOutOfReach: Keys or vault cannot be opened, or are not those that the lake was written with.
            KeysUnconfirmed: The keys were begun anew, and nobody has confirmed what they are open for.
            LakeError: The lake has gone.
            SettingsError: A folder cannot be made or read, or the policy asks for places that cannot be told.
        """
        check_format(settings.lake)
        if not restored:
            check_applied(settings.lake, settings.keys)
        policy = find_policy(settings.policy)
        keys = open_keys(settings, policy)
        if not restored:
            keys.check_confirmed()
        witness = Witness(settings.keys)
        if not is_table(settings.lake, POSITIONS_TABLE):
            witness.forget()
        means = Means.at_need(lambda: keys.address_key, settings.places)
        means.check(policy)
        return cls(
            settings=settings,
            policy=policy,
            policy_folder=policy_path(settings.policy).parent,
            contracts=contracts_of(settings.policy),
            keys=keys,
            vault=Vault.open(settings.vault, keys.index_key, witness),
            visitors=VisitorKeys(settings.keys, now),
            means=means,
            lake=Lake(settings.lake),
        )

    def plans(self) -> Plans:
        """Contracts and policy versions on record, compiled as they are asked for."""
        return Plans(
            self.contracts,
            self.policy,
            self.policy_folder,
            self.means.check,
            self.keys.tenancy,
        )

    def names(self) -> Pseudonyms:
        """The pseudonyms that the lake stores."""
        return Pseudonyms(self.vault, STORAGE_DOMAIN, self.visitors)

    def ledger_names(self) -> Pseudonyms:
        """The pseudonyms that the consent ledger bears."""
        return Pseudonyms(self.vault, LEDGER_DOMAIN, self.visitors)

    def ledger(self) -> Ledger:
        """The consent ledger, not loaded yet."""
        return Ledger(self.lake, self.ledger_names(), self.settings.ledger)

    def floors(self, consumer: int = 0, now: Clock = utc_now) -> Floors:
        """Open the floors as the consumer with this number sees them."""
        sealer = Sealer(self.settings.floors, self.settings.keys, consumer)
        return Floors(self.lake, sealer, now)


def plans_on_record(settings: Settings) -> Plans:
    """Contracts and every policy version that lies in the policy's folder, without keys or vault.

    Raises:
        PolicyError: The policy cannot be used.
        ContractError: A contract cannot be used.
    """
    plans = Plans(
        contracts_of(settings.policy),
        find_policy(settings.policy),
        policy_path(settings.policy).parent,
    )
    plans.take_up()
    return plans


def open_keys(settings: Settings, policy: Policy) -> KeyStore:
    """Open the key store; never begin a new one, a new vault or a new lake beside what was written with another.

    Raises:
        KeysOutOfReach: Keys or vault cannot be opened, or have gone.
        LakeError: The lake has gone.
    """
    check_secrets(settings)
    return open_store(settings, policy)


def open_store(settings: Settings, policy: Policy) -> KeyStore:
    """Open the key store alone; its bundles tell people what this version widens of the one before.

    Raises:
        KeysOutOfReach: It cannot be opened.
    """
    folder = policy_path(settings.policy).parent
    others = versions_in(folder, policy.name)
    notice = notice_of(policy, others, contracts_of(settings.policy))
    return KeyStore.open(settings.keys, policy, notice, keeper_of(settings.custody))


def contracts_of(policy: str | None) -> Contracts:
    """The contracts that remit ships, and those in a folder `contracts` beside a policy file of one's own."""
    contracts = builtin()
    folder = (
        Path(policy).parent / "contracts" if policy and policy.endswith((".yaml", ".yml")) else None
    )
    return contracts.with_folder(folder) if folder and folder.is_dir() else contracts
