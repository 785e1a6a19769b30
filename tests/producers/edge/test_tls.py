"""TLS at the edge: 1.2 at least, certificates that change while connections go on, and one line for what cannot be used."""

import asyncio
import hashlib
import select
import shutil
import socket
import ssl
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from kit.certificate import write_certificate
from kit.edge_process import EdgeProcess, StartEdge, batch, view
from kit.installation import Installation
from kit.watching import until
from remit.edge import addresses, handshakes
from remit.edge.handshakes import ONE_MAX
from remit.edge.tls import CERTIFICATE, KEY

PASSWORD = b"pw-canary-77c1"


def written(folder: Path, *, days: int = 1) -> dict[str, str]:
    """Make a certificate and its key in two files; gives the settings that name them."""
    folder.mkdir(exist_ok=True)
    key, certificate = write_certificate(folder, days=days)
    return {CERTIFICATE: str(certificate), KEY: str(key)}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    """The settings of an edge with a certificate."""
    return written(tmp_path / "tls")


@pytest.fixture
def edge(start_edge: StartEdge, settings: dict[str, str]) -> EdgeProcess:
    """An edge with TLS, asked by who trusts its certificate."""
    started = start_edge(**settings)
    started.tls = ssl.create_default_context(cafile=settings[CERTIFICATE])
    return started


def shown(port: int) -> str:
    """Give the SHA-256 of the certificate that a new connection is shown, whoever signed it."""
    anyone = ssl.create_default_context()
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port)) as plain,
        anyone.wrap_socket(plain) as guarded,  # without a name: no SNI
    ):
        found = guarded.getpeercert(binary_form=True)
    assert found is not None
    return hashlib.sha256(found).hexdigest()


def fingerprint(certificate: str) -> str:
    """Give the SHA-256 of the certificate in a file."""
    der = ssl.PEM_cert_to_DER_cert(Path(certificate).read_text())
    return hashlib.sha256(der).hexdigest()


def replace(name: str, settings: dict[str, str], others: dict[str, str]) -> None:
    """Put another file in the place of one, at once."""
    aside = f"{settings[name]}.new"
    shutil.copy(others[name], aside)
    Path(aside).replace(settings[name])


def test_a_batch_comes_by_tls_and_the_answer_says_to_come_so_again(edge: EdgeProcess) -> None:
    answer = edge.send(edge.key(), batch([view()]))
    assert answer.status == 202
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
    assert edge.ask("GET", "/remit.js").headers["strict-transport-security"]


def test_plain_http_is_not_answered_at_a_port_with_tls(edge: EdgeProcess) -> None:
    with socket.create_connection(("127.0.0.1", edge.port), timeout=60) as plain:
        plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"HTTP" not in plain.recv(1 << 16)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("version", "is_taken"),
    [
        (ssl.TLSVersion.TLSv1_1, False),
        (ssl.TLSVersion.TLSv1_2, True),
        (ssl.TLSVersion.TLSv1_3, True),
    ],
    ids=["1.1", "1.2", "1.3"],
)
def test_only_tls_from_1_2_on_is_spoken(
    edge: EdgeProcess, version: ssl.TLSVersion, *, is_taken: bool
) -> None:
    assert edge.tls is not None
    edge.tls.set_ciphers("DEFAULT:@SECLEVEL=0")  # this side would speak the old ones
    edge.tls.minimum_version = edge.tls.maximum_version = version
    if is_taken:
        assert edge.ask("GET", "/healthz").status == 200
    else:
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version|EOF"):  # uvloop hangs up
            edge.ask("GET", "/healthz")


def test_a_new_certificate_is_taken_up_and_an_open_connection_goes_on(
    edge: EdgeProcess, settings: dict[str, str], tmp_path: Path
) -> None:
    connection = edge.connection()
    connection.request("GET", "/healthz")
    connection.getresponse().read()
    held = connection.sock
    others = written(tmp_path / "new")
    for name in (CERTIFICATE, KEY):
        replace(name, settings, others)
    new = fingerprint(others[CERTIFICATE])
    until(lambda: shown(edge.port) == new, "the new certificate is not shown", look_s=0.1)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    assert connection.sock is held, "it connected anew"
    connection.close()


