"""The matter of an open request: whom it is about, sealed, in the folder of keys; gone when the request is closed.

Nothing in the lake says whom a request is about, so that no backup does. Until it is answered somebody must know: one
small file, sealed under a key of the key store, destroyed with the last step.

Source: policy 2021-11-01, clause S102.
"""

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.keyfiles import KEY_BYTES, destroy_key, open_folder
from remit_schemas.durable import replace_file, sync_folder
from remit_schemas.errors import KeysOutOfReach

FOLDER: Final = "requests"
"""In the folder of keys."""

YOUNG_S: Final = 60.0
"""How old a file must be before it is taken for one that a crash left: a request comes on record within seconds."""

NONCE_BYTES: Final = 12
_INFO: Final = b"remit matter of a request"


class Matters:
    """The matters of open requests."""

    def __init__(self, keys: Path, index_key: bytes) -> None:
        """Open the folder.

        Args:
            keys: REMIT_KEYS.
            index_key: `KeyStore.index_key`, 32 bytes.
        """
        self._folder = keys / FOLDER
        derived = HKDF(hashes.SHA256(), KEY_BYTES, None, _INFO).derive(index_key)
        self._sealing = AESGCM(derived)

    def keep(self, request: str, about: SubjectRef) -> None:
        """Keep whom a request is about, durably.

        Raises:
            KeysOutOfReach: The folder cannot be written.
        """
        nonce = os.urandom(NONCE_BYTES)
        said = json.dumps(asdict(about)).encode()
        try:
            open_folder(self._folder)
            sealed = nonce + self._sealing.encrypt(nonce, said, request.encode())
            replace_file(self._file(request), sealed)
        except OSError as error:
            raise _away(error) from None

    def of(self, request: str) -> SubjectRef | None:
        """Whom an open request is about; None where it is closed, or the file has gone.

        Raises:
            KeysOutOfReach: The file cannot be read, or is not what was kept.
        """
        try:
            sealed = self._file(request).read_bytes()
            said = self._sealing.decrypt(
                sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], request.encode()
            )
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _away(error) from None
        except InvalidTag:
            message = "the matter of a request does not open: it was changed, or the key store is another one"
            raise KeysOutOfReach(message) from None
        return SubjectRef(**json.loads(said))

    def forget(self, request: str) -> None:
        """Destroy whom a request was about.

        Raises:
            KeysOutOfReach: The folder cannot be written.
        """
        try:
            destroy_key(self._file(request))
            with suppress(FileNotFoundError):
                sync_folder(self._folder)
        except OSError as error:
            raise _away(error) from None

    def kept(self) -> list[str]:
        """The requests whose matter is kept; one that comes on record at this moment is not among them."""
        past = time.time() - YOUNG_S
        return [file.stem for file in self._folder.glob("*.matter") if file.stat().st_mtime < past]

    def _file(self, request: str) -> Path:
        return self._folder / f"{request}.matter"


def _away(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"the matters of requests cannot be reached: {error.strerror}")
