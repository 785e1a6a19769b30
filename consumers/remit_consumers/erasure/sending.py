"""Sending: what is due goes out to its party, signed, until it is acknowledged or has lapsed.

By POST where the party has an address, to its topic where it has one, else as a file in an outbox below the data
folder. One process at a time sends; a crash between a party's answer and its record has the same notice go out twice,
under the same id.
"""

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.address import Way, way_to
from remit_consumers.erasure.informed import informed
from remit_consumers.erasure.notice import SOURCE, Notice
from remit_consumers.erasure.notices import TABLE, acknowledged, close, lapse, notices, tried
from remit_consumers.erasure.posting import UNREACHED, Outcome, Post, Sent
from remit_consumers.erasure.signing import Signer
from remit_consumers.lake.lease import lease
from remit_consumers.lake.receipt import canonical
from remit_consumers.lake.tables import is_table
from remit_schemas.durable import replace_file
from remit_schemas.log_address import KafkaLog, parse_log

OUTBOX: Final = "outbox"
"""The folder below the data folder where notices lie for parties without an address."""

LOCK: Final = "sending.lock"
"""In the lake's folder, held by the one process that sends."""


AT_ONCE_MAX: Final = 200
"""How many notices go to one party before it is noted that they went; the rest goes a minute later. A crash in between
sends no more than these twice."""


class Door(Protocol):
    """The way to one party."""

    def send(self, notice: str, body: bytes) -> Sent:
        """Hand over a notice."""

    def close(self) -> None:
        """End."""


@dataclass(frozen=True, slots=True)
class Outbox:
    """Files for a person to hand over."""

    folder: Path

    def send(self, notice: str, body: bytes) -> Sent:
        """Write a notice, whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        replace_file(self.folder / f"{notice}.json", body)
        return Sent(Outcome.TAKEN)

    def close(self) -> None:
        """Nothing is left open."""


def send(deployment: Deployment, now: datetime) -> dict[str, dict[str, int]]:
    """Send what is due, for the first time or again.

    What cannot be delivered counts as tried and is sent again later. A party that does not answer is asked no more this
    time: everything that is due to it waits with it.

    Returns:
        For each party how many went out, by `Outcome`; nothing where another process is sending.

    Raises:
        LakeError: The lake cannot be read or written.
        KeysOutOfReach: The register of sources cannot be read.
    """
    root = deployment.lake.root
    if not is_table(root, TABLE):
        return {}
    with lease(root, LOCK) as is_held:
        if not is_held:
            return {}
        for one in lapse(root, now):
            withdraw_file(deployment.settings.data, one)
        return {to: _send_all(deployment, to, theirs, now) for to, theirs in _due(root, now)}


def withdraw_file(data: Path, one: Notice) -> None:
    """Take the file of a notice that is over out of the outbox."""
    (data / OUTBOX / one.to / f"{one.notice}.json").unlink(missing_ok=True)


def address_of(deployment: Deployment, to: str) -> str:
    """Where notices for a party go; empty where nobody has said."""
    if to.startswith(SOURCE):
        known = {one.to: one.address for one in informed(deployment.settings.keys)}
        return known.get(to, "")
    terms = deployment.policy.recipients.get(to)
    return (terms.contact if terms else None) or ""


def _due(root: Path, now: datetime) -> Iterator[tuple[str, list[Notice]]]:
    """What is due, by party."""
    due: defaultdict[str, list[Notice]] = defaultdict(list)
    for one in notices(root):
        if one.is_due(now):
            due[one.to].append(one)
    yield from sorted(due.items())


def _send_all(
    deployment: Deployment, to: str, theirs: Sequence[Notice], now: datetime
) -> dict[str, int]:
    """Send one party what is due to it, and put on record what it said."""
    root = deployment.lake.root
    said: list[tuple[Notice, Sent]] = []
    with closing(_door(deployment, to, now)) as door:
        for one in theirs:
            is_away = bool(said) and said[-1][1].outcome is Outcome.UNREACHED
            if len(said) >= AT_ONCE_MAX and not is_away:
                break
            said.append(
                (one, UNREACHED if is_away else door.send(one.notice, _body(deployment, one)))
            )
    done = [
        acknowledged(_tried(one, sent, now), now, sent.exception)
        for one, sent in said
        if sent.outcome is Outcome.ACKNOWLEDGED
    ]
    close(root, done)
    for one in done:
        withdraw_file(deployment.settings.data, one)
    tried(root, [_tried(one, sent, now) for one, sent in said])  # those that are over stay so
    counted: defaultdict[str, int] = defaultdict(int)
    for _, sent in said:
        counted[sent.outcome.value] += 1
    return dict(counted)


def _tried(one: Notice, sent: Sent, now: datetime) -> Notice:
    """A notice after one more try."""
    is_taken = sent.outcome in {Outcome.TAKEN, Outcome.ACKNOWLEDGED}
    taken_at = one.taken_at or (now if is_taken else None)
    return replace(one, tries=one.tries + 1, tried_at=now, taken_at=taken_at)


def _body(deployment: Deployment, one: Notice) -> bytes:
    """A notice as it goes out, with the deployment's signature and the key that checks it."""
    told, keys = one.to_json(), deployment.keys
    signature = base64.b64encode(keys.sign(canonical(told).encode())).decode("ascii")
    body = {"notice": told, "signature": signature, "verify_key": _key_of(deployment)}
    return canonical(body).encode()


def _key_of(deployment: Deployment) -> str:
    """The deployment's verify key, as base64."""
    return base64.b64encode(deployment.keys.verify_key).decode("ascii")


def _door(deployment: Deployment, to: str, now: datetime) -> Door:
    """The way to a party; the outbox where no other leads to it."""
    address, log = address_of(deployment, to), parse_log(deployment.settings.log)
    way = way_to(address)
    if way is Way.POST:
        signer = Signer(deployment.keys.sign, _key_of(deployment), int(now.timestamp()))
        return Post(address, signer)
    if way is Way.TOPIC and isinstance(log, KafkaLog):
        from remit_consumers.erasure.notice_topic import NoticeTopic  # noqa: PLC0415 - librdkafka only where it is used

        return NoticeTopic(log, to, deployment.settings.kafka)
    return Outbox(deployment.settings.data / OUTBOX / to)
