"""Secrets that are set or kept stand in nothing that remit says: no command's output, no metric, no bundle, no process list."""

import http.client
import subprocess
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
import typer.main

from kit.identity_provider import AUDIENCE, CLIENT, IdentityProvider, identity_provider
from kit.installation import COMMAND_TIMEOUT_S, Installation
from kit.ports import free_ports
from kit.warm import warm
from kit.watching import until
from remit_cli.app import application

EVENT = '{"page": "/orders/17", "ip": "198.51.100.23", "subject": "user 1"}\n'
KAFKA, VAULT = "pw-canary-5d1fa8", "pw-canary-vault-93"
SETTINGS = {
    "REMIT_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
    "REMIT_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
    "REMIT_KAFKA_SASL_USERNAME": "remit",
    "REMIT_KAFKA_SASL_PASSWORD": KAFKA,
}
GIVEN = "pw-canary-client-4b"
CONFIGURED = f"""
issuer: {{}}
audience: {AUDIENCE}
roles: {{{{privacy: privacy_officer}}}}
login: {{{{client: {CLIENT}, back: "http://127.0.0.1:1/login/back"}}}}
"""
AWAY = {"REMIT_LOG": "kafka://127.0.0.1:1/away"}
NO_VAULT = {"REMIT_VAULT": f"postgresql://remit:{VAULT}@127.0.0.1:1/vault"}
PATHS = ("/healthz", "/metrics", "/openapi.json", "/v1/openapi.json", "/v1/policy/summary", "/")
SECRETS = (
    "Kafka's password",
    "the vault database's password",
    "a write key",
    "a dashboard's token",
    "a token of the register of requests",
    "a token of the identity provider",
    "the secret that the identity provider gave",
    "signing.key",
    "index.key",
    "an epoch's key",
    "a window's key",
    "a subject's secret",
)

pytestmark = pytest.mark.slow  # fifty commands, one after the other

Group = Any
"""Click's own, without types."""


def commands(group: Group, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give each command that says what it does as JSON, and asks for nothing more to do it."""
    inner = getattr(group, "commands", {})
    for name, command in inner.items():
        yield from commands(command, (*before, name))
    parameters = {one.name: one.required for one in group.params}
    if not inner and "as_json" in parameters and not any(parameters.values()):
        yield before


COMMANDS = [one for one in commands(typer.main.get_command(application())) if one != ("watch",)]
"""`watch` goes on until it is stopped."""


def forms(secret: bytes) -> tuple[bytes, ...]:
    """How a key of 32 bytes would stand somewhere: as it is, its halves in hex, in both alphabets of Base64."""
    halves = [secret[:16], secret[16:]]
    hexed = [half.hex().encode() for half in halves]
    coded = [encode(secret).rstrip(b"=") for encode in (b64encode, urlsafe_b64encode)]
    return (*halves, *hexed, *coded)


def planted(
    installed: Installation, theirs: IdentityProvider, token: bytes
) -> dict[str, tuple[bytes, ...]]:
    """Make or read every secret; gives the forms of each."""
    keys, vault = (Path(installed.env[name]) for name in ("REMIT_KEYS", "REMIT_VAULT"))
    (keys / "identity.yaml").write_text(CONFIGURED.format(theirs.issuer))
    (keys / "identity-secret").touch(0o600)
    (keys / "identity-secret").write_text(GIVEN)
    made = {
        "a write key": ("sources", "add", "back", "--kind", "server"),
        "a dashboard's token": ("access", "invite", "ada", "--role", "auditor"),
        "a token of the register of requests": ("requests", "tokens", "add", "desk"),
    }
    found: dict[str, tuple[bytes, ...]] = {
        name: (max(installed.remit(*words).stdout.split(), key=len).encode(),)
        for name, words in made.items()
    }
    kept = {
        "signing.key": keys / "signing.key",
        "index.key": keys / "index.key",
        "an epoch's key": next(keys.glob("epoch-*.key")),
        "a window's key": next(keys.glob("floor~*.key")),
    }
    found |= {name: forms(path.read_bytes()) for name, path in kept.items()}
    found |= {
        "a token of the identity provider": tuple(token.split(b".")[1:]),
        "the secret that the identity provider gave": (GIVEN.encode(),),
    }
    found["a subject's secret"] = forms((vault / "subjects.vault").read_bytes()[-32:])
    return found | {
        "Kafka's password": (KAFKA.encode(),),
        "the vault database's password": (VAULT.encode(),),
    }


def said(installed: Installation, *words: str, **changed: str) -> bytes:
    """Give all that a command says, whether it can do what it is asked or not."""
    done = warm().run(words, installed.env | changed, "", COMMAND_TIMEOUT_S)
    return f"{done.stdout}\n{done.stderr}".encode()


def borne(port: int, token: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what is answered to who bears a token of the provider: one that holds, one that does not, one in the way back."""
    for name, bearer in (("good", token), ("bad", token + b"x")):
        for path in ("/requests", "/v1/requests", f"/login/back?state=a&code={bearer.decode()}"):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            connection.request("GET", path, headers={"Authorization": b"Bearer " + bearer})
            answer = connection.getresponse()
            told = repr(answer.getheaders()).encode() + answer.read()
            is_let_in = answer.status == 200  # HTTP's number
            assert is_let_in == (name == "good" and "back" not in path), (path, answer.status)
            yield f"GET {path.partition('?')[0]}, a {name} token", told
            connection.close()


def served(installed: Installation, folder: Path, token: bytes) -> Iterator[tuple[str, bytes]]:
    """Give what `remit up` answers and says, and how its process is listed."""
    (port,) = free_ports(1)
    lines = folder / "up.log"
    process = installed.start_into(lines, "up", "--port", str(port))
    until(lambda: "/v1/events" in lines.read_text(), "it does not listen")
    for path in PATHS:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("GET", path)
        yield f"GET {path}", connection.getresponse().read()
        connection.close()
    yield from borne(port, token)
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, check=True)  # noqa: S607  # wherever it is
    assert b"up --port" in listed.stdout
    yield "the process list", listed.stdout
    process.terminate()
    assert process.wait(120) == 0
    yield "what remit up says", lines.read_bytes()


