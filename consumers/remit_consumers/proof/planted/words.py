"""How secrets, accounts, browsers and queries are written."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from random import Random
from string import ascii_letters, ascii_uppercase, digits
from typing import Final

from remit_consumers.proof.planted.addresses import domain, name

Form = Callable[[Random], str]
"""Writes one value."""

BASE62: Final = ascii_letters + digits

ISSUED: Final = (
    *(
        ("ghp_", 36, BASE62),
        ("AKIA", 16, ascii_uppercase + "234567"),
        ("sk_live_", 24, BASE62),
        ("xoxb-", 40, BASE62),
    ),
    *(
        ("AIza", 35, BASE62),
        ("glpat-", 20, BASE62),
        ("npm_", 36, BASE62),
        ("SG.", 60, BASE62),
        ("hf_", 34, ascii_letters),
    ),
)
"""Prefixes, lengths and letters of tokens. Source: what their issuers publish."""


def _random(chance: Random, length: int, letters: str = BASE62) -> str:
    return "".join(chance.choices(letters, k=length))


def _jwt(chance: Random) -> str:
    parts = (
        {"alg": "HS256", "typ": "JWT"},
        {"sub": _random(chance, 10, digits), "iat": chance.randrange(10**9)},
    )
    encoded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*encoded, _random(chance, 43)))


def _issued(chance: Random) -> str:
    prefix, length, letters = chance.choice(ISSUED)
    return prefix + _random(chance, length, letters)


def _secrets() -> tuple[Form, ...]:
    def basic(chance: Random) -> str:
        return b64encode(f"{name(chance)}:{_random(chance, 10)}".encode()).decode()

    return (
        _jwt,
        _jwt,
        *(_issued,) * 4,
        lambda chance: f"Authorization: Bearer {_jwt(chance)}",
        lambda chance: f"Authorization: Bearer {_random(chance, 40)}",
        lambda chance: f"authorization: Basic {basic(chance)}",
        lambda chance: f"password={name(chance)}{chance.randrange(1000)}",
        lambda chance: f'"api_key": "{_random(chance, 32)}"',
        lambda chance: f"token={_random(chance, 24)}",
        lambda chance: f"postgres://{name(chance)}:{_random(chance, 12)}@db.internal/shop",
        lambda _: "-----BEGIN RSA PRIVATE KEY-----",
        lambda chance: f"the password is {_random(chance, 10)}",  # hard: a sentence
        lambda chance: _random(chance, 40),  # hard: nothing says that it is one
    )


def _accounts() -> tuple[Form, ...]:
    def account(chance: Random) -> str:
        return chance.choice(
            (
                name(chance),
                f"{name(chance)}.{name(chance)}",
                f"{name(chance)[0]}{name(chance)}",
                f"{name(chance)}{chance.randrange(100)}",
            )
        )

    lines = (
        "sshd[4711]: Accepted password for {} from 198.51.100.0 port 4242 ssh2",
        "sshd[4711]: Accepted publickey for {} from 198.51.100.0 port 4242 ssh2",
        "sshd[4711]: Failed password for invalid user {} from 198.51.100.0 port 4242 ssh2",
        "sshd[4711]: Invalid user {} from 198.51.100.0",
        "sshd[4711]: Disconnected from user {} 198.51.100.0 port 4242",
        "sshd[4711]: Connection closed by authenticating user {} 198.51.100.0 port 4242 [preauth]",
        "sshd(pam_unix)[4711]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost=  user={}",
        "pam_unix(sshd:session): session opened for user {} by (uid=0)",
        "su(pam_unix)[4711]: session closed for user {}",
        "pam_unix(su:session): session opened for user root by {}(uid=1000)",
        "sudo:     {} : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/true",
        "systemd-logind[1]: New session 12 of user {}.",
        "CROND[4711]: ({}) CMD (/bin/true)",
        "login user={} ok",
        '{{"user": "{}", "ok": true}}',  # hard: JSON
        "{} logged in from the shop",  # hard: a sentence
        "removed /Users/{}/Library/Caches",
    )
    return tuple(lambda chance, line=line: line.format(account(chance)) for line in lines)


def _agents() -> tuple[Form, ...]:
    systems = (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
        "Linux; Android 14; K",
    )

    def chrome(chance: Random) -> str:
        return f"Mozilla/5.0 ({chance.choice(systems)}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chance.randrange(80, 150)}.0.0.0 Safari/537.36"

    def firefox(chance: Random) -> str:
        major = chance.randrange(60, 150)
        return (
            f"Mozilla/5.0 ({chance.choice(systems)}; rv:{major}.0) Gecko/20100101 Firefox/{major}.0"
        )

    return (
        *(chrome,) * 5,
        *(firefox,) * 3,
        lambda chance: (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS {chance.randrange(12, 19)}_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        ),
        lambda chance: f"Mozilla/4.0 (compatible; MSIE {chance.randrange(6, 9)}.0; Windows NT 5.1)",
        lambda chance: f"Dalvik/2.1.0 (Linux; U; Android {chance.randrange(7, 15)}; K)",
        lambda chance: f"Shop/{chance.randrange(9)}.1 CFNetwork/1494.0.7 Darwin/23.4.0",
        lambda chance: chrome(chance)[:60],  # cut off
        lambda chance: f"okhttp/4.{chance.randrange(13)}.0",  # hard: no comment
        lambda chance: f"{name(chance)}-app/{chance.randrange(9)}.2",  # hard: no comment
    )


def _queries() -> tuple[Form, ...]:
    return (
        *(lambda chance: f"/{name(chance)}/search?q={name(chance)}+{name(chance)}",) * 3,
        *(
            lambda chance: (
                f"https://www.{domain(chance)}/{name(chance)}?id={chance.randrange(10**6)}&ref={name(chance)}"
            ),
        )
        * 3,
        lambda chance: f"GET /?{name(chance)}={name(chance)} HTTP/1.1",
        lambda chance: f"{domain(chance)}?session={_random(chance, 12)}",
        lambda chance: f"?utm_source={name(chance)}",
        lambda chance: f"/a/b.php?user[name]={name(chance)}",
        lambda chance: f"/shop;jsessionid={_random(chance, 16)}",  # hard: matrix parameter
        lambda chance: (
            f"https://www.{domain(chance)}/#token={_random(chance, 8)}"
        ),  # hard: fragment
    )


FORMS: Mapping[str, tuple[Form, ...]] = {
    "secret": _secrets(),
    "user": _accounts(),
    "user_agent": _agents(),
    "query": _queries(),
}
"""By kind: how it is written, each as often as it stands here."""
