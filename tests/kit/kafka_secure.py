"""What makes a broker of the tests one with TLS, users and ACLs: a listener more, a certificate, an authorizer."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from kit.watching import until

USERS = ("remit", "shop", "stranger")
"""Who may log in to the broker; the password of each is its name backwards."""

PROPERTIES = """
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},SECURE://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},SECURE://127.0.0.1:{secure},MUTUAL://127.0.0.1:{mutual}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL,MUTUAL:SSL
listener.name.secure.ssl.keystore.type=PEM
listener.name.secure.ssl.keystore.location={certificate}
listener.name.secure.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secure.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.mutual.ssl.keystore.type=PEM
listener.name.mutual.ssl.keystore.location={certificate}
listener.name.mutual.ssl.truststore.type=PEM
listener.name.mutual.ssl.truststore.location={trusted}
listener.name.mutual.ssl.client.auth=required
listener.name.secure.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required {users};
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
# the tests themselves, the broker and its controller come by the plain listener
super.users=User:ANONYMOUS
"""


def password(user: str) -> str:
    """Give a user's password."""
    return user[::-1]


def secure_properties(ports: Sequence[int], certificate: Path, trusted: Path) -> str:
    """Give the lines that a broker's properties get in addition; of a key that stands twice, the last one holds."""
    users = " ".join(f'user_{user}="{password(user)}"' for user in USERS)
    named = dict(zip(("port", "controller", "secure", "mutual"), ports, strict=True))
    return PROPERTIES.format(**named, certificate=certificate, trusted=trusted, users=users)


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
    """Let a user do something with what has this name, or begins with it where it ends in a star.

    Who made an ACL was answered by the controller; it holds once the broker, too, has heard of it.
    """
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
    for binding in bindings:
        until(partial(is_known, admin, binding), "the broker hears of no such right")


def is_known(admin: AdminClient, binding: AclBinding) -> bool:
    """Whether the broker that is asked knows of an ACL: it answers from what it decides by."""
    wanted = AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )
    return bool(admin.describe_acls(wanted).result())
