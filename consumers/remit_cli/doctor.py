"""`remit doctor`: what is wrong with this installation, and how to mend it."""

import importlib.util
import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.finding import Finding
from remit_cli.notices import untold_of
from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.weak import PRIVATE, weaknesses
from remit_consumers.deployment import contracts_of, open_keys, plans_on_record
from remit_consumers.erasure.informed import informed
from remit_consumers.erasure.notice import OVERDUE, STATES
from remit_consumers.erasure.notices import notices
from remit_consumers.erasure.waiting import waiting
from remit_consumers.keys import lies_under
from remit_consumers.lake.held import by_reason, held_in
from remit_consumers.reach import out_of_reach
from remit_consumers.reducers.means import IP_PLACE, Means
from remit_consumers.retention.looking import not_on_record
from remit_consumers.settings import Settings
from remit_consumers.views.roles import FILE as ROLES
from remit_consumers.views.roles import load_roles
from remit_schemas.check import check as problems_of
from remit_schemas.errors import LakeError, RemitError, SettingsError
from remit_schemas.expiry import endings
from remit_schemas.log_address import KafkaLog, parse_log
from remit_schemas.policy import find_policy

FREE_BYTES_MIN = 1 << 30
"""Less free space than this is worth a warning: a full spool refuses events, a full lake stops."""

HOUR_MS = 3_600_000
"""An hour in milliseconds, in which brokers count."""

WRITERS = stat.S_IWGRP | stat.S_IWOTH
"""Permissions that who may read must not depend on."""


Acls = Annotated[
    bool,
    typer.Option("--acls", help="Print what each program must be allowed at the broker, no more."),
]


