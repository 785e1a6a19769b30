"""Links: a product hands one to a person whom it knows, and for a few minutes it opens their own page, once.

A link's token stands in the fragment, which no browser sends and no log has. It names the subject by the vault's index
and is signed; whom that is lies sealed in the folder of keys until the link is used or over. Using it takes that file
away, durably, before anything is answered, so that of two who come with one link one is let in.

Source: policy 2021-11-01, clauses S077a, S102.
"""

import base64
import hmac
import json
import os
import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.keyfiles import KEY_BYTES, destroy_key, open_folder
from remit_schemas.durable import replace_file, sync_folder
from remit_schemas.errors import KeysOutOfReach, RequestRefused

FOLDER: Final = "links"
"""In the folder of keys."""

LIVES: Final = timedelta(minutes=10)
"""How long a link lives when nobody says otherwise."""

LIVES_MAX: Final = timedelta(minutes=15)
"""How long it may live: as long as it takes to open it, and no mailbox that somebody else reads tomorrow."""

CODE_DIGITS: Final = 8
"""Of the code that an export asks for: with `sessions.TRIES_MAX` tries a guess is right with a chance of 5 in 10^8."""

NONCE_BYTES: Final = 12
_INFO: Final = b"remit link to one's own page"
_BODY: Final = struct.Struct("<16sQ32s")
"""Number, end in seconds since 1970, and the vault's index of the subject."""

_REFUSED: Final = "this link was used, is over, or is none: ask for another one"
"""One answer to all, so that it tells nothing about any link."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link that was just made; nobody can read it again.

    Attributes:
        token: What stands behind `#` in the address.
        code: Digits that an export asks for; they go to the person by another way than the link.
        ends_at: Aware UTC.
    """

    token: str
    code: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Who comes with a link.

    Attributes:
        about: Whose page it opens.
        code: What an export asks for.
    """

    about: SubjectRef
    code: str


class Links:
    """The links of an installation."""

    def __init__(self, keys: Path, index_key: bytes, index_of: Callable[[str, str], bytes]) -> None:
        """Open the folder.

        Args:
            keys: REMIT_KEYS.
            index_key: `KeyStore.index_key`, 32 bytes.
            index_of: Gives the vault's index of a tenant's subject.
        """
        self._folder, self._index_of = keys / FOLDER, index_of
        derived = HKDF(hashes.SHA256(), 2 * KEY_BYTES, None, _INFO).derive(index_key)
        self._signing, self._sealing = derived[:KEY_BYTES], AESGCM(derived[KEY_BYTES:])

    @classmethod
    def of(cls, deployment: Deployment) -> Self:
        """Those of an installation."""
        keys, vault = deployment.keys, deployment.vault
        return cls(deployment.settings.keys, keys.index_key, vault.index_of)

    def make(self, about: SubjectRef, now: datetime, lives: timedelta = LIVES) -> Link:
        """Make a link for somebody whom the product has just recognised; durable on return.

        Args:
            about: Whose page it opens.
            now: Aware UTC.
            lives: At most `LIVES_MAX`.

        Raises:
            RequestRefused: It would live too long, or not at all.
            KeysOutOfReach: The folder cannot be written.
        """
        if not timedelta() < lives <= LIVES_MAX:
            raise RequestRefused(
                f"a link lives for at most {LIVES_MAX // timedelta(minutes=1)} minutes"
            )
        number, ends_at = os.urandom(16), (now + lives).replace(microsecond=0)
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
        said = {"tenant": about.tenant, "subject": about.subject, "code": code}
        body = _BODY.pack(
            number, int(ends_at.timestamp()), self._index_of(about.tenant, about.subject)
        )
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._sealing.encrypt(nonce, json.dumps(said).encode(), body)
        try:
            open_folder(self._folder)
            self._sweep(now)
            replace_file(self._file(body), sealed)
        except OSError as error:
            raise _away(error) from None
        return Link(_text(body + self._signature(body)), code, ends_at)

    def use(self, token: str, now: datetime) -> Visit:
        """Take a link, for good: whoever comes with it again is refused, whatever becomes of this call.

        Raises:
            RequestRefused: It was used, is over, or is none.
            KeysOutOfReach: The folder cannot be read or written.
        """
        body = self._body(token)
        if body is None or now.timestamp() >= _BODY.unpack(body)[1]:
            raise RequestRefused(_REFUSED)
        file = self._file(body)
        taken = file.with_suffix(".taken")
        try:
            file.rename(taken)  # of two at once one succeeds
            sync_folder(self._folder)
            sealed = taken.read_bytes()
            self._sweep(now)
        except FileNotFoundError:
            raise RequestRefused(_REFUSED) from None
        except OSError as error:
            raise _away(error) from None
        return self._opened(sealed, body)

    def _opened(self, sealed: bytes, body: bytes) -> Visit:
        """Whom a link is about, which must be the one whom it names."""
        nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            said = json.loads(self._sealing.decrypt(nonce, rest, body))
        except InvalidTag:
            raise RequestRefused(_REFUSED) from None
        about = SubjectRef(said["tenant"], said["subject"])
        if self._index_of(about.tenant, about.subject) != _BODY.unpack(body)[2]:
            raise RequestRefused(_REFUSED)
        return Visit(about, said["code"])

    def _body(self, token: str) -> bytes | None:
        """What a token says, if it was signed here."""
        try:
            whole = base64.b64decode(token.encode("ascii"), b"-_", validate=True)
        except ValueError:
            return None
        body, signature = whole[: _BODY.size], whole[_BODY.size :]
        return body if hmac.compare_digest(signature, self._signature(body)) else None

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._signing, body, "sha256")

    def _file(self, body: bytes) -> Path:
        number, end, _ = _BODY.unpack(body)
        return self._folder / f"{end}-{number.hex()}.link"

    def _sweep(self, now: datetime) -> None:
        """Destroy what was used, and what is over."""
        for file in [*self._folder.glob("*.taken"), *self._folder.glob("*.link")]:
            if file.suffix == ".taken" or int(file.name.partition("-")[0]) <= now.timestamp():
                destroy_key(file)
        sync_folder(self._folder)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")


def _away(error: OSError) -> KeysOutOfReach:
    return KeysOutOfReach(f"the links to people's own pages cannot be reached: {error.strerror}")
