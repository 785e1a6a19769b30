"""Tokens of an identity provider, with real signatures over real HTTP: what opens, and all that does not."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from joserfc import jwt

from kit.identity_provider import AUDIENCE, IdentityProvider, identity_provider, new_key
from remit_consumers.access import provider as rooms
from remit_consumers.access.provider import FILE, Provider, ProviderSettings, provider_at
from remit_consumers.access.roles import Role
from remit_schemas.errors import KeysOutOfReach, PolicyError

ROLES = {"privacy": Role.OFFICER, "audit": Role.AUDITOR}


@pytest.fixture(scope="module")
def theirs() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        yield found


@pytest.fixture
def ours(theirs: IdentityProvider) -> Provider:
    return Provider(ProviderSettings(issuer=theirs.issuer, audience=AUDIENCE, roles=ROLES))


def part(said: object) -> str:
    """A part of a token."""
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()


def unsigned(theirs: IdentityProvider) -> str:
    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(theirs.claims())}."


def by_shared_secret(theirs: IdentityProvider) -> str:
    """Signed by HMAC with the public key as the secret, which everybody has."""
    text = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(theirs.claims())}"
    public = json.dumps(theirs.keys[0].as_dict(private=False)).encode()
    for secret in (public, theirs.keys[0].as_pem(private=False)):
        mac = hmac.digest(secret, text.encode(), hashlib.sha256)
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def signed(theirs: IdentityProvider, **header: object) -> str:
    """Signed by another key, with a header as it likes."""
    key = new_key("first")
    return jwt.encode({"alg": "ES256", "kid": "first", **header}, theirs.claims(), key)


def other_claims(theirs: IdentityProvider) -> str:
    """A good token, whose claims were exchanged."""
    head, _, signature = theirs.token(roles=["audit"]).split(".")
    return f"{head}.{part(theirs.claims())}.{signature}"


HOSTILE: dict[str, Callable[[IdentityProvider], str]] = {
    "alg none": unsigned,
    "HMAC with the public key": by_shared_secret,
    "another key": signed,
    "a key that it brings itself": lambda theirs: signed(
        theirs, jwk=new_key("first").as_dict(private=False)
    ),
    "a key elsewhere": lambda theirs: signed(theirs, jku="http://127.0.0.1:9/keys"),
    "a kid that is a path": lambda theirs: signed(theirs, kid="../../dev/null"),
    "a kid that is a statement": lambda theirs: signed(theirs, kid="' OR 1=1 --"),
    "other claims": other_claims,
    "expired": lambda theirs: theirs.token(exp=int(time.time()) - 3_600),
    "not yet": lambda theirs: theirs.token(nbf=int(time.time()) + 3_600),
    "no end": lambda theirs: theirs.token(exp=None),
    "another audience": lambda theirs: theirs.token(aud="shop"),
    "another issuer": lambda theirs: theirs.token(iss="https://evil.example"),
    "no subject": lambda theirs: theirs.token(sub=None),
    "no role": lambda theirs: theirs.token(roles=["sales"]),
    "roles that are none": lambda theirs: theirs.token(roles={"privacy": 1}.__len__()),
    "huge": lambda theirs: theirs.token(more="x" * 10_000),
    "nothing": lambda _: "",
    "dots": lambda _: "..",
    "not ASCII": lambda _: "é.\ud800.x",
    "no JSON": lambda _: "eA.eA.eA",
    "deep": lambda _: f"{base64.urlsafe_b64encode(b'[' * 5_000).decode()}.e30.e30",
}


def test_a_good_token_gives_the_role_of_its_claim_and_an_opaque_name(
    theirs: IdentityProvider, ours: Provider
) -> None:
    found = ours.identity(theirs.token())
    assert found is not None
    assert found.role is Role.OFFICER
    assert "ann" not in found.who
    assert ours.identity(theirs.token(sub="bob", roles="audit", aud=["shop", AUDIENCE])) is not None


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_token_opens_nothing(name: str, theirs: IdentityProvider, ours: Provider) -> None:
    assert ours.identity(HOSTILE[name](theirs)) is None


def test_keys_are_kept_and_read_again_where_a_new_one_signs(
    theirs: IdentityProvider, ours: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs.asked.clear()
    assert all(ours.identity(theirs.token()) for _ in range(5))
    assert theirs.asked.count("/keys") == 1
    theirs.keys.append(new_key("second"))
    for _ in range(5):
        assert ours.identity(theirs.token()) is None  # read a moment ago
    assert theirs.asked.count("/keys") == 1
    monkeypatch.setattr(rooms, "AGAIN_AFTER_S", 0.0)
    assert ours.identity(theirs.token()) is not None
    theirs.keys.pop()


def test_a_provider_that_does_not_answer_or_is_another_lets_nobody_in(
    theirs: IdentityProvider,
) -> None:
    for issuer in ("http://127.0.0.1:9", f"{theirs.issuer}/"):
        ours = Provider(ProviderSettings(issuer=issuer, audience=AUDIENCE, roles=ROLES))
        with pytest.raises(KeysOutOfReach, match="identity provider"):
            ours.identity(theirs.token())
        asked = len(theirs.asked)
        with pytest.raises(KeysOutOfReach, match="a moment ago"):
            ours.identity(theirs.token())
        assert len(theirs.asked) == asked, "what failed just now is not tried for every caller"


def test_a_provider_is_configured_beside_the_keys_and_has_tls(tmp_path: Path) -> None:
    assert provider_at(tmp_path) is None
    text = "issuer: {}://login.example\naudience: remit\nroles: {{privacy: privacy_officer}}\n"
    (tmp_path / FILE).write_text(text.format("https"))
    assert provider_at(tmp_path) is not None
    (tmp_path / FILE).write_text(text.format("http"))
    with pytest.raises(PolicyError, match="https"):
        provider_at(tmp_path)