def broken(installed: Installation) -> Iterator[tuple[str, bytes]]:
    """Give what is said when something is out of order; the last of it stays so."""
    for words in (("doctor", "--json"), ("bridge", "check", "--json"), ("run",)):
        if words != ("run",):
            yield f"{words}, no broker", said(installed, *words, **AWAY)
        yield f"{words}, no vault", said(installed, *words, **NO_VAULT)
    (installed.data / "lake" / "events").rename(installed.data / "aside")
    (installed.data / "lake" / "events").write_text("no folder")
    for name in ("report", "verify", "doctor"):
        yield f"{name}, no lake", said(installed, name, "--json")


@pytest.fixture(scope="module")
def both(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Mapping[str, tuple[bytes, ...]], Mapping[str, bytes]]]:
    """The secrets of an installation, and all that it says."""
    folder = tmp_path_factory.mktemp("secrets")
    installed = Installation(folder, **SETTINGS)
    stack = ExitStack()
    try:
        installed.remit("emit", "page_view", "--wait", stdin=EVENT)
        theirs = stack.enter_context(identity_provider())
        token = theirs.token().encode()
        secrets = planted(installed, theirs, token)
        shown = {" ".join(one): said(installed, *one, "--json") for one in COMMANDS}
        bundle = folder / "evidence.zip"
        shown["remit evidence"] = said(installed, "evidence", "--out", str(bundle), "--json")
        with ZipFile(bundle) as parts:
            shown |= {f"bundle {one}": parts.read(one) for one in parts.namelist()}
        shown |= dict(served(installed, folder, token))
        shown |= dict(broken(installed))
        yield secrets, shown
    finally:
        stack.close()
        installed.end_all()


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_stands_in_nothing_that_remit_says(
    name: str, both: tuple[Mapping[str, tuple[bytes, ...]], Mapping[str, bytes]]
) -> None:
    secrets, shown = both
    assert all(len(form) >= 16 for form in secrets[name])
    assert not [
        where for where, text in shown.items() if any(form in text for form in secrets[name])
    ]


def test_all_that_is_meant_to_be_looked_at_was(
    both: tuple[Mapping[str, tuple[bytes, ...]], Mapping[str, bytes]],
) -> None:
    secrets, shown = both
    assert set(secrets) == set(SECRETS)
    assert len(COMMANDS) > 20
    assert any(where.startswith("bundle ") for where in shown)
    assert b"remit_edge_requests" in shown["GET /metrics"]
    assert not [where for where, text in shown.items() if b"Usage:" in text], "not done at all"
