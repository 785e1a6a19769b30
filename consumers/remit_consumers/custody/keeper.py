"""What a keeper of keys does, the one that needs no service, and how REMIT_CUSTODY names one."""

from typing import Final, Protocol

from remit_schemas.errors import KeysOutOfReach, SettingsError

KMS: Final = "awskms://"
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


def keeper_of(place: str) -> Keeper:
    """Give the keeper that REMIT_CUSTODY names; the files' own where it is empty.

    Raises:
        SettingsError: There is no such keeper, or its client is not installed.
    """
    if not place:
        return FileKeyring()
    key = place.removeprefix(KMS)
    if key == place or not key:
        raise SettingsError("REMIT_CUSTODY must be awskms://KEY, or empty for key files alone")
    try:
        from remit_consumers.custody.aws_kms import AwsKms  # noqa: PLC0415 - boto3 takes half a second to load
    except ImportError:
        message = "REMIT_CUSTODY is AWS KMS: install its client, pip install 'remit[kms]'"
        raise SettingsError(message) from None
    return AwsKms(key)
