"""Composing: packs out of the quarantine become a flush, as everything stands at this moment, and say what they leave behind.

The steps are those of a consumer. Before them stands what is stopped and who is restricted: `guard` says why.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

import pyarrow.compute as pc

from remit_consumers.deployment import Deployment
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.flush import Composer
from remit_consumers.gather import Gathered, Partition
from remit_consumers.grouped import Identity
from remit_consumers.lake.flush import Flush, TableCommit
from remit_consumers.lake.quarantined import EVENTS, TABLE
from remit_consumers.lake.receipt import EventCounts, PackOutcome, together
from remit_consumers.lake.replayed import Replayed
from remit_consumers.lake.restrictions import standing
from remit_consumers.locks import CONSUMERS_MAX
from remit_consumers.pipeline import Walk, excluding, steps
from remit_consumers.plans import Plans
from remit_consumers.quarantine.guard import guarded
from remit_consumers.quarantine.readable import Readable


def walk_now(deployment: Deployment, plans: Plans, now: datetime) -> Walk:
    """The steps of a consumer, with the guard before them, as everything stands at this moment."""
    names, ledger = deployment.names(), deployment.ledger()
    ledger.load()
    floors = deployment.floors(CONSUMERS_MAX, lambda: now)
    walk = steps(names, deployment.means, floors, ledger, plans)
    walk = excluding(walk, Suppression.open(deployment.settings.keys), lambda: now)
    under = standing(deployment.lake.root).select(["tenant", "subject"]).to_pylist()
    held = {(row["tenant"] or "", row["subject"]) for row in under}
    epochs = ["", *plans.epochs(now)]

    def is_restricted(tenant: str, subject: str) -> bool:
        return bool(held) and any(
            (tenant, name) in held for name in names.ever(tenant, subject, epochs)
        )

    stopped = deployment.keys.status(now).stopped
    return replace(walk, entitle=guarded(walk.entitle, stopped, is_restricted))


def identities(deployment: Deployment, outcome: PackOutcome) -> frozenset[Identity]:
    """The packs that receipts say came to an outcome."""
    rows = deployment.lake.receipts()
    mask = pc.and_(
        pc.equal(rows.column("kind"), "pack"),
        pc.equal(rows.column("decision"), outcome.value),
    )
    told = rows.filter(pc.fill_null(mask, fill_value=False)).select(
        ["producer", "lane", "sequence"]
    )
    return frozenset(
        (bytes.fromhex(row["producer"]), row["lane"], row["sequence"]) for row in told.to_pylist()
    )


def composed(
    composer: Composer,
    group: Sequence[Readable],
    partitions: Mapping[int, Partition],
    now: datetime,
    recorded: AbstractSet[Identity],
) -> Flush:
    """Take packs of one log and policy version through the steps, and say what is to be committed.

    Args:
        composer: With the steps as `walk_now` gives them.
        group: The packs.
        partitions: Those that they lay on.
        now: Aware UTC.
        recorded: Packs whose consent changes are in the ledger.
    """
    opened = [one.pack for one in group]
    gathered = Gathered(opened=opened, policy_version=opened[0].header.policy_version)
    flush = composer.flush(gathered, partitions, now, frozenset(), recorded)
    return _restated(flush, group, composer.plans)


def _restated(flush: Flush, group: Sequence[Readable], plans: Plans) -> Flush:
    """Have the commits to events tables say what they take off the quarantine's count.

    Events that are malformed stay there, under the row that the pack has: they are counted in the same commit.
    """
    apart = [part for part in flush.parts if part.table == TABLE]
    bad: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
    for part in apart:
        for row in part.rows.to_pylist() if part.rows is not None else ():
            bad[row["partition"], row["offset"]].append(row["index"])
    told: defaultdict[str, list[Replayed]] = defaultdict(list)
    for one in group:
        name = plans.contracts.by_fingerprint(one.pack.header.fingerprint).name
        told[f"{EVENTS}{name}"].append(_said(one.told, bad))
    quarantined = {f"{EVENTS}{part.receipt.contract}": part for part in apart}
    parts = [
        _telling(part, told.get(part.table, ()), quarantined.get(part.table))
        for part in flush.parts
        if part.table != TABLE
    ]
    return replace(flush, parts=parts)


def _said(one: Replayed, bad: Mapping[tuple[int, int], Sequence[int]]) -> Replayed:
    """What is told of a pack, with the events of it that come to stand one by one."""
    if not one.is_whole:  # only what is none of these was given to the steps
        return one
    return replace(one, malformed=tuple(sorted(bad.get((one.partition, one.offset), ()))))


def _telling(
    part: TableCommit, replayed: Sequence[Replayed], apart: TableCommit | None
) -> TableCommit:
    """A commit that says what it takes off the quarantine's count, and which events it leaves there."""
    mended = {(one.partition, one.offset) for one in replayed if not one.is_whole}
    packs = [
        replace(pack, outcome=PackOutcome.PARTLY)
        if (pack.partition, pack.offset) in mended  # the pack itself was read before
        else pack
        for pack in part.receipt.packs
    ]
    receipt = replace(part.receipt, packs=packs)
    if apart is not None:
        tenants = dict(receipt.tenants)
        for name, events in apart.receipt.tenants.items():
            tenants[name] = together((tenants.get(name, EventCounts()), events))
        events = together((receipt.events, apart.receipt.events))
        receipt = replace(receipt, events=events, tenants=tenants)
    return replace(part, receipt=replace(receipt, replayed=replayed))
