"""Where the log is: REMIT_LOG, read in one place."""

import re
from dataclasses import dataclass
from typing import Final

from remit_schemas.errors import SettingsError

PREFIX: Final = "remit"  # of the topics, when none is named (DESIGN D6)
SEALED: Final = "sealed"  # the topic of packs is PREFIX.sealed
PLAIN: Final = "plain"  # that of other languages' producers is PREFIX.plain (DESIGN D9)
SHARE: Final = "share"  # that of a recipient is PREFIX.share.RECIPIENT (DESIGN D9)

_SCHEME: Final = "kafka://"
_BOOTSTRAP = re.compile(
    r"[A-Za-z0-9._\[\]:,-]+"
)  # host names, addresses and ports; no user, no password
_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,200}")  # a topic's name has at most 249 of these characters


@dataclass(frozen=True, slots=True)
class Embedded:
    """The spool in the data folder is the log."""


@dataclass(frozen=True, slots=True)
class KafkaLog:
    """A Kafka cluster is the log.

    Attributes:
        bootstrap: ``host:port``, several with commas between.
        prefix: Of the topics.
    """

    bootstrap: str
    prefix: str = PREFIX

    @property
    def sealed_topic(self) -> str:
        """The topic of packs."""
        return f"{self.prefix}.{SEALED}"

    @property
    def group(self) -> str:
        """The consumer group of those that read it."""
        return f"{self.prefix}.run"

    @property
    def plain_topic(self) -> str:
        """The topic to which other languages' producers write plain, where there is one."""
        return f"{self.prefix}.{PLAIN}"

    @property
    def share_prefix(self) -> str:
        """What the names of recipients' topics begin with."""
        return f"{self.prefix}.{SHARE}."


def parse_log(spec: str | None) -> Embedded | KafkaLog:
    """Read REMIT_LOG: ``kafka://host:port/PREFIX``, or nothing for the embedded log.

    Raises:
        SettingsError: It is something else.
    """
    if not spec:
        return Embedded()
    bootstrap, _, prefix = spec.removeprefix(_SCHEME).partition("/")
    prefix = prefix or PREFIX
    if (
        not spec.startswith(_SCHEME)
        or not _BOOTSTRAP.fullmatch(bootstrap)
        or not _PREFIX.fullmatch(prefix)
    ):
        message = f"REMIT_LOG is not {_SCHEME}host:port/PREFIX ({len(spec)} characters)"
        raise SettingsError(message)
    return KafkaLog(bootstrap, prefix)
