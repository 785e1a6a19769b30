"""An authority of time-stamps that runs here: openssl's, behind HTTP."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

CONFIG = """
[req]
distinguished_name = name
[name]
[tsa]
default_tsa = stamping
[stamping]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[signer]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


def _openssl(*words: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(
        ["openssl", *words],  # noqa: S607
        input=stdin,
        capture_output=True,
        check=True,
    ).stdout


def make_authority(folder: Path) -> Path:
    """Make the keys and certificates of an authority; gives the root certificate."""
    folder.mkdir(parents=True)
    config = folder / "tsa.cnf"
    config.write_text(CONFIG.format(folder=folder))
    (folder / "serial").write_text("01\n")
    root, key = folder / "root.pem", folder / "root.key"
    curve = (
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-config",
        str(config),
    )
    _openssl("req", "-x509", *curve, "-keyout", str(key), "-out", str(root), "-days", "30",
             "-subj", "/CN=Root of the test", "-extensions", "root")  # fmt: skip
    _openssl("req", *curve, "-keyout", str(folder / "tsa.key"), "-out", str(folder / "tsa.csr"),
             "-subj", "/CN=Authority of the test")  # fmt: skip
    _openssl("x509", "-req", "-in", str(folder / "tsa.csr"), "-CA", str(root), "-CAkey", str(key),
             "-out", str(folder / "tsa.pem"), "-days", "30", "-extfile", str(config),
             "-extensions", "signer", "-set_serial", "2")  # fmt: skip
    return root


@contextmanager
def stamping(folder: Path) -> Iterator[str]:
    """Answer requests for time-stamps; gives the address."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = folder / "query.tsq"
            query.write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            config = str(folder / "tsa.cnf")
            answer = _openssl("ts", "-reply", "-queryfile", str(query), "-config", config)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
