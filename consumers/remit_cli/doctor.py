"""`remit doctor`: what is wrong with this installation, and how to mend it."""

import importlib.util
import os
import shutil
import stat
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from remit_cli.doctor_broker import broker_retention, plain_door, print_acls, recipients_topics
from remit_cli.doctor_keys import apart, epoch, lost, overdue, private, reach
from remit_cli.doctor_lake import dictionaries, erasures, quarantine, versions
from remit_cli.finding import Finding
from remit_cli.notices import untold_of
from remit_cli.options import Data, Json, print_json, settings_of
from remit_cli.weak import weaknesses
from remit_consumers.deployment import contracts_of
from remit_consumers.erasure.informed import informed
from remit_consumers.erasure.notice import OVERDUE, STATES
from remit_consumers.erasure.notices import notices
from remit_consumers.reducers.means import IP_PLACE, Means
from remit_consumers.settings import Settings
from remit_consumers.views.roles import FILE as ROLES
from remit_consumers.views.roles import load_roles
from remit_schemas.check import check as problems_of
from remit_schemas.errors import RemitError
from remit_schemas.expiry import endings
from remit_schemas.policy import find_policy

FREE_BYTES_MIN = 1 << 30
"""Less free space than this is worth a warning: a full spool refuses events, a full lake stops."""

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
        print_acls(settings_of(data), as_json=as_json)
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
    yield versions(settings)
    yield reach(settings)
    for name, folder in (("keys", settings.keys), ("vault", settings.vault)):
        if isinstance(folder, str):
            continue  # the database's own to guard
        yield apart(name, folder, settings.data)
        if folder.exists():
            yield private(name, folder)
    yield epoch(settings)
    yield lost(settings)
    yield overdue(settings)
    yield erasures(settings)
    yield dictionaries(settings)
    yield quarantine(settings)
    yield _places(settings)
    yield _roles(settings)
    yield _notices(settings)
    yield plain_door(settings)
    yield broker_retention(settings)
    yield recipients_topics(settings)
    yield _space(settings.data)
    yield _libraries()
    yield from weaknesses(settings, os.environ)


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
