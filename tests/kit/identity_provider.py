"""An OpenID provider on a port of this machine: discovery, keys that can be changed, tokens with real signatures."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

AUDIENCE = "remit"


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
    """

    issuer: str = ""
    keys: list[ECKey] = field(default_factory=lambda: [new_key("first")])
    asked: list[str] = field(default_factory=list)

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
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys"}


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """Serve one until the end."""
    provider = IdentityProvider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            body = json.dumps(provider.document(self.path)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
