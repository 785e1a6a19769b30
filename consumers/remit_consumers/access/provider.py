"""Tokens of an identity provider: whose signature holds, for whom they are, and which role their claim says.

Source: OpenID Connect Discovery 1.0, sections 3 and 4; RFC 7519; RFC 8725 (best current practices for JWTs).
"""

import hashlib
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from remit_consumers.access.roles import Role
from remit_consumers.access.sessions import Identity
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.policy_file import Place, Written, validate
from remit_schemas.read_json import read_json
from remit_schemas.yaml_file import read_yaml

FILE: Final = "identity.yaml"
"""In the folder of keys: who can change it can read everything anyway."""

ALGORITHMS: Final = ("ES256", "RS256", "PS256", "EdDSA")
"""Signatures by a key that the provider alone has: never `none`, never a shared secret (RFC 8725, section 3.1)."""

TOKEN_CHARACTERS_MAX: Final = 8_192
DOCUMENT_BYTES_MAX: Final = 256 << 10
WAIT_S: Final = 5.0
LEEWAY_S: Final = 30
KEYS_KEPT_S: Final = 300.0
AGAIN_AFTER_S: Final = 10.0
"""An unknown key id has the keys read again, at most so often: who makes ids up makes no load."""

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class ProviderSettings(Written):
    """What is believed of which provider.

    Attributes:
        issuer: Its address, as `iss` says it; https, or on this machine http.
        audience: What `aud` must hold: tokens for somebody else open nothing.
        claim: Names the claim with groups or roles.
        roles: For each value of the claim, the role that it gives; of several, the first in this file.
    """

    part: ClassVar[str] = "the identity provider"

    issuer: str
    audience: str
    claim: str = "roles"
    roles: Mapping[str, Role]

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if not _is_safe(self.issuer):
            yield ("issuer",), "an issuer has an https address"


class Provider:
    """One identity provider, its keys kept for a while; several threads may ask."""

    def __init__(self, settings: ProviderSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = float("-inf")

    def identity(self, token: str) -> Identity | None:
        """Who a token says that asks; None where anything of it does not hold, or it gives no role.

        Raises:
            KeysOutOfReach: The provider does not answer, and its keys are not known.
        """
        if len(token) > TOKEN_CHARACTERS_MAX or token.count(".") != 2:  # noqa: PLR2004 - RFC 7515, section 7.1
            return None
        try:
            kid = _kid(token)
            claims = jwt.decode(token, self._having(kid), algorithms=ALGORITHMS).claims
            self._registry().validate(claims)
            return self._identity(claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            return None

    def _registry(self) -> jwt.JWTClaimsRegistry:
        settings = self._settings
        return jwt.JWTClaimsRegistry(
            leeway=LEEWAY_S,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    def _identity(self, claims: Mapping[str, Any]) -> Identity | None:
        said = claims.get(self._settings.claim, ())
        values = {said} if isinstance(said, str) else {one for one in said if isinstance(one, str)}
        role = next((role for name, role in self._settings.roles.items() if name in values), None)
        who = hashlib.sha256(f"{claims['iss']}\n{claims['sub']}".encode()).hexdigest()
        return Identity(f"provider:{who[:16]}", role) if role else None

    def _having(self, kid: str) -> KeySet:
        """Keys with this one among them, if the provider has it; read again where it is not known."""
        with self._lock:
            age = time.monotonic() - self._read_at
            knows = self._keys is not None and any(one.kid == kid for one in self._keys.keys)
            if self._keys is None or age > KEYS_KEPT_S or (not knows and age > AGAIN_AFTER_S):
                self._keys = self._read()
                self._read_at = time.monotonic()
            return self._keys

    def _read(self) -> KeySet:
        issuer = self._settings.issuer
        found = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        address = found.get("jwks_uri")
        if found.get("issuer") != issuer or not isinstance(address, str) or not _is_safe(address):
            raise KeysOutOfReach(
                "the identity provider's document names another issuer, or no keys"
            )
        document: Any = _document(address)
        try:
            return KeySet.import_key_set(document)
        except (JoseError, ValueError, TypeError, KeyError):
            raise KeysOutOfReach("the identity provider's keys cannot be read") from None


def provider_at(keys: Path) -> Provider | None:
    """The provider that is configured beside the keys; None where none is.

    Raises:
        PolicyError: The file cannot be read, or says what cannot be.
    """
    path = keys / FILE
    return Provider(validate(ProviderSettings, read_yaml(path))) if path.exists() else None


def bearer_of(header: str) -> str:
    """The token that an Authorization header bears; empty where it bears none (RFC 6750, section 2.1)."""
    kind, _, token = header.partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def _kid(token: str) -> str:
    """The key id that a token names.

    Raises:
        ValueError: It names none.
    """
    kid = jws.extract_compact(token.encode("ascii")).headers().get("kid")
    if not isinstance(kid, str) or not kid:
        raise ValueError
    return kid


def _document(address: str) -> Mapping[str, Any]:
    """Read a JSON object of the provider.

    Raises:
        KeysOutOfReach: There is none to be had.
    """
    try:
        with _STAYING.open(address, timeout=WAIT_S) as answer:
            found = read_json(answer.read(DOCUMENT_BYTES_MAX + 1)[:DOCUMENT_BYTES_MAX])
    except (OSError, ValueError):
        raise KeysOutOfReach("the identity provider does not answer") from None
    if not isinstance(found, dict):
        raise KeysOutOfReach("the identity provider's answer is no object")
    return found


def _is_safe(address: str) -> bool:
    """Whether what comes from an address can be believed: by TLS, or from this machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOCAL_NAMES)


class _Staying(urllib.request.HTTPRedirectHandler):
    """Follows nothing: a redirection would lead away from the address that is believed."""

    def redirect_request(self, *_: object) -> None:
        return None


_STAYING: Final = urllib.request.build_opener(_Staying)
