"""Tokens of an identity provider: whose signature holds, for whom they are, and which role their claim says.

Source: OpenID Connect Discovery 1.0, sections 3 and 4; RFC 7519; RFC 8725 (best current practices for JWTs).
"""

import hashlib
import logging
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import urlencode, urlsplit

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from remit_consumers.access.roles import Role
from remit_consumers.access.sessions import Identity
from remit_schemas.errors import KeysOutOfReach
from remit_schemas.policy_file import Place, Written, validate
from remit_schemas.read_json import read_json
from remit_schemas.yaml_file import read_yaml

log = logging.getLogger("remit.access")

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

FAILED_FOR_S: Final = 2.0
"""So long nobody asks again a provider that did not answer: of calls that each wait `WAIT_S`, the threads would soon be full."""

REFUSING: Final = frozenset({400, 401, 403})
"""How a provider refuses a code, or whoever brings it (RFC 6749, section 5.2)."""

BACK: Final = "/login/back"
"""Where people come back from the provider."""

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class LoginSettings(Written):
    """How people log in at the provider by a browser.

    Attributes:
        client: The name under which the provider knows this dashboard (`client_id`): `aud` of what it says of people.
        back: The address to which the provider sends people back, exactly as it is registered there (`redirect_uri`).
        scope: What is asked for; `openid` is among it.
    """

    part: ClassVar[str] = "log-in at the identity provider"

    client: str
    back: str
    scope: str = "openid"

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if not _is_safe(self.back) or urlsplit(self.back).path != BACK:
            yield ("back",), f"people come back to an https address that ends with {BACK}"
        if "openid" not in self.scope.split():
            yield ("scope",), "a scope has the word openid in it"


class ProviderSettings(Written):
    """What is believed of which provider.

    Attributes:
        issuer: Its address, as `iss` says it; https, or on this machine http.
        audience: What `aud` must hold: tokens for somebody else open nothing.
        claim: Names the claim with groups or roles.
        roles: For each value of the claim, the role that it gives; of several, the first in this file.
        tenant_claim: Names the claim with the tenant that somebody is bound to; a token without it opens nothing then.
        login: How people log in by a browser; without it only programs come in so.
    """

    part: ClassVar[str] = "the identity provider"

    issuer: str
    audience: str
    claim: str = "roles"
    roles: Mapping[str, Role]
    tenant_claim: str = ""
    login: LoginSettings | None = None

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if not _is_safe(self.issuer):
            yield ("issuer",), "an issuer has an https address"


class Provider:
    """One identity provider, its keys kept for a while; several threads may ask."""

    def __init__(self, settings: ProviderSettings) -> None:
        self.settings = settings
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._read_at = self._failed_at = float("-inf")

    def identity(self, token: str) -> Identity | None:
        """Who a token says that asks; None where anything of it does not hold, or it gives no role.

        Raises:
            KeysOutOfReach: The provider does not answer, and its keys are not known.
        """
        claims = self.claims(token, self.settings.audience)
        return self.identity_of(claims) if claims else None

    def claims(self, token: str, audience: str) -> Mapping[str, Any] | None:
        """What a token says that the provider signed for an audience; None where anything of it does not hold.

        Raises:
            KeysOutOfReach: The provider does not answer, and its keys are not known.
        """
        if len(token) > TOKEN_CHARACTERS_MAX or token.count(".") != 2:  # noqa: PLR2004 - RFC 7515, section 7.1
            return None
        try:
            kid = _kid(token)
            claims = jwt.decode(token, self._having(kid), algorithms=ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                leeway=LEEWAY_S,
                iss={"essential": True, "value": self.settings.issuer},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                sub={"essential": True},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, KeyError, RecursionError):
            return None
        return claims

    def identity_of(self, claims: Mapping[str, Any]) -> Identity | None:
        """Who claims are of that hold; None where they give no role."""
        said = claims.get(self.settings.claim, ())
        listed = said if isinstance(said, list) else [said]
        values = {one for one in listed if isinstance(one, str)}
        role = next((role for name, role in self.settings.roles.items() if name in values), None)
        who = hashlib.sha256(f"{claims['iss']}\n{claims['sub']}".encode()).hexdigest()
        tenant = claims.get(self.settings.tenant_claim) if self.settings.tenant_claim else None
        is_bound = isinstance(tenant, str) and bool(tenant)
        if role is None or (self.settings.tenant_claim and not is_bound):
            return None
        return Identity(f"provider:{who[:16]}", role, tenant=tenant)

    def _having(self, kid: str) -> KeySet:
        """Keys with this one among them, if the provider has it; read again where it is not known."""
        with self._lock:
            age = time.monotonic() - self._read_at
            knows = self._keys is not None and any(one.kid == kid for one in self._keys.keys)
            if self._keys is None or age > KEYS_KEPT_S or (not knows and age > AGAIN_AFTER_S):
                self._keys = self._read_again()
                self._read_at = time.monotonic()
            return self._keys

    def _read_again(self) -> KeySet:
        """Read the keys, unless the provider failed just now: callers wait for one another here, and anybody may call."""
        if time.monotonic() - self._failed_at < FAILED_FOR_S:
            raise KeysOutOfReach("the identity provider did not answer a moment ago")
        try:
            return self._read()
        except KeysOutOfReach:
            self._failed_at = time.monotonic()
            raise

    def told(self, *addresses: str) -> Mapping[str, Any]:
        """The provider's document of itself, in which these addresses stand.

        Raises:
            KeysOutOfReach: It does not answer, is of another issuer, or an address of it cannot be believed.
        """
        issuer = self.settings.issuer
        found = document(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        named = [found.get(name) for name in addresses]
        if found.get("issuer") != issuer or not all(
            isinstance(one, str) and _is_safe(one) for one in named
        ):
            message = "the identity provider's document names another issuer, or no {}"
            raise KeysOutOfReach(message.format(" or ".join(addresses)))
        return found

    def _read(self) -> KeySet:
        document_of_keys: Any = document(self.told("jwks_uri")["jwks_uri"])
        try:
            return KeySet.import_key_set(document_of_keys)
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


def document(
    address: str, form: Mapping[str, str] | None = None, **headers: str
) -> Mapping[str, Any]:
    """Read a JSON object of the provider.

    Args:
        address: Where it is.
        form: What is sent for it, if anything.
        headers: What is said besides.

    Returns:
        The object; an empty one where the provider refuses a form.

    Raises:
        KeysOutOfReach: There is none to be had.
    """
    try:
        sent = urlencode(form).encode() if form is not None else None
        asked = urllib.request.Request(address, sent, headers)  # noqa: S310 - of `_is_safe`
        with _STAYING.open(asked, timeout=WAIT_S) as answer:
            found = read_json(answer.read(DOCUMENT_BYTES_MAX + 1)[:DOCUMENT_BYTES_MAX])
    except urllib.error.HTTPError as error:
        error.close()
        if form is not None and error.code in REFUSING:
            log.warning("the identity provider takes no code: HTTP %d", error.code)
            return {}
        raise KeysOutOfReach("the identity provider does not answer") from None
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
