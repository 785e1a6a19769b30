"""An OpenID provider on a port of this machine: discovery, keys that can be changed, tokens with real signatures, people who log in."""

import base64
import hashlib
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

AUDIENCE = "remit"
CLIENT = "remit-dashboard"
CLIENT_SECRET = "a secret of the client"  # noqa: S105 - of a test's provider
FORM = """<!doctype html><title>Provider</title><form method="post"><input type="hidden" name="of" value="{of}">
<label>Role <input name="role"></label><button>Log in</button></form>"""


def new_key(kid: str) -> ECKey:
    """A key that signs."""
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"})


@dataclass(slots=True)
class IdentityProvider:
    """A provider that is being served.

    Attributes:
        issuer: Its address.
        keys: That it signs with; the last signs.
        asked: Paths that it was asked for.
        back: The address that is registered of the client.
        codes: What was asked with each code that nobody has brought yet, and in which role.
        exchanges: Every form that was brought for a token, and its Authorization.
        more: What its tokens say besides or otherwise.
        discovered: What its document says besides or otherwise.
        says_iss: Whether its answers name it.
    """

    issuer: str = ""
    keys: list[ECKey] = field(default_factory=lambda: [new_key("first")])
    asked: list[str] = field(default_factory=list)
    back: str = ""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    exchanges: list[dict[str, str]] = field(default_factory=list)
    more: dict[str, Any] = field(default_factory=dict)
    discovered: dict[str, Any] = field(default_factory=dict)
    says_iss: bool = True

    def claims(self, **other: Any) -> dict[str, Any]:  # noqa: ANN401 - what a token says
        """What a good token says, but for what is said otherwise."""
        said = {"iss": self.issuer, "aud": AUDIENCE, "sub": "ann", "roles": ["privacy"]}
        return {**said, "exp": int(time.time()) + 3_600, **other}

    def token(self, **other: Any) -> str:  # noqa: ANN401 - as above
        """A token with a signature of the newest key."""
        key = self.keys[-1]
        return jwt.encode({"alg": "ES256", "kid": key.kid or ""}, self.claims(**other), key)

    def document(self, path: str) -> object:
        """What it answers."""
        if path == "/keys":
            return KeySet(list(self.keys)).as_dict(private=False)
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": self.says_iss,
            **self.discovered,
        }

    def agreed(self, query: str, role: str) -> str | None:
        """Where somebody who logged in is sent; None where the question is not one that it answers."""
        asked = {name: values[0] for name, values in parse_qs(query).items()}
        good = {"client_id": CLIENT, "redirect_uri": self.back, "response_type": "code"}
        good |= {"code_challenge_method": "S256"}
        if {name: asked.get(name) for name in good} != good or "openid" not in asked["scope"]:
            return None
        code = secrets.token_urlsafe(16)
        self.codes[code] = {**asked, "role": role}
        said = {"code": code, "state": asked["state"]}
        said |= {"iss": self.issuer} if self.says_iss else {}
        return f"{self.back}?{urlencode(said)}"

    def exchanged(self, form: dict[str, str], authorization: str) -> dict[str, str] | None:
        """The token for a code; None where another client brings it, or it was not given for this question."""
        self.exchanges.append({**form, "authorization": authorization})
        known = self.codes.pop(form.get("code", ""), None)
        pair = base64.b64encode(f"{CLIENT}:{CLIENT_SECRET.replace(' ', '%20')}".encode()).decode()
        if known is None or authorization not in {"", f"Basic {pair}"}:
            return None
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (challenge, form["redirect_uri"]) != (known["code_challenge"], known["redirect_uri"]):
            return None
        said = {"aud": CLIENT, "nonce": known["nonce"], "roles": [known["role"]]}
        token = self.token(**{"iat": int(time.time()), **said, **self.more})
        return {"id_token": token, "access_token": "none", "token_type": "Bearer"}


@contextmanager
def identity_provider(host: str = "127.0.0.1") -> Iterator[IdentityProvider]:
    """Serve one until the end, under a name of this machine."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            if self.path.startswith("/authorize"):
                self.answer(200, FORM.format(of=base64.b64encode(self.path.encode()).decode()))
            else:
                self.answer(200, json.dumps(provider.document(self.path)))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            if self.path == "/token":
                found = provider.exchanged(form, self.headers.get("authorization", ""))
                self.answer(200 if found else 400, json.dumps(found or {"error": "invalid_grant"}))
                return
            question = urlsplit(base64.b64decode(form["of"]).decode()).query
            address = provider.agreed(question, form.get("role", ""))
            self.answer(303 if address else 400, "", location=address or "")

        def answer(self, status: int, text: str, **headers: str) -> None:
            self.send_response(status)
            for name, value in {"content-length": str(len(text.encode())), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://{host}:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
