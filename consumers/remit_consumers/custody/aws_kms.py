"""AWS KMS as a keeper: a key file is of no use without the right to ask the service.

Credentials, region and endpoint are boto3's own to find (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_KMS, a role of the machine).
The name of a key's file is the encryption context, so that the service's own log says which key was asked for.
"""

from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from remit_consumers.custody.keeper import WRAPPED
from remit_schemas.errors import KeysOutOfReach

_PATIENCE: Final = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
_CONTEXT: Final = "remit"


class AwsKms:
    """Wraps under one key of AWS KMS."""

    wraps = True

    def __init__(self, key: str) -> None:
        """Name the key.

        Args:
            key: A key's id, its ARN, or `alias/NAME`.
        """
        self._key = key
        self._made: Any = None

    def wrap(self, key: bytes, name: str) -> bytes:
        """Have a key encrypted; see `Keeper.wrap`."""
        answer = self._ask("encrypt", name, Plaintext=key)
        return WRAPPED + bytes(answer["CiphertextBlob"])

    def unwrap(self, stored: bytes, name: str) -> bytes:
        """Have a key decrypted; what was stored before there was a keeper is given as it is. See `Keeper.unwrap`."""
        if not stored.startswith(WRAPPED):
            return stored
        answer = self._ask("decrypt", name, CiphertextBlob=stored[len(WRAPPED) :])
        return bytes(answer["Plaintext"])

    def _ask(self, what: str, name: str, **given: bytes) -> dict[str, Any]:
        """Ask the service; what it says may quote identities, its kind does not."""
        try:
            if self._made is None:
                self._made = boto3.client("kms", config=_PATIENCE)
            call = getattr(self._made, what)
            answer: dict[str, Any] = call(
                KeyId=self._key, EncryptionContext={_CONTEXT: name}, **given
            )
        except ClientError as error:
            kind = error.response.get("Error", {}).get("Code", "refused")
            raise KeysOutOfReach(f"AWS KMS does not {what} {name} ({kind})") from None
        except BotoCoreError as error:
            raise KeysOutOfReach(
                f"AWS KMS cannot be asked to {what} {name} ({type(error).__name__})"
            ) from None
        return answer
