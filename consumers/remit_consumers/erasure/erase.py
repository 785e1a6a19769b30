"""Erase: subjects go from everything that stands of them, whatever happens meanwhile, and a certificate says so.

The order of an erasure is on record, durably, before anything goes: from that record alone the next start finishes what
a crash interrupted. The secret of the pseudonyms goes first, while no consumer is in the middle of a commit: from then
on nothing can be stored under names that are about to be searched for.

Source: policy 2021-11-01, clauses S079a, S079b, S080 to S087b; DESIGN.md, D5, D8.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from remit_consumers.backup.guard import check_readable
from remit_consumers.consent.withdrawals import EVIDENCE_KEPT
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import Certificate
from remit_consumers.erasure.facts import Seen, certify
from remit_consumers.erasure.handed import drop_handed, found_handed
from remit_consumers.erasure.kept import Keeping
from remit_consumers.erasure.ledger import Erasure, ErasureLedger
from remit_consumers.erasure.names import named
from remit_consumers.erasure.quiet import quiet
from remit_consumers.erasure.reach import drop_views, forget_in_windows, strike_evidence, take_rows
from remit_consumers.erasure.residue import Needles, Rescan, needles_of, rescan
from remit_consumers.erasure.scope import REASONS, Scope, SubjectRef
from remit_consumers.erasure.sealed import empty_quarantine, late_events
from remit_consumers.erasure.suppression import Suppression, entry_of
from remit_consumers.erasure.telling import tell
from remit_consumers.erasure.waiting import forget, note
from remit_consumers.lake.columns import RESTRICTIONS_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.holds import HOLDS_TABLE
from remit_consumers.lake.log import versions
from remit_consumers.lake.restrictions import OBLIGED, UNDECIDED, Whose, keep_back
from remit_consumers.lake.rewrite import EVENTS
from remit_consumers.lake.tables import row_tables
from remit_consumers.settings import Settings
from remit_consumers.sharing.under_way import is_any, settle
from remit_schemas.errors import LakeError, SettingsError

EVERYTHING = Scope()

VIEWS = "views"
"""Where, below the data folder, rows that a law keeps may stand under a view's names, too."""


def erase(  # noqa: PLR0913 - one by keyword: an account that is cancelled
    deployment: Deployment,
    subjects: Sequence[SubjectRef],
    scope: Scope,
    reason: str,
    now: datetime,
    *,
    until_agreed: bool = False,
) -> Certificate:
    """Erase subjects, all in one go; an erasure that was interrupted before is finished first.

    Args:
        deployment: The installation.
        subjects: Who, as the app names them; who is not known has late events refused all the same.
        scope: How much of them.
        reason: From `scope.REASONS`.
        now: Aware UTC.
        until_agreed: Refuse their new events until they agree anew: an account that is cancelled.

    Returns:
        The certificate; it lies below the data folder, too.

    Raises:
        LakeError: Something could not be erased yet; it stays on record, and the next call or start goes on with it.
        KeysOutOfReach: Keys or vault cannot be read or written.
        SettingsError: There is no such reason, or nobody was named.

    Source: policy 2021-11-01, clauses S079a, S079b, S095b.
    """
    if reason not in REASONS or not subjects:
        message = f"an erasure needs a subject and one of these reasons: {', '.join(REASONS)}"
        raise SettingsError(message)
    ledger = ErasureLedger.open(deployment.settings.keys)
    with ledger.alone.held():
        _, waiting = _finish(deployment, ledger, now)
        order = _ordered(deployment, subjects, scope, reason, now)
        _check_apart(order, waiting)
        begun = ledger.append(replace(order, until_agreed=until_agreed))
        return carry_out(deployment, ledger, begun, now, subjects)


def finish(deployment: Deployment, now: datetime) -> list[Certificate]:
    """Finish what a crash interrupted; a consumer does so at its start, and now and then.

    Returns:
        The certificates; none where nothing is left to do, or another process is at it.

    Raises:
        LakeError: Something must wait still, everything else is done; or the lake was restored from before an erasure
            that was done: `apply` does it again.
    """
    ledger = ErasureLedger.open(deployment.settings.keys)
    if not ledger.pending(deployment.lake.root) and not is_any(deployment.settings.data):
        _write_certificates(deployment.settings.data, ledger)
        return []
    if ledger.is_busy:
        return []
    with ledger.alone.held():
        done, waiting = _finish(deployment, ledger, now)
    _check_none(waiting)
    return done


