"""How REMIT_CUSTODY names a keeper of keys."""

from typing import Final

from remit_consumers.custody.keeper import FileKeyring, Keeper
from remit_schemas.errors import SettingsError

KMS: Final = "awskms://"


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
