"""How well a cluster guards what lies on it: copies, elections, and who may do what."""

# pyright: reportPrivateImportUsage=false
# confluent_kafka.admin is typed, but it re-exports its own names without saying so

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)

from remit_consumers.source.refusal import Refusal
from remit_consumers.source.topic import REQUEST_S, code_of
from remit_schemas.errors import LogError
from remit_schemas.log_address import KafkaLog

EVERYBODY: Final = frozenset({"User:*", "User:ANONYMOUS"})
"""Principals that are nobody in particular."""

COPIES_MIN: Final = 3
"""With fewer, a broker that is away leaves no two in sync, and `acks=all` stops or promises less."""


@dataclass(frozen=True, slots=True)
class Guard:
    """What was seen of the topic of packs.

    Attributes:
        copies: Replicas of the partition that has fewest; 0 where there is no topic yet.
        in_sync_min: min.insync.replicas.
        is_unclean: Whether a replica that lags may become leader: what was acknowledged is lost then.
        has_acls: Whether any ACL says who may read or write the topic; without an authorizer there is none.
        is_open: Whether its ACLs let everybody read or write the topic.
    """

    copies: int
    in_sync_min: int
    is_unclean: bool
    has_acls: bool
    is_open: bool

    def weaknesses(self) -> list[str]:
        """Say in words what is weaker than it could be."""
        said = {
            f"{self.copies} copies of each pack, {COPIES_MIN} outlive a broker": 0
            < self.copies
            < COPIES_MIN,
            "min.insync.replicas is 1: what is acknowledged may lie on one disk": self.copies > 0
            and self.in_sync_min < 2,  # noqa: PLR2004  # two disks
            "unclean.leader.election.enable is on: acknowledged packs can be lost": self.is_unclean,
            "no ACLs, or no authorizer: whoever reaches the broker may write packs": not self.has_acls,
            "everybody may read or write the topic: `remit doctor --acls` prints the least that is needed": self.is_open,
        }
        return [words for words, holds in said.items() if holds]


def guard_of(log: KafkaLog, options: Mapping[str, str]) -> Guard:
    """Ask the broker.

    Raises:
        LogError: It does not answer, refuses us, or this user may not see ACLs.
    """
    refusal = Refusal()
    way: dict[str, Any] = {
        **options,
        "bootstrap.servers": log.bootstrap,
        "log_level": 0,
        "error_cb": refusal,
    }
    admin = AdminClient(way)
    try:
        copies = _copies(admin, log.sealed_topic)
        config = _config(admin, log.sealed_topic) if copies else {}
        acls = list(_opening(_acls(admin, log.sealed_topic)))
    except (KafkaException, TimeoutError):
        admin.poll(0)
        message = "the broker does not say how it is guarded; may this user see the topic's configuration and ACLs?"
        raise LogError(refusal.why or message) from None
    return Guard(
        copies,
        int(config.get("min.insync.replicas", "1")),
        config.get("unclean.leader.election.enable") == "true",
        bool(acls),
        any(acl.principal in EVERYBODY for acl in acls),
    )


def _copies(admin: AdminClient, name: str) -> int:
    topic = admin.list_topics(timeout=REQUEST_S).topics.get(name)
    if topic is None or topic.error is not None:
        return 0
    return min(len(partition.replicas) for partition in topic.partitions.values())


def _config(admin: AdminClient, name: str) -> dict[str, str]:
    wanted = ConfigResource(ResourceType.TOPIC, name)
    told = admin.describe_configs([wanted], request_timeout=REQUEST_S)[wanted].result(REQUEST_S)
    return {key: str(entry.value) for key, entry in told.items()}


def _acls(admin: AdminClient, name: str) -> list[AclBinding]:
    """Give the ACLs that are about a topic; none where the broker has no authorizer."""
    wanted = AclBindingFilter(
        ResourceType.TOPIC,
        name,
        ResourcePatternType.MATCH,  # those of its prefix and of every topic, too
        None,  # type: ignore[arg-type]  # any principal; the stub only knows text
        None,  # type: ignore[arg-type]  # any host; as above
        AclOperation.ANY,
        AclPermissionType.ANY,
    )
    try:
        return list(admin.describe_acls(wanted, request_timeout=REQUEST_S).result(REQUEST_S))
    except KafkaException as error:
        if code_of(error) == KafkaError.SECURITY_DISABLED:
            return []
        raise


def _opening(acls: Iterable[AclBinding]) -> Iterable[AclBinding]:
    """Those that let somebody read or write."""
    opens = (AclOperation.READ, AclOperation.WRITE, AclOperation.ALL)
    return (
        acl
        for acl in acls
        if acl.permission_type == AclPermissionType.ALLOW and acl.operation in opens
    )