def doctor(*, data: Data = None, acls: Acls = False, as_json: Json = False) -> None:
    """Look at policy, keys, vault, folders and libraries; say what is wrong and how to mend it. Exit 1 if anything is.

    Example: remit doctor
    """
    if acls:
        _print_acls(settings_of(data), as_json=as_json)
        return
    findings = list(examine(settings_of(data)))
    if as_json:
        print_json(
            {
                "holds": all(f.holds for f in findings),
                "checks": {finding.name: finding.facts() for finding in findings},
            }
        )
    else:
        table = Table("what", "", "seen", title="remit doctor")
        for finding in findings:
            table.add_row(finding.name, finding.mark, finding.detail)
        Console().print(table)
    raise typer.Exit(0 if all(f.holds for f in findings) else 1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one finding after the other; nothing is changed."""
    yield _policy(settings)
    yield _contracts(settings)
    yield _versions(settings)
    yield _reach(settings)
    for name, folder in (("keys", settings.keys), ("vault", settings.vault)):
        if isinstance(folder, str):
            continue  # the database's own to guard
        yield _apart(name, folder, settings.data)
        if folder.exists():
            yield _private(name, folder)
    yield _epoch(settings)
    yield _overdue(settings)
    yield _erasures(settings)
    yield _quarantine(settings)
    yield _places(settings)
    yield _roles(settings)
    yield _notices(settings)
    yield _plain_door(settings)
    yield _broker_retention(settings)
    yield _recipients_topics(settings)
    yield _space(settings.data)
    yield _libraries()
    yield from weaknesses(settings, os.environ)


def _quarantine(settings: Settings) -> Finding:
    """What stands in quarantine, and whether what can be mended is about to end there."""
    try:
        groups = list(by_reason(held_in(settings.lake)).values())
    except LakeError as error:
        return Finding("quarantine", holds=False, detail=str(error))
    now = datetime.now(UTC)
    told = [
        f"{one.packs:,} packs {one.reason}, readable until {one.readable_until:%Y-%m-%d %H:%M} UTC"
        for one in groups
    ]
    mend = "; mend the reason, then: remit quarantine replay" if groups else ""
    is_late = any(one.ends_soon(now) for one in groups)
    detail = f"{'; '.join(told)}{mend}" if groups else "empty"
    return Finding("quarantine", holds=not is_late, detail=detail, is_weak=bool(groups))


def _print_acls(settings: Settings, *, as_json: bool) -> None:
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


def _policy(settings: Settings) -> Finding:
    try:
        policy = find_policy(settings.policy)
        problems = problems_of(policy, contracts_of(settings.policy))
    except RemitError as error:
        return Finding("policy", holds=False, detail=str(error))
    detail = "; ".join(problems) or f"{policy.name} {policy.version}, sha256 {policy.sha256[:12]}…"
    return Finding("policy", holds=not problems, detail=detail)


def _contracts(settings: Settings) -> Finding:
    try:
        contracts = contracts_of(settings.policy)
    except RemitError as error:
        return Finding("contracts", holds=False, detail=str(error))
    ends = list(endings(contracts, datetime.now(UTC).date()))
    detail = "; ".join(end.words for end in ends) or f"{len(contracts.names)}, none ends soon"
    return Finding("contracts", holds=not any(end.is_over for end in ends), detail=detail)


def _versions(settings: Settings) -> Finding:
    """The policy versions that rows were stored by."""
    name = "policy versions"
    try:
        lost = not_on_record(settings.lake, plans_on_record(settings).plan)
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    if not lost:
        return Finding(name, holds=True, detail="those of all rows are on record")
    named = ", ".join(f"{version} ({contract})" for contract, version in sorted(lost))
    mend = f"rows were stored under {named}, not on record: put the files back; until then no field of them ages, and erasures of them wait"
    return Finding(name, holds=False, detail=mend)


def _reach(settings: Settings) -> Finding:
    """Keys, vault and ledger: without any of them packs wait, and nothing is stored."""
    lines = list(dict.fromkeys(out_of_reach(settings)))
    detail = "; ".join(lines) or "keys, vault and ledger are there, or there was nothing yet"
    return Finding("within reach", holds=not lines, detail=detail)


def _apart(name: str, folder: Path, data: Path) -> Finding:
    if lies_under(folder, data):
        mend = f"it lies under the data folder and so in its backup: set REMIT_{name.upper()} to a place outside"
        return Finding(f"{name} apart", holds=False, detail=mend)
    return Finding(f"{name} apart", holds=True, detail="outside the data folder")


def _private(name: str, folder: Path) -> Finding:
    mode = folder.stat().st_mode
    detail = f"mode {stat.S_IMODE(mode):o}" + (
        "; others can read it: chmod 700" if mode & PRIVATE else ""
    )
    return Finding(f"{name} private", holds=not mode & PRIVATE, detail=detail)


def _epoch(settings: Settings) -> Finding:
    if not settings.keys.exists():
        return Finding(
            "epoch", holds=True, detail="no keys yet: `remit up`, `run` or `import` makes them"
        )
    try:
        bundle = open_keys(settings, find_policy(settings.policy)).bundle()
    except RemitError as error:
        return Finding("epoch", holds=False, detail=str(error))
    left = bundle.not_after - datetime.now(UTC)
    hours = left.total_seconds() / 3600
    if hours <= 0:
        return Finding(
            "epoch",
            holds=False,
            detail="it is over: producers refuse; start `remit run` or `remit keys rotate`",
        )
    return Finding("epoch", holds=True, detail=f"seals for another {hours:.1f} h")


def _overdue(settings: Settings) -> Finding:
    """Keys that were promised to be gone."""
    if not settings.keys.exists():
        return Finding("old keys", holds=True, detail="none")
    try:
        store = open_keys(settings, find_policy(settings.policy))
        overdue = store.status(datetime.now(UTC)).overdue
    except RemitError as error:
        return Finding("old keys", holds=False, detail=str(error))
    mend = f"{overdue} keys should be destroyed: start `remit run`, which does it"
    return Finding("old keys", holds=not overdue, detail=mend if overdue else "all gone in time")


def _erasures(settings: Settings) -> Finding:
    """Erasures that are on record and could not be done."""
    name, now = "erasures", datetime.now(UTC)
    if not settings.keys.exists():
        return Finding(name, holds=True, detail="none")
    try:
        late = [one for one in waiting(settings.keys, settings.lake) if one.is_late(now)]
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    if not late:
        return Finding(name, holds=True, detail="none waits")
    reasons = "; ".join(dict.fromkeys(one.why for one in late if one.why))
    mend = reasons or "no consumer runs: `remit erasure resume`"
    detail = f"{len(late)} not done, the oldest since {late[0].since:%Y-%m-%d %H:%M} UTC: {mend}"
    return Finding(name, holds=False, detail=detail)


def _places(settings: Settings) -> Finding:
    """The data that say where an address is; asked for what the policy needs of them."""
    means = Means.of(b"", settings.places)
    try:
        policy = find_policy(settings.policy)
        is_asked = any(rule.reduce and IP_PLACE in rule.reduce for rule in policy.rules)
        if settings.places is None and not is_asked:
            return Finding("places", holds=True, detail="the policy asks for none")
        means.check(policy)
        return Finding("places", holds=True, detail=means.places().name)
    except RemitError as error:
        return Finding("places", holds=False, detail=str(error))


def _roles(settings: Settings) -> Finding:
    """Who may read for which purposes."""
    try:
        roles = load_roles(settings.keys)
        purposes = find_policy(settings.policy).purposes
    except RemitError as error:
        return Finding("roles", holds=False, detail=str(error))
    if roles is None:
        return Finding("roles", holds=True, detail="none: who runs `remit query` reads any purpose")
    if (settings.keys / ROLES).stat().st_mode & WRITERS:
        mend = f"others may write {ROLES}: chmod 600"
        return Finding("roles", holds=False, detail=mend)
    lost = sorted({key for role in roles.values() for key in role.purposes} - purposes.keys())
    if lost:
        detail = f"roles name purposes that the policy has not: {', '.join(lost)}"
        return Finding("roles", holds=False, detail=detail)
    several = sum(len(role.purposes) > 1 for role in roles.values())
    detail = (
        f"{len(roles)}, of which {several} read for several purposes and can compare their rows"
    )
    return Finding("roles", holds=True, detail=detail)


def _notices(settings: Settings) -> Finding:
    """Who has to be told something and has not answered in time; who holds a key to send and is told nothing."""
    name, now = "notices", datetime.now(UTC)
    try:
        told = {one.name for one in informed(settings.keys)}
        untold = untold_of(settings, told)
        states = Counter(one.state(now) for one in notices(settings.lake))
    except RemitError as error:
        return Finding(name, holds=False, detail=str(error))
    lines = [f"{states[state]} {state}" for state in STATES if states[state]] or ["none"]
    if states[OVERDUE]:
        lines.append("see `remit notices list` and ask who does not answer")
    if untold:
        lines.append(f"{len(untold)} servers send and are told nothing: `remit notices inform`")
    return Finding(name, holds=not states[OVERDUE], detail="; ".join(lines))


def _plain_door(settings: Settings) -> Finding:
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


def _broker_retention(settings: Settings) -> Finding:
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


def _recipients_topics(settings: Settings) -> Finding:
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


def _space(data: Path) -> Finding:
    place = next(folder for folder in (data, *data.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    return Finding(
        "space",
        holds=free >= FREE_BYTES_MIN,
        detail=f"{free / (1 << 30):.1f} GiB free for the data folder",
    )


def _libraries() -> Finding:
    wanted = ("confluent_kafka", "deltalake", "duckdb", "polars", "pyarrow", "pyruhvro")
    missing = [name for name in wanted if importlib.util.find_spec(name) is None]
    detail = (
        "missing: " + ", ".join(missing) + "; pip install 'remit[consumers]'"
        if missing
        else "all here"
    )
    return Finding("libraries", holds=not missing, detail=detail)
