"""What a keeper of keys does, and the one that needs no service."""

from typing import Final, Protocol

from remit_schemas.errors import KeysOutOfReach

WRAPPED: Final = b"RMWRAP1\n"
"""How a key file begins whose key is wrapped; what follows is the keeper's."""


class Keeper(Protocol):
    """Wraps short secrets, such as keys of 32 bytes; never data."""

    wraps: bool
    """Whether what is stored differs from the key: a file of before is wrapped when it is read."""

    def wrap(self, key: bytes, name: str) -> bytes:
        """Give what may lie on the disk in place of a key.

        Args:
            key: The secret.
            name: Of its file: under another name it is not unwrapped.

        Raises:
            KeysOutOfReach: The keeper does not answer.
        """
        ...

    def unwrap(self, stored: bytes, name: str) -> bytes:
        """Give the key again; errors as `wrap`, also where something else was stored."""
        ...


class FileKeyring:
    """The keeper without a service: a key lies in its file as it is, readable by its owner alone (0600)."""

    wraps = False

    def wrap(self, key: bytes, name: str) -> bytes:  # noqa: ARG002 - a keeper's signature
        """Give the key as it is."""
        return key

    def unwrap(self, stored: bytes, name: str) -> bytes:
        """Give the key as it is.

        Raises:
            KeysOutOfReach: Another keeper wrapped it.
        """
        if stored.startswith(WRAPPED):
            message = f"{name} was wrapped by a key management service: name it in REMIT_CUSTODY"
            raise KeysOutOfReach(message)
        return stored
