"""What `remit doctor` looks at in the broker: how long it keeps what, the plain door, and what each program is allowed."""

from dataclasses import asdict
from typing import Final

import typer

from remit_cli.finding import Finding
from remit_cli.options import print_json
from remit_consumers.settings import Settings
from remit_schemas.errors import RemitError, SettingsError
from remit_schemas.log_address import KafkaLog, parse_log
from remit_schemas.policy import find_policy

HOUR_MS: Final = 3_600_000
"""An hour in milliseconds, in which brokers count."""


def print_acls(settings: Settings, *, as_json: bool) -> None:
    """Print the least that producers, consumers and the bridge need at the broker.

    Raises:
        SettingsError: The log is not Kafka.
    """
    log = parse_log(settings.log)
    if not isinstance(log, KafkaLog):
        message = (
            "the log is on this machine: set REMIT_LOG to the broker that is to allow something"
        )
        raise SettingsError(message)
    from remit_consumers.source.acls import grants  # noqa: PLC0415 - about Kafka alone

    needed = list(grants(log, has_plain_door=True))
    if as_json:
        print_json(
            {"grants": [{**asdict(one), "command": one.command(log.bootstrap)} for one in needed]}
        )
    else:
        for one in needed:
            typer.echo(one.command(log.bootstrap))


def plain_door(settings: Settings) -> Finding:
    """The topic of other languages' producers: closed, or as it must be (D9)."""
    name, log = "plain door", parse_log(settings.log)
    if not isinstance(log, KafkaLog):
        return Finding(name, holds=True, detail="closed: the log is on this machine")
    from remit.bridge.start import door_of  # noqa: PLC0415 - librdkafka only where it is used

    door = door_of(log, settings.kafka, is_loopback=False)
    try:
        if not door.exists():
            return Finding(name, holds=True, detail=f"closed: there is no topic {door.topic}")
        door.check_now()
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    detail = f"open: {door.topic}, over TLS, an hour at most, named producers only"
    return Finding(name, holds=True, detail=detail)


def broker_retention(settings: Settings) -> Finding:
    """How long the broker keeps sealed packs: beyond the raw limit nobody can open them, and nobody needs them."""
    name, log = "broker retention", parse_log(settings.log)
    if not isinstance(log, KafkaLog):
        return Finding(
            name, holds=True, detail="the log is on this machine: what is stored leaves it"
        )
    from remit_consumers.source.topic import kept_ms  # noqa: PLC0415 - librdkafka only where it is used

    try:
        limit_h = find_policy(settings.policy).raw_limit_h
        kept = kept_ms(log, settings.kafka)
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    if kept is None:
        return Finding(name, holds=True, detail=f"there is no topic {log.sealed_topic} yet")
    hours = "for ever" if kept < 0 else f"{kept / HOUR_MS:g} h"
    if 0 <= kept <= limit_h * HOUR_MS:
        return Finding(name, holds=True, detail=f"{hours}, and the policy allows {limit_h} h")
    mend = f"{log.sealed_topic} is kept {hours}, the policy allows {limit_h} h: set its retention.ms to {limit_h * HOUR_MS}"
    return Finding(name, holds=False, detail=mend)


def recipients_topics(settings: Settings) -> Finding:
    """How long the broker keeps what was shared: after an erasure it must be gone in time (D9)."""
    name, log = "recipients' topics", parse_log(settings.log)
    if not isinstance(log, KafkaLog):
        return Finding(name, holds=True, detail="none: the log is on this machine")
    from remit_consumers.sharing.stream import RETENTION_H  # noqa: PLC0415 - librdkafka only where it is used
    from remit_consumers.source.topic import shared_topics  # noqa: PLC0415 - as above

    try:
        topics = shared_topics(log, settings.kafka)
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    most = RETENTION_H * HOUR_MS
    wrong = [
        topic
        for topic, (kept, cleanup) in topics.items()
        if not 0 <= kept <= most or cleanup != "delete"
    ]
    if not wrong:
        detail = f"{len(topics)}, each kept for {RETENTION_H} h at most" if topics else "none yet"
        return Finding(name, holds=True, detail=detail)
    mend = f"set cleanup.policy to delete and retention.ms to {most} at most: {', '.join(wrong)}"
    return Finding(name, holds=False, detail=mend)
