"""Logging in at a real provider over HTTP: by code, PKCE, state and nonce; whatever of it does not hold lets nobody in."""

import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kit.entering import follow
from kit.identity_provider import (
    AUDIENCE,
    CLIENT,
    CLIENT_SECRET,
    IdentityProvider,
    identity_provider,
    new_key,
)
from kit.sites import Served, make_site, served
from remit_consumers.access.limits import WINDOW_S, Limit
from remit_consumers.access.login import SECRET_FILE, WAY_S, Login, login_of
from remit_consumers.access.provider import (
    BACK,
    LoginSettings,
    Provider,
    ProviderSettings,
    provider_at,
)
from remit_consumers.access.roles import Role
from remit_consumers.dashboard.entrance import LOGIN_COOKIE
from remit_consumers.dashboard.gate import COOKIE
from remit_schemas.errors import KeysOutOfReach, PolicyError, SettingsError

ROLES = {"privacy": Role.OFFICER, "audit": Role.AUDITOR}
HERE = f"http://127.0.0.1:9{BACK}"


@dataclass
class Watch:
    """A clock that the test sets."""

    now: float = 1_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def theirs() -> Iterator[IdentityProvider]:
    with identity_provider() as found:
        found.back = HERE
        yield found


def way(
    theirs: IdentityProvider, secret: str = "", clock: Callable[[], float] = time.monotonic
) -> Login:
    """The way to a provider and back."""
    login = LoginSettings(client=CLIENT, back=theirs.back)
    settings = ProviderSettings(issuer=theirs.issuer, audience=AUDIENCE, roles=ROLES, login=login)
    return Login(Provider(settings), login, secret, clock)


def answered(theirs: IdentityProvider, address: str, role: str = "privacy") -> dict[str, str]:
    """What the provider has a browser say that was sent to it, and logged in."""
    back = theirs.agreed(urllib.parse.urlsplit(address).query, role)
    assert back is not None
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))


def test_somebody_who_logs_in_has_the_role_of_the_claim_and_an_opaque_name(
    theirs: IdentityProvider,
) -> None:
    login = way(theirs)
    word, address = login.begin()
    found = login.finish(word, answered(theirs, address))
    assert found is not None
    assert found.role is Role.OFFICER
    assert "ann" not in found.who
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
    assert asked["redirect_uri"] == HERE
    assert asked["code_challenge_method"] == "S256"
    (brought,) = theirs.exchanges
    assert brought["redirect_uri"] == HERE
    assert not any(brought["code_verifier"] in said for said in (word, address))


def test_each_way_has_words_of_its_own(theirs: IdentityProvider) -> None:
    login = way(theirs)
    addresses = [login.begin()[1] for _ in range(2)]
    first, second = (dict(urllib.parse.parse_qsl(one)) for one in addresses)
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_a_client_with_a_secret_shows_it_and_one_with_another_is_refused(
    theirs: IdentityProvider,
) -> None:
    for secret, is_in in ((CLIENT_SECRET, True), ("another", False)):
        login = way(theirs, secret)
        word, address = login.begin()
        found = login.finish(word, answered(theirs, address))
        assert (found is not None) is is_in
        assert theirs.exchanges[-1]["authorization"].startswith("Basic ")


