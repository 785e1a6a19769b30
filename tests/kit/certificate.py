"""A certificate of 127.0.0.1 that signs itself, for servers of the tests that speak TLS."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


def write_certificate(folder: Path, *, days: int = 1) -> tuple[Path, Path]:
    """Make a certificate and its key.

    Args:
        folder: Where the files go; those that are there are replaced.
        days: How long it holds from now on; below 0 it is over.

    Returns:
        The file with key and certificate, for the server, and the one that clients trust.
    """
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "remit tests")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=100))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, SHA256())
    )
    both, trusted = folder / "server.pem", folder / "trusted.pem"
    trusted.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(secret + trusted.read_bytes())
    return both, trusted


def write_client_certificate(folder: Path, authority: Path, name: str) -> tuple[Path, Path]:
    """Make a client's certificate, signed by that of `write_certificate`.

    Returns:
        The file with the certificate, and the one with its key.
    """
    signs = load_pem_private_key(authority.read_bytes(), None)
    assert isinstance(signs, EllipticCurvePrivateKey)
    issuer = x509.load_pem_x509_certificate(authority.read_bytes()).subject
    key = generate_private_key(SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(signs, SHA256())
    )
    shown, secret = folder / f"{name}.pem", folder / f"{name}.key"
    shown.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return shown, secret