def test_while_only_one_of_the_two_files_is_new_the_old_certificate_goes_on(
    edge: EdgeProcess, settings: dict[str, str], tmp_path: Path
) -> None:
    old, others = fingerprint(settings[CERTIFICATE]), written(tmp_path / "new")
    said = "the certificate in use stays"
    replace(CERTIFICATE, settings, others)

    def warned() -> bool:
        assert shown(edge.port) == old
        return said in edge.output.read_text()

    until(warned, "nobody says that the key does not fit", look_s=0.1)
    replace(KEY, settings, others)
    new = fingerprint(others[CERTIFICATE])
    until(lambda: shown(edge.port) == new, "the new certificate is not shown", look_s=0.1)
    assert edge.output.read_text().count(said) == 1


def silent(edge: EdgeProcess) -> socket.socket:
    """A connection from another address of this machine that says nothing."""
    return socket.create_connection(("127.0.0.1", edge.port), 60, ("127.0.0.2", 0))


def test_handshakes_at_once_are_bounded_for_each_address(
    start_edge: StartEdge, settings: dict[str, str]
) -> None:
    edge = start_edge(REMIT_EDGE_REQUEST_TIMEOUT_S="120", **settings)
    edge.tls = ssl.create_default_context(cafile=settings[CERTIFICATE])
    with ExitStack() as stack:
        waiting = [stack.enter_context(silent(edge)) for _ in range(ONE_MAX)]
        assert stack.enter_context(silent(edge)).recv(1) == b"", "one too many is hung up on"
        assert not select.select(waiting, [], [], 0)[0], "and the others are not"
        shown = edge.ask("GET", "/metrics").body.decode()  # from another address
        assert 'remit_edge_limited_total{of="handshakes"} 1.0' in shown
        waiting[0].close()

        def comes_in() -> bool:
            try:
                with edge.tls.wrap_socket(silent(edge), server_hostname="127.0.0.1"):  # type: ignore[union-attr]  # set above
                    return True
            except OSError:
                return False

        until(comes_in, "nobody of that address comes in again")


def test_handshakes_in_a_second_are_bounded_for_each_address(
    settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "RATE", 1 / 3_600)  # of a machine however slow
    monkeypatch.setattr(addresses, "BURST_S", 4 * 3_600.0)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(settings[CERTIFICATE], settings[KEY])

    async def hung_up(address: str) -> int:
        """Of five that come one after the other, so many are hung up on without a word of TLS."""
        words: list[bytes] = []
        listener = socket.create_server(("127.0.0.1", 0))
        begun = handshakes.Handshakes(context, 60.0, lambda: words.append(b""))
        begun.begin(listener, asyncio.Protocol)
        for _ in range(5):
            port = listener.getsockname()[1]
            said, to = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
            to.write(b"no TLS at all")
            with suppress(ConnectionResetError):
                await said.read()
            to.close()
        begun.end()
        return len(words)

    assert asyncio.run(hung_up("127.0.0.2")) == 1
    assert asyncio.run(hung_up("127.0.0.1")) == 0, "a proxy that nobody told of, or the operator"


def test_a_handshake_that_never_ends_is_ended(
    start_edge: StartEdge, settings: dict[str, str]
) -> None:
    edge = start_edge(REMIT_EDGE_REQUEST_TIMEOUT_S="0.3", **settings)
    with silent(edge) as waiting:
        assert waiting.recv(1) == b""


def encrypted(key: str) -> None:
    """Put a password on a key's file."""
    path = Path(key)
    plain = load_pem_private_key(path.read_bytes(), None)
    guard = BestAvailableEncryption(PASSWORD)
    path.write_bytes(plain.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, guard))


@pytest.mark.parametrize("words", [["edge", "--port", "0"], ["up"], ["dashboard", "--port", "0"]])
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("another's key", f"{KEY} is not the key of {CERTIFICATE}"),
        ("no key", f"{KEY} names no file with a private key"),
        ("no certificate", f"{CERTIFICATE} names no file with a certificate"),
        ("key with a password", f"{KEY} names no file with a private key without a password"),
        ("one of two", f"{CERTIFICATE} and {KEY} are set together"),
    ],
)
def test_what_cannot_be_used_ends_the_command_with_one_line(
    words: list[str], fault: str, said: str, settings: dict[str, str], tmp_path: Path
) -> None:
    if fault == "another's key":
        settings[KEY] = written(tmp_path / "other")[KEY]
    elif fault == "no key":
        Path(settings[KEY]).write_text("none")
    elif fault == "no certificate":
        Path(settings[CERTIFICATE]).unlink()
    elif fault == "key with a password":
        encrypted(settings[KEY])
    else:
        del settings[KEY]
    installation = Installation(tmp_path, **settings)
    installation.data.mkdir()
    told = installation.remit(*words, expect=2).stderr
    assert said in told
    assert len(told.strip().splitlines()) == 1
    assert str(tmp_path) not in told