@contextmanager
def undisturbed(deployment: Deployment, now: datetime) -> Iterator[None]:
    """Hold off every erasure while something is handed over; one that was interrupted is finished first.

    So whoever is erased is either in what was handed over, and its recipient gets a notice, or in nothing of it.

    Raises:
        LakeError: An erasure cannot be finished, or the lake is older than one: nothing may leave.
        KeysOutOfReach: Keys or vault cannot be read or written.

    Source: policy 2021-11-01, clauses S079a, S086a.
    """
    ledger = ErasureLedger.open(deployment.settings.keys)
    with ledger.alone.held():
        _, waiting = _finish(deployment, ledger, now)
        _check_none(waiting)
        yield


def apply(deployment: Deployment, now: datetime) -> list[Certificate]:
    """Carry out every erasure that the lake has not applied: again where it was restored from before it.

    Source: policy 2021-11-01, clause S087b.
    """
    ledger = ErasureLedger.open(deployment.settings.keys)
    with ledger.alone.held():
        root, done = deployment.lake.root, []
        for one in ledger.pending(root):
            order = replace(one, versions=_versions(root)) if one.certificate else one
            done.append(carry_out(deployment, ledger, order, now))
        return done


def carry_out(
    deployment: Deployment,
    ledger: ErasureLedger,
    erasure: Erasure,
    now: datetime,
    plain: Sequence[SubjectRef] = (),
) -> Certificate:
    """Do what an erasure on record asks for; every step may be done again. Why it cannot be done yet is written down.

    Args:
        deployment: The installation.
        ledger: Held alone.
        erasure: On record.
        now: Aware UTC.
        plain: The subjects as the app names them, where that is still known: the search looks for these, too.

    Raises:
        LakeError: Something of it is left; it stays on record.
    """
    keys = deployment.settings.keys
    try:
        done = _carried_out(deployment, ledger, erasure, now, plain)
    except LakeError as error:
        note(keys, erasure.erasure, str(error), now)
        raise
    forget(keys, erasure.erasure)
    return done


def _carried_out(
    deployment: Deployment,
    ledger: ErasureLedger,
    erasure: Erasure,
    now: datetime,
    plain: Sequence[SubjectRef],
) -> Certificate:
    """Do it, step by step."""
    settings, root = deployment.settings, deployment.lake.root
    with reaching(root):
        _withhold(deployment, erasure)
        told = tell(deployment, erasure, now)
        keeping = take_rows(deployment, erasure, now)
        if erasure.scope.is_whole:
            keep_back(root, erasure.erasure, _withheld(erasure, keeping), now)
            strike_evidence(deployment, erasure, keeping)
            empty_quarantine(deployment, erasure)
        drop_views(settings, erasure, keeping)
        if erasure.scope.is_whole:
            drop_handed(settings, erasure)
        if keeping.waiting:
            raise _unfinished(erasure, "; ".join(keeping.waiting.values()))
        searched = _searched(settings, erasure, keeping, plain)
        seen = Seen(keeping, *searched, late_events(deployment, now), told)
        if seen.found.total:
            raise _unfinished(erasure, f"{len(seen.found.found)} places still hold what is to go")
        ledger.apply_head(root, erasure)
        certificate = certify(deployment, ledger, erasure, seen, now)
        ledger.append(replace(erasure, certificate=certificate.to_dict()))
        _write_certificates(settings.data, ledger)
        return certificate


def _withheld(erasure: Erasure, keeping: Keeping) -> dict[Whose, str]:
    """Whose rows stay and are used for nothing, and why: a law keeps them, or nobody knows yet whether one does."""
    names = [(one.tenant, name) for one in erasure.named for name in one.stored]
    undecided = dict.fromkeys(names if keeping.waiting else (), UNDECIDED)
    return undecided | dict.fromkeys(keeping.whose, OBLIGED)


