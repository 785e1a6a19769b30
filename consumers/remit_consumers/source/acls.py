"""The least that each of remit's programs must be allowed at a broker, as ACLs; nothing else is asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from remit_schemas.log_address import KafkaLog

CLUSTER: Final = "kafka-cluster"
"""Kafka's own name for the cluster as a thing that rights can be given on."""


class Role(StrEnum):
    """What a program is to the broker; each gets a user of its own."""

    PRODUCER = "producer"  # an app with the SDK, the edge, an import: it seals
    CONSUMER = "consumer"  # remit run: it opens, stores, shares
    BRIDGE = "bridge"  # remit bridge, where the plain door is open


class Kind(StrEnum):
    """What a right is about, in the words of kafka-acls."""

    TOPIC = "topic"
    GROUP = "group"
    TRANSACTIONAL_ID = "transactional-id"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Grant:
    """Rights of one role on one thing.

    Attributes:
        role: Whose.
        kind: Of what kind the thing is.
        name: Of the thing.
        operations: In the words of kafka-acls.
        is_prefix: Whether it is about all whose name begins so.
    """

    role: Role
    kind: Kind
    name: str
    operations: tuple[str, ...]
    is_prefix: bool = False

    def command(self, bootstrap: str) -> str:
        """Give the line for a shell that gives these rights to `User:remit-ROLE`."""
        words = ["kafka-acls.sh", "--bootstrap-server", bootstrap, "--add"]
        words += ["--allow-principal", f"User:remit-{self.role}"]
        for operation in self.operations:
            words += ["--operation", operation]
        words += ["--cluster"] if self.kind is Kind.CLUSTER else [f"--{self.kind}", self.name]
        return " ".join(words + ["--resource-pattern-type", "prefixed"] * self.is_prefix)


def grants(log: KafkaLog, *, has_plain_door: bool = False) -> Iterator[Grant]:
    """Give what each role needs on a log whose topics an operator made.

    Args:
        log: Whose topics and groups.
        has_plain_door: Whether other languages' producers write plain to it (D9).
    """
    sealed = log.sealed_topic
    yield Grant(Role.PRODUCER, Kind.TOPIC, sealed, ("Write", "Describe"))
    yield Grant(Role.CONSUMER, Kind.TOPIC, sealed, ("Read", "Describe", "DescribeConfigs"))
    yield Grant(Role.CONSUMER, Kind.GROUP, log.group, ("Read",))
    shared = ("Create", "Write", "Describe", "DescribeConfigs")
    yield Grant(Role.CONSUMER, Kind.TOPIC, log.share_prefix, shared, is_prefix=True)
    # `remit doctor` asks who else has rights; nobody's rights are changed with it
    yield Grant(Role.CONSUMER, Kind.CLUSTER, CLUSTER, ("Describe",))
    if has_plain_door:
        bridge = f"{log.prefix}.bridge"
        yield Grant(Role.BRIDGE, Kind.TOPIC, log.plain_topic, ("Read", "DescribeConfigs"))
        yield Grant(Role.BRIDGE, Kind.TOPIC, sealed, ("Write", "Describe"))
        yield Grant(Role.BRIDGE, Kind.GROUP, bridge, ("Read",))
        yield Grant(Role.BRIDGE, Kind.TRANSACTIONAL_ID, bridge, ("Write", "Describe"))
        yield Grant(Role.BRIDGE, Kind.CLUSTER, CLUSTER, ("Describe",))
