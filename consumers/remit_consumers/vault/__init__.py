"""The vault: a random secret for each subject, from which pseudonyms are made; without it they tie to nobody."""

from remit_consumers.vault.vault import Vault

__all__ = ["Vault"]