def _searched(
    settings: Settings, erasure: Erasure, keeping: Keeping, plain: Sequence[SubjectRef]
) -> tuple[Rescan, Rescan]:
    """Search everything for the names that must stand nowhere any more, and for the ids that the app knows.

    Rows that a law keeps still bear names that lead to nobody. What an id looks like may stand in others' rows as well,
    such as a page's address: that is told, and is no reason to begin again.
    """
    names = erasure.named if erasure.scope.is_whole else ()
    both = _rescan(settings, needles_of(names, plain))
    elsewhere = found_handed(settings, erasure) if names else {}
    nothing = Rescan(both.files if plain else 0, both.values if plain else 0)
    if not both.total and not elsewhere:
        return both, nothing
    kept = {f"lake/{EVENTS}{ground.contract}" for ground in keeping.rows}
    kept |= {f"lake/{HOLDS_TABLE}", f"lake/{RESTRICTIONS_TABLE}", VIEWS} if keeping.rows else set()
    found = _rescan(settings, needles_of(names))
    found = replace(found, found=found.found | elsewhere).but_for(kept)
    return found, _rescan(settings, needles_of((), plain)) if plain else nothing


def _rescan(settings: Settings, needles: Needles) -> Rescan:
    """Search the data folder, and the lake where it lies elsewhere."""
    found = rescan(settings.data, needles)
    if not settings.lake_at:
        return found
    return found.with_other(rescan(settings.lake, needles), "lake")


def _finish(
    deployment: Deployment, ledger: ErasureLedger, now: datetime
) -> tuple[list[Certificate], list[tuple[Erasure, LakeError]]]:
    """Finish what was interrupted, under the ledger's lock: disclosures, too, before anybody of them is erased.

    Gives what is done, and what must wait still and why.
    """
    settings = deployment.settings
    settle(settings.data, settings.lake, now)
    check_readable(settings.lake, settings.keys)
    ledger.lapse(now)
    Suppression.open(deployment.settings.keys).forget_gone(now)
    _write_certificates(deployment.settings.data, ledger)
    done, waiting = list[Certificate](), list[tuple[Erasure, LakeError]]()
    for one in ledger.pending(deployment.lake.root):
        try:
            done.append(carry_out(deployment, ledger, one, now))
        except LakeError as error:
            waiting.append((one, error))
    return done, waiting


def _check_none(waiting: Sequence[tuple[Erasure, LakeError]]) -> None:
    """Refuse to go on while an erasure waits."""
    if waiting:
        raise LakeError("; ".join(str(error) for _, error in waiting))


def _check_apart(order: Erasure, waiting: Sequence[tuple[Erasure, LakeError]]) -> None:
    """Refuse an order about somebody whose erasure waits: it would find no name of theirs, and be done at once.

    Raises:
        LakeError: What the other waits for.
    """
    theirs = {one.suppression for one in order.named}
    for other, error in waiting:
        if theirs & {one.suppression for one in other.named}:
            raise error


def _unfinished(erasure: Erasure, why: str) -> LakeError:
    """What is said of an erasure that cannot be finished yet."""
    message = f"erasure {erasure.erasure[:8]} is not finished: {why}; it is on record and goes on at the next start"
    return LakeError(message)


def _write_certificates(data: Path, ledger: ErasureLedger) -> None:
    """See that every certificate lies below the data folder: the ledger has them all."""
    for form in ledger.certificates():
        certificate = Certificate.from_dict(form)
        if not certificate.file(data).exists():
            certificate.write(data)


def _ordered(
    deployment: Deployment, subjects: Sequence[SubjectRef], scope: Scope, reason: str, now: datetime
) -> Erasure:
    """The order of an erasure, not on record yet."""
    return Erasure(
        erasure=secrets.token_hex(16),
        at=now,
        reason=reason,
        scope=scope,
        until_agreed=False,
        keep_until=now + EVIDENCE_KEPT,
        named=named(deployment, subjects, now),
        versions=_versions(deployment.lake.root),
    )


def _versions(root: Path) -> dict[str, int]:
    """The version of each table that bears receipts."""
    return {name: versions(root / name)[-1] for name in row_tables(root)}


def _withhold(deployment: Deployment, erasure: Erasure) -> None:
    """Have late events refused and no name be given again, while no consumer commits."""
    settings = deployment.settings
    before = erasure.scope.before(erasure.at)
    entry = entry_of(before, erasure.at, erasure.keep_until, until_agreed=erasure.until_agreed)
    with quiet(settings.locks):
        entries = {bytes.fromhex(one.suppression): entry for one in erasure.named}
        Suppression.open(settings.keys).put(entries)
        if erasure.scope.is_whole:
            deployment.vault.forget_indexes(erasure.indexes)
            forget_in_windows(settings, erasure.named)
