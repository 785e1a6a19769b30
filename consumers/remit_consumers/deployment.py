"""Everything that a running consumer stands on, opened from the settings: policy, contracts, keys, vault, lake."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from remit_consumers.keys import KeyStore
from remit_consumers.lake.commit import Lake
from remit_consumers.settings import Settings
from remit_consumers.vault import Vault
from remit_schemas.contract import Contracts, builtin
from remit_schemas.policy import Policy, find_policy, policy_path


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
        lake: Where the minimized events are stored.
    """

    settings: Settings
    policy: Policy
    policy_folder: Path
    contracts: Contracts
    keys: KeyStore
    vault: Vault
    lake: Lake

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Open what is there and make what is not.

        Raises:
            PolicyError: The policy cannot be used.
            ContractError: A contract cannot be used.
            SettingsError: A folder cannot be made or read.
        """
        policy = find_policy(settings.policy)
        keys = KeyStore.open(settings.keys, policy)
        return cls(
            settings=settings,
            policy=policy,
            policy_folder=policy_path(settings.policy).parent,
            contracts=contracts_of(settings.policy),
            keys=keys,
            vault=Vault.open(settings.vault, keys.index_key),
            lake=Lake(settings.lake),
        )


def contracts_of(policy: str | None) -> Contracts:
    """The contracts that remit ships, and those in a folder `contracts` beside a policy file of one's own."""
    contracts = builtin()
    folder = (
        Path(policy).parent / "contracts" if policy and policy.endswith((".yaml", ".yml")) else None
    )
    return contracts.with_folder(folder) if folder and folder.is_dir() else contracts