ANSWERS: dict[str, dict[str, str]] = {
    "no state": {"state": ""},
    "another state": {"state": "A" * 43},
    "a state that is no letter": {"state": "\ud800"},
    "no code": {"code": ""},
    "a code that was never given": {"code": "guess"},
    "a code without end": {"code": "x" * 5_000},
    "another issuer": {"iss": "https://evil.example"},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_does_not_hold_lets_nobody_in(name: str, theirs: IdentityProvider) -> None:
    login = way(theirs)
    word, address = login.begin()
    assert login.finish(word, answered(theirs, address) | ANSWERS[name]) is None


def test_a_provider_that_names_itself_in_its_answers_always_does(theirs: IdentityProvider) -> None:
    login = way(theirs)
    word, address = login.begin()
    said = answered(theirs, address)
    del said["iss"]
    assert login.finish(word, said) is None
    theirs.says_iss = False
    word, address = login.begin()
    assert login.finish(word, answered(theirs, address)) is not None


TOKENS: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "A" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is no text": {"nonce": 7},
    "another issuer": {"iss": "https://evil.example"},
    "for a program": {"aud": AUDIENCE},
    "for us and somebody else": {"aud": [CLIENT, "shop"]},
    "for us by somebody else": {"aud": [CLIENT, "shop"], "azp": "shop"},
    "expired": {"exp": 1_000_000_000},
    "no end": {"exp": None},
    "not yet": {"nbf": 32_000_000_000},
    "no time": {"iat": None},
    "no subject": {"sub": None},
    "no role": {"roles": ["sales"]},
    "no claim": {"roles": None},
    "a claim that is no list": {"roles": 7},
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_token_that_does_not_hold_lets_nobody_in(name: str, theirs: IdentityProvider) -> None:
    login = way(theirs)
    theirs.more = TOKENS[name]
    word, address = login.begin()
    assert login.finish(word, answered(theirs, address)) is None
    assert len(theirs.exchanges) == 1, "it was the token that did not hold"


def test_a_token_of_another_key_lets_nobody_in(theirs: IdentityProvider) -> None:
    login = way(theirs)
    word, address = login.begin()
    assert login.finish(word, answered(theirs, address)) is not None
    theirs.keys.append(new_key("first"))
    word, address = login.begin()
    theirs.keys[:] = [new_key("first")]
    assert login.finish(word, answered(theirs, address)) is None


def test_a_code_is_taken_once_and_from_the_browser_that_asked(theirs: IdentityProvider) -> None:
    login, watch = way(theirs), Watch()
    (mine, address), (other, _) = login.begin(), login.begin()
    said = answered(theirs, address)
    for word in (
        other,
        "",
        "1000.",
        f"1000.{'x' * 500}",
        "x.y",
        "²." + mine[2:],
        way(theirs).begin()[0],
    ):
        assert login.finish(word, said) is None
    assert theirs.exchanges == []
    assert login.finish(mine, said) is not None
    assert login.finish(mine, said) is None
    late = way(theirs, clock=watch)
    word, address = late.begin()
    said = answered(theirs, address)
    watch.now += WAY_S + 1
    assert late.finish(word, said) is None


DOCUMENTS: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.example"},
    "no door": {"authorization_endpoint": None},
    "a door without TLS": {"authorization_endpoint": "http://login.example/authorize"},
    "codes without TLS": {"token_endpoint": "http://login.example/token"},
    "no PKCE": {"code_challenge_methods_supported": ["plain"]},
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_provider_that_cannot_be_believed_is_not_asked(
    name: str, theirs: IdentityProvider
) -> None:
    theirs.discovered = DOCUMENTS[name]
    with pytest.raises(KeysOutOfReach, match="identity provider"):
        way(theirs).begin()


def test_the_way_is_configured_beside_the_keys(tmp_path: Path) -> None:
    file, text = (
        tmp_path / "identity.yaml",
        "issuer: https://login.example\naudience: remit\nroles: {a: auditor}\n",
    )
    file.write_text(text)
    assert login_of(tmp_path, provider_at(tmp_path)) is None
    assert login_of(tmp_path, None) is None
    file.write_text(f"{text}login: {{client: c, back: 'https://remit.example{BACK}'}}\n")
    assert login_of(tmp_path, provider_at(tmp_path)) is not None
    for wrong in (f"http://remit.example{BACK}", "https://remit.example/elsewhere"):
        file.write_text(f"{text}login: {{client: c, back: '{wrong}'}}\n")
        with pytest.raises(PolicyError, match="https"):
            provider_at(tmp_path)
    file.write_text(f"{text}login: {{client: c, back: 'https://r.example{BACK}', scope: email}}\n")
    with pytest.raises(PolicyError, match="openid"):
        provider_at(tmp_path)


def test_a_secret_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    text = f"issuer: https://login.example\naudience: remit\nroles: {{a: auditor}}\nlogin: {{client: c, back: 'https://remit.example{BACK}'}}\n"
    (tmp_path / "identity.yaml").write_text(text)
    secret = tmp_path / SECRET_FILE
    secret.write_text("hidden")
    secret.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod") as caught:
        login_of(tmp_path, provider_at(tmp_path))
    assert "hidden" not in str(caught.value)
    secret.chmod(0o600)
    assert login_of(tmp_path, provider_at(tmp_path)) is not None


@pytest.fixture
def door(theirs: IdentityProvider, tmp_path: Path) -> Iterator[Served]:
    site = make_site(tmp_path, Role.AUDITOR, is_open=False)
    with served(site) as found:
        theirs.back = f"{found.address}{BACK}"
        site.gate.login = way(theirs)
        yield found


def test_who_logged_in_is_in_with_a_strict_cookie_and_who_did_not_is_told_so(
    door: Served, theirs: IdentityProvider
) -> None:
    html = {"accept": "text/html"}
    status, _, text = follow(f"{door.address}/", None, **html)
    assert (status, door.refused) == (403, ["no_session"])
    assert 'href="/login"' in text
    status, headers, _ = follow(f"{door.address}/login")
    assert status == 303
    on_the_way = headers["set-cookie"]
    for flag in ("HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"):
        assert flag in on_the_way
    back = theirs.agreed(urllib.parse.urlsplit(headers["location"]).query, "audit")
    assert back
    status, headers, text = follow(back, None, **html)
    assert status == 403, "the browser that asked is another"
    assert COOKIE not in headers["set-cookie"]
    assert "Try again" in text
    status, headers, _ = follow(f"{door.address}/login")
    cookie = headers["set-cookie"].partition(";")[0]
    back = theirs.agreed(urllib.parse.urlsplit(headers["location"]).query, "audit")
    assert back
    assert follow(f"{back}&state=twice", cookie=cookie)[0] == 403
    status, headers, text = follow(back, cookie=cookie)
    assert status == 200
    assert 'http-equiv="refresh"' in text
    assert f'{LOGIN_COOKIE}=""' in headers["set-cookie"]
    session = next(one for one in headers["set-cookie"].split("\n") if one.startswith(COOKIE))
    assert "SameSite=strict" in session
    assert "HttpOnly" in session
    inside = session.partition(";")[0]
    assert follow(f"{door.address}/proof", cookie=inside)[0] == 200
    assert follow(f"{door.address}/requests", cookie=inside)[0] == 200
    assert door.refused == ["no_session", "no_login", "no_login"]


def test_a_provider_that_is_away_lets_nobody_in(door: Served, theirs: IdentityProvider) -> None:
    theirs.discovered = {"issuer": "https://evil.example"}
    assert follow(f"{door.address}/login")[0] == 503
    assert door.refused == ["out_of_reach"]


def test_without_a_provider_there_is_no_way_to_one_and_nobody_begins_too_many(
    tmp_path: Path,
) -> None:
    with served(make_site(tmp_path, Role.AUDITOR, is_open=False)) as found:
        found.site.gate.logins = Limit(1, WINDOW_S)
        assert follow(f"{found.address}/login")[0] == 404
        assert follow(f"{found.address}/login")[0] == 429
        assert follow(f"{found.address}{BACK}?code=a&state=b")[0] == 403
        assert 'href="/login"' not in follow(f"{found.address}/", accept="text/html")[2]
