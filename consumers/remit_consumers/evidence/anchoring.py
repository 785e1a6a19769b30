"""Anchoring: an anchor is made, stamped, kept here and shown to the witness; what an interruption left undone is made up for."""

import logging
from datetime import datetime, timedelta
from pathlib import Path

from remit_consumers.evidence.anchor import Anchor, breaches, keep, kept, next_anchor, stands, told
from remit_consumers.evidence.signed import Signer
from remit_consumers.evidence.timestamp import Authority
from remit_consumers.evidence.witness import Witness
from remit_consumers.keyfiles import FolderLock
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.receipts import links, read
from remit_consumers.proof.verify import Check, held
from remit_consumers.settings import Settings
from remit_schemas.errors import EvidenceError, LakeError

log = logging.getLogger("remit.anchor")


def anchor(
    settings: Settings, signer: Signer, now: datetime, *, every: timedelta | None
) -> Anchor | None:
    """Anchor the chains if that is due; gives the newest anchor, None where there is nothing to anchor yet.

    Several consumers may try: one of them does. A crash at any point leaves an anchor whole or not at all, and one that
    the witness has not seen is shown to it by the next call.

    Args:
        settings: Where everything lies, and who the witnesses are.
        signer: The key store.
        now: Aware UTC.
        every: How old the last one must be; None: it is due whatever its age.

    Raises:
        EvidenceError: An anchor or the witness cannot be read or written.
        LakeError: The receipts cannot be read.
    """
    if not settings.lake.is_dir():
        return None
    with reaching(settings.data):
        settings.locks.mkdir(parents=True, exist_ok=True)
        with FolderLock(settings.locks / "anchor").held():
            known = reconciled(settings.data, witness_of(settings))
            last = known[-1] if known else None
            if last is None or every is None or now - last.at >= every:
                last = _made(settings, last, signer, now) or last
            return last


def anchor_restored(
    settings: Settings, lake: Path, signer: Signer, at: tuple[datetime, datetime]
) -> None:
    """Anchor a lake that is about to be put in place, and that it comes from a backup.

    Without that its chains would be shorter than anchors say for good. A witness out of reach is shown it by the next call
    of `anchor`.

    Args:
        settings: Where everything lies, and who the witnesses are.
        lake: Where the lake lies still.
        signer: The key store.
        at: Now, and of when the backup is; aware UTC.

    Raises:
        LakeError: The receipts cannot be read.
    """
    settings.locks.mkdir(parents=True, exist_ok=True)
    with FolderLock(settings.locks / "anchor").held():
        try:
            known = reconciled(settings.data, witness_of(settings))
            if known:  # else nobody said how long the chains were
                standing = stands(links(read(lake)))
                _finished(settings, next_anchor(known[-1], standing, signer, *at))
        except EvidenceError as error:
            log.warning("that the lake was put back is not shown to the witness yet: %s", error)


def anchors_of(data: Path, witness: Witness | None) -> list[Anchor]:
    """Every anchor that is kept here or that the witness has seen.

    Raises:
        EvidenceError: One cannot be read, or the witness has seen another than is kept here.
    """
    found = {one.number: one for one in kept(data)}
    for one in witness.anchors() if witness else ():
        if found.setdefault(one.number, one).signed != one.signed:
            raise EvidenceError(f"the witness has seen another anchor {one.number} than lies here")
    return [found[number] for number in sorted(found)]


def reconciled(data: Path, witness: Witness | None) -> list[Anchor]:
    """The same, after each has what only the other had."""
    known = anchors_of(data, witness)
    here = {one.number for one in kept(data)}
    for one in known:
        if one.number not in here:
            keep(one, data)
    if witness:
        seen = {one.number for one in witness.anchors()}
        unseen = [one for one in known if one.number not in seen]
        if unseen:
            witness.see(unseen)
    return known


def witness_of(settings: Settings) -> Witness | None:
    """The witness that the settings name."""
    return Witness(settings.anchoring.witness) if settings.anchoring.witness else None


def anchors_checked(
    settings: Settings, witness: Witness | None = None, roots: Path | None = None
) -> Check:
    """Hold the lake's chains against every anchor.

    Args:
        settings: Where everything lies.
        witness: In place of the one that the settings name; None: that one.
        roots: Certificates that vouch for the authority of time-stamps.
    """
    try:
        anchors = anchors_of(settings.data, witness or witness_of(settings))
        with reaching(settings.lake):
            chained = links(read(settings.lake)) if settings.lake.is_dir() else []
        return held(list(breaches(anchors, chained, roots=roots)), told(anchors))
    except (EvidenceError, LakeError) as error:
        return Check(holds=False, detail=str(error))


def _made(settings: Settings, last: Anchor | None, signer: Signer, now: datetime) -> Anchor | None:
    """Make the next anchor; None where no chain has begun."""
    standing = stands(links(read(settings.lake)))
    if not standing:
        return None
    return _finished(settings, next_anchor(last, standing, signer, now))


def _finished(settings: Settings, made: Anchor) -> Anchor:
    """Have an anchor stamped, keep it, and show it to the witness."""
    if settings.anchoring.authority:
        try:
            stamp = Authority(settings.anchoring.authority).stamp(made.stamped)
            made = Anchor(made.signed, stamp)
        except EvidenceError as error:  # an anchor without a time-stamp is better than none
            log.warning("anchor %d has no time-stamp: %s", made.number, error)
    keep(made, settings.data)
    witness = witness_of(settings)
    if witness:
        witness.see([made])
    return made
