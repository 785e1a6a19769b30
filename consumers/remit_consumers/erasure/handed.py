"""Handed: views, and files made for recipients that still lie below the data folder, searched by the names that stand there.

A folder that a recipient has not fetched yet and that holds somebody who was erased goes whole: what is left of it can be
handed over anew. What lies elsewhere is out of reach; its recipient is told, and the certificate says so.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN, days_held, days_told, every_name
from remit_consumers.erasure.ledger import Erasure
from remit_consumers.erasure.residue import Needles, found_in
from remit_consumers.settings import Settings
from remit_consumers.sharing.parcel import HIDDEN, TERMS
from remit_consumers.views.store import BUILDING, drop, held, views_of

OWN = frozenset({"lake", "spool", "views", "quarantine"})
"""Folders below the data folder in which nothing is made for recipients."""


def drop_handed(settings: Settings, erasure: Erasure) -> int:
    """Take away views, and folders made for recipients, that hold who is erased; gives how many.

    Nobody makes one at this moment: the locks of the erasure ledger and of the views are held. So one that is hidden was
    left by a crash.
    """
    gone = 0
    with held(settings.locks, alone=True):
        for folder in [*settings.views.rglob(f"{BUILDING}*"), *_below(settings.data, f"{HIDDEN}*")]:
            shutil.rmtree(folder, ignore_errors=True)
            gone += 1
        for view, needles in _views(settings, erasure):
            if found_in(settings.data, [view], needles):
                drop(view)
                gone += 1
    for folder, recipient in _handed(settings.data):
        if found_in(settings.data, [folder], _of_recipient(settings, erasure, recipient)):
            _drop(folder)
            gone += 1
    return gone


def found_handed(settings: Settings, erasure: Erasure) -> dict[str, int]:
    """Where views, and folders made for recipients, hold who is erased: for each place, how often."""
    found: dict[str, int] = {}
    for view, needles in _views(settings, erasure):
        found |= found_in(settings.data, [view], needles)
    for folder, recipient in _handed(settings.data):
        found |= found_in(settings.data, [folder], _of_recipient(settings, erasure, recipient))
    return found


def _views(settings: Settings, erasure: Erasure) -> Iterator[tuple[Path, Needles]]:
    """Every view, with the names by which its purpose may know the erased."""
    for purpose in sorted(path for path in settings.views.glob("[!.]*") if path.is_dir()):
        if views := views_of(purpose):
            days = days_held(settings.lake, erasure)
            names = every_name(settings.keys, purpose.name, _stored(erasure), days)
            yield from ((view, _needles(names)) for view in views.values())


def _of_recipient(settings: Settings, erasure: Erasure, recipient: str) -> Needles:
    """What a recipient may know the erased by."""
    days = days_held(settings.lake, erasure) | {*days_told(settings.lake, recipient)}
    domain = RECIPIENT_DOMAIN + recipient
    return _needles(every_name(settings.keys, domain, _stored(erasure), days))


def _handed(data: Path) -> Iterator[tuple[Path, str]]:
    """The folders made for recipients, each with whom it is for."""
    for file in _below(data, TERMS):
        try:
            yield file.parent, str(json.loads(file.read_bytes())["assignee"])
        except (OSError, ValueError, KeyError, TypeError):
            continue  # somebody else's file of that name


def _below(data: Path, pattern: str) -> Iterator[Path]:
    """What is called so below the data folder, outside remit's own folders."""
    yield from sorted(data.glob(pattern))
    for folder in sorted(data.iterdir()):
        if folder.is_dir() and folder.name not in OWN:
            yield from sorted(folder.rglob(pattern))


def _drop(folder: Path) -> None:
    """Take a folder away, by its terms last: a crash leaves what is found again."""
    for file in folder.iterdir():
        if file.is_dir() and not file.is_symlink():  # somebody put it there
            shutil.rmtree(file)
        elif file.name != TERMS:
            file.unlink()
    shutil.rmtree(folder)


def _stored(erasure: Erasure) -> Sequence[str]:
    return [name for one in erasure.named for name in one.stored]


def _needles(names: set[str]) -> Needles:
    return Needles((), names=frozenset(names))
