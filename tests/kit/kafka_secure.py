"""What makes a broker of the tests one with TLS, users and ACLs: a listener more, a certificate, an authorizer."""

import ipaddress
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

USERS = ("remit", "shop", "stranger")
"""Who may log in to the broker; the password of each is its name backwards."""

PROPERTIES = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={certificate}
listener.name.secure.sasl.enabled.mechanisms=PLAIN
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# the tests themselves, the broker and its controller come by the plain listener
super.users=User:ANONYMOUS
"""


def password(user: str) -> str:
    """Give a user's password."""
    return user[::-1]


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for 127.0.0.1 that signs itself.

    Returns:
        The file with key and certificate, and the one that clients trust.
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
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, SHA256())
    )
    both, trusted = folder / "broker.pem", folder / "ca.pem"
    trusted.write_bytes(certificate.public_bytes(Encoding.PEM))
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    both.write_bytes(secret + trusted.read_bytes())
    return both, trusted


def secure_properties(port: int, controller: int, secure: int, certificate: Path) -> str:
    """Give the lines that a broker's properties get in addition; of a key that stands twice, the last one holds."""
    users = " ".join(f'user_{user}="{password(user)}"' for user in USERS)
    return PROPERTIES.format(
        port=port, controller=controller, secure=secure, certificate=certificate, users=users
    )


def login(user: str, ca: Path) -> dict[str, str]:
    """Give what librdkafka needs to log in by TLS."""
    return {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": user,
        "sasl.password": password(user),
        "ssl.ca.location": str(ca),
    }


def as_environment(options: Mapping[str, str]) -> dict[str, str]:
    """Give options of librdkafka as the variables that remit reads."""
    return {f"REMIT_KAFKA_{name.upper().replace('.', '_')}": text for name, text in options.items()}


def allow(
    admin: AdminClient,
    user: str,
    kind: ResourceType,
    name: str,
    operations: Sequence[AclOperation],
) -> None:
    """Let a user do something with what has this name, or begins with it where it ends in a star."""
    pattern = ResourcePatternType.PREFIXED if name.endswith("*") else ResourcePatternType.LITERAL
    bindings = [
        AclBinding(
            kind,
            name if name == "*" else name.rstrip("*"),
            ResourcePatternType.LITERAL if name == "*" else pattern,
            f"User:{user}",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]
    for answer in admin.create_acls(bindings).values():
        answer.result()
