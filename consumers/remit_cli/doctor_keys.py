"""What `remit doctor` looks at in the keys and the vault: whether they are there, apart, private, and gone in time."""

import stat
from datetime import UTC, datetime
from pathlib import Path

from remit_cli.finding import Finding
from remit_cli.weak import PRIVATE
from remit_consumers.deployment import open_keys
from remit_consumers.keys import lies_under
from remit_consumers.reach import out_of_reach
from remit_consumers.settings import Settings
from remit_schemas.errors import RemitError
from remit_schemas.policy import find_policy


def reach(settings: Settings) -> Finding:
    """Keys, vault and ledger: without any of them packs wait, and nothing is stored."""
    lines = list(dict.fromkeys(out_of_reach(settings)))
    detail = "; ".join(lines) or "keys, vault and ledger are there, or there was nothing yet"
    return Finding("within reach", holds=not lines, detail=detail)


def apart(name: str, folder: Path, data: Path) -> Finding:
    """Whether a folder of secrets lies outside the data folder."""
    if lies_under(folder, data):
        mend = f"it lies under the data folder and so in its backup: set REMIT_{name.upper()} to a place outside"
        return Finding(f"{name} apart", holds=False, detail=mend)
    return Finding(f"{name} apart", holds=True, detail="outside the data folder")


def private(name: str, folder: Path) -> Finding:
    """Whether nobody but its owner may enter a folder of secrets."""
    mode = folder.stat().st_mode
    detail = f"mode {stat.S_IMODE(mode):o}" + (
        "; others can read it: chmod 700" if mode & PRIVATE else ""
    )
    return Finding(f"{name} private", holds=not mode & PRIVATE, detail=detail)


def epoch(settings: Settings) -> Finding:
    """Whether there is a key that producers may seal to."""
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


def lost(settings: Settings) -> Finding:
    """Keys of epochs that are missing before their time."""
    if not settings.keys.exists():
        return Finding("lost keys", holds=True, detail="none")
    try:
        epochs = open_keys(settings, find_policy(settings.policy)).status(datetime.now(UTC)).epochs
    except RemitError as error:
        return Finding("lost keys", holds=False, detail=str(error))
    gone = [one for one in epochs if one.state == "lost"]
    if not gone:
        return Finding("lost keys", holds=True, detail="none")
    ends = max(one.destroy_at for one in gone)
    mend = (
        f"{len(gone)} files epoch-*.key are missing: put them back and `remit quarantine replay`, until {ends:%Y-%m-%d %H:%M} UTC; "
        "what is sealed to them waits ten minutes and goes to quarantine (key_lost)"
    )
    return Finding("lost keys", holds=False, detail=mend)


def overdue(settings: Settings) -> Finding:
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
