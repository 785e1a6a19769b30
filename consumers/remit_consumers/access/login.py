"""Logging in at the identity provider by a browser: sent there with a question, come back with a code, believed by a signed token.

Nothing is kept of who is on the way: what a browser keeps is a random word, and all that is asked with it is derived from
that word and a secret of this process. Whatever does not hold lets nobody in.

Source: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9207 (`iss` of an answer); RFC 9700 (best current practice).
"""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from remit_consumers.access.provider import LoginSettings, Provider, document
from remit_consumers.access.sessions import Identity
from remit_schemas.errors import KeysOutOfReach, SettingsError

SECRET_FILE: Final = "identity-secret"  # noqa: S105 - its name
"""Beside the keys, where the provider gave this dashboard a secret; without one it is a public client, held by PKCE alone."""

WORD_BYTES: Final = 32
WAY_S: Final = 600.0
"""How long somebody may be on the way to the provider and back."""

CODE_CHARACTERS_MAX: Final = 4_096


class Login:
    """The way to one provider and back; several may be on it."""

    def __init__(
        self,
        provider: Provider,
        settings: LoginSettings,
        client_secret: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare the way.

        Args:
            provider: Who says who somebody is.
            settings: How it knows this dashboard.
            client_secret: That it gave this dashboard; empty where none.
            clock: Tells seconds.
        """
        self._provider, self._settings = provider, settings
        self._client_secret, self._clock = client_secret, clock
        self._secret = secrets.token_bytes(WORD_BYTES)

    def begin(self) -> tuple[str, str]:
        """Send somebody on the way; gives the word that their browser keeps, and where it goes.

        Raises:
            KeysOutOfReach: The provider does not answer, or does not know PKCE.
        """
        told = self._told()
        word = f"{int(self._clock())}.{secrets.token_urlsafe(WORD_BYTES)}"
        challenge = hashlib.sha256(self._derived("verifier", word).encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._settings.client,
            "redirect_uri": self._settings.back,
            "scope": self._settings.scope,
            "state": self._derived("state", word),
            "nonce": self._derived("nonce", word),
            "code_challenge": _text(challenge),
            "code_challenge_method": "S256",
        }
        return word, _with_query(told["authorization_endpoint"], asked)

    def finish(self, word: str, answer: Mapping[str, str]) -> Identity | None:
        """Who came back; None where anything does not hold.

        Args:
            word: That their browser kept.
            answer: What the provider had their browser say: `code`, `state`, and `iss` where it says it.

        Raises:
            KeysOutOfReach: The provider does not answer.
        """
        code = answer.get("code", "")
        if not self._is_on_the_way(word) or not 0 < len(code) <= CODE_CHARACTERS_MAX:
            return None
        if not _is_same(answer.get("state", ""), self._derived("state", word)):
            return None
        told = self._told()
        says_who = told.get("authorization_response_iss_parameter_supported") is True
        issuer = answer.get("iss")
        if issuer != self._provider.settings.issuer and (says_who or issuer is not None):
            return None
        token = self._exchanged(told["token_endpoint"], code, self._derived("verifier", word))
        claims = self._provider.claims(token, self._settings.client)
        if claims is None or not self._is_answer(claims, word):
            return None
        return self._provider.identity_of(claims)

    def _is_on_the_way(self, word: str) -> bool:
        """Whether a browser began here, and not long ago."""
        began, _, random = word.partition(".")
        if not (began.isascii() and began.isdigit()) or not random or len(word) > WORD_BYTES * 4:
            return False
        return 0 <= self._clock() - int(began) <= WAY_S

    def _is_answer(self, claims: Mapping[str, Any], word: str) -> bool:
        """Whether a token that holds was made for this very question, and for nobody else beside."""
        nonce, party, audience = claims.get("nonce"), claims.get("azp"), claims.get("aud")
        is_ours = party == self._settings.client or (party is None and _is_single(audience))
        is_asked = isinstance(nonce, str) and _is_same(nonce, self._derived("nonce", word))
        return is_asked and is_ours and isinstance(claims.get("iat"), int)

    def _exchanged(self, address: str, code: str, verifier: str) -> str:
        """The token about somebody that the provider gives for a code; empty where it gives none."""
        client, secret = self._settings.client, self._client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._settings.back,
            "code_verifier": verifier,
            "client_id": client,
        }
        headers = {"Accept": "application/json"}
        if secret:
            pair = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        found = document(address, form, **headers).get("id_token")
        return found if isinstance(found, str) else ""

    def _told(self) -> Mapping[str, Any]:
        told = self._provider.told("authorization_endpoint", "token_endpoint", "jwks_uri")
        ways = told.get("code_challenge_methods_supported")
        if ways is not None and (not isinstance(ways, list) or "S256" not in ways):
            raise KeysOutOfReach("the identity provider does not know PKCE with S256")
        return told

    def _derived(self, what: str, word: str) -> str:
        """A value of one way, which nobody can tell who has the word alone."""
        said = f"{what}\n{word}".encode("utf-8", "replace")
        return _text(hmac.digest(self._secret, said, "sha256"))


def login_of(keys: Path, provider: Provider | None) -> Login | None:
    """The way by a browser that is configured beside the keys; None where none is.

    Raises:
        SettingsError: The secret cannot be read, or others can read it.
    """
    if provider is None or provider.settings.login is None:
        return None
    path = keys / SECRET_FILE
    try:
        if path.stat().st_mode & 0o077:
            raise SettingsError(f"{SECRET_FILE} beside the keys can be read by others: chmod 600")
        secret = path.read_text("utf-8").strip()
    except FileNotFoundError:
        secret = ""
    except (OSError, ValueError):
        raise SettingsError(f"{SECRET_FILE} beside the keys cannot be read") from None
    return Login(provider, provider.settings.login, secret)


def _text(value: bytes) -> str:
    """Bytes as they stand in addresses (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _is_same(given: str, own: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), own.encode())


def _is_single(audience: object) -> bool:
    return isinstance(audience, str) or (isinstance(audience, list) and len(audience) == 1)


def _with_query(address: str, asked: Mapping[str, str]) -> str:
    """An address with more in its query than it had."""
    parts = urlsplit(address)
    query = f"{parts.query}&{urlencode(asked)}" if parts.query else urlencode(asked)
    return urlunsplit(parts._replace(query=query, fragment=""))
