"""What the lake must still hold: a table that says nothing where it has gone, as if nobody had said anything.

Without the consent ledger a withdrawal or a minor would pass, and without the table of withdrawals their rows would be
read. A table put back by itself, older than the others, would bring erased rows back. So the version that a table has is left
in `positions`, which is written last and read first, as the position of a partition of no log: by each flush that commits to
it, by each rewriting, and by each sweep for all tables. `receipts` holds the same of what it has chained. A folder that was
unmounted, or an older copy of it, is known by that, and refused.

Not known is an older `positions` and an older `receipts` put back together with another table: who puts back both, puts back
the lake.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from remit_consumers.lake.append import append_rows
from remit_consumers.lake.columns import (
    CONSENTS_TABLE,
    POSITIONS_TABLE,
    RESTRICTIONS_TABLE,
    WITHDRAWN_TABLE,
)
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.log import versions
from remit_consumers.lake.positions import NOWHERE, Key, Standing, rows, standings
from remit_consumers.lake.publish import confirm
from remit_consumers.lake.receipts import TABLE
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_schemas.errors import LakeError

PROMISED = (CONSENTS_TABLE, WITHDRAWN_TABLE, RESTRICTIONS_TABLE)
"""The tables whose absence would let something pass: they are promised by each commit, and asked for by each reader."""

LAKE_LOG = "lake/"
"""Before the name of a table, where `positions` names a log; an id of a log begins with `spool/` or `kafka/`."""

_WHOLE = 0
"""The partition of such a row: a table has but one."""


def promise(name: str, version: int) -> dict[Key, Standing]:
    """Say, for `positions`, that a table has a version: what is committed with it was decided by that."""
    return {(f"{LAKE_LOG}{name}", _WHOLE): Standing(version)}


def is_kept(root: Path, name: str) -> bool:
    """Whether a table that the lake promises is there; False only where there never was one.

    Raises:
        LakeError: It was there, and has gone or is older than what was decided by it; or `positions` cannot be read.
    """
    stands: Mapping[Key, Standing] = {}
    if is_table(root, POSITIONS_TABLE):
        with reaching(root):
            stands = standings(open_table(root, POSITIONS_TABLE))
    return _is_kept(root, name, stands)


def check_kept(root: Path, stands: Mapping[Key, Standing]) -> None:
    """Refuse a lake that lacks anything of what its positions promise.

    Args:
        root: Its folder.
        stands: What `positions` says, read before this is called: others commit meanwhile.

    Raises:
        LakeError: Something has gone, or is older.
    """
    for name in _promised(stands):
        _is_kept(root, name, stands)


def check_whole(root: Path) -> None:
    """Refuse a lake that lacks a table it was written with, or holds one that is older than the others.

    Raises:
        LakeError: It does, the message says which; or it cannot be read.
    """
    for line in broken(root):
        raise LakeError(line)


def keep_promised(root: Path, names: Iterable[str]) -> None:
    """Leave the versions that tables have now in `positions`, durably, where they are news.

    Raises:
        LakeError: They cannot be written, or a table is older than was promised.
    """
    if not is_table(root, POSITIONS_TABLE):
        return
    with reaching(root):
        table = open_table(root, POSITIONS_TABLE)
        stands = standings(table)
        news: dict[Key, Standing] = {}
        for name in names:
            if name != POSITIONS_TABLE and _is_kept(root, name, stands):
                version = versions(root / name)[-1]
                fresh = promise(name, version)
                news |= {key: one for key, one in fresh.items() if stands.get(key, NOWHERE) != one}
        if not news:
            return
        confirm(root / key[0].removeprefix(LAKE_LOG) for key in news)
        append_rows(table, rows(news))


def _promised(stands: Mapping[Key, Standing]) -> list[str]:
    """The names of the tables that positions speak of, and of those that it might."""
    told = (log.removeprefix(LAKE_LOG) for log, _ in stands if log.startswith(LAKE_LOG))
    return sorted({*PROMISED, *told})


def _is_kept(root: Path, name: str, stands: Mapping[Key, Standing]) -> bool:
    least = stands.get((f"{LAKE_LOG}{name}", _WHOLE), NOWHERE).position
    newest = max(versions(root / name), default=-1)
    if newest < least:
        is_older = "holds an older copy of" if newest >= 0 else "no longer has"
        message = (
            f"the lake in {root} {is_older} the table {name} that it was written with: mount or restore "
            f"{root / name} as it was last, or put the whole lake back from one backup; packs wait in the log meanwhile"
        )
        raise LakeError(message)
    return newest >= 0


def chained(root: Path) -> dict[Key, Standing]:
    """What `receipts` promises of the tables whose commits it has chained, as `positions` would."""
    if not is_table(root, TABLE):
        return {}
    delta = open_table(root, TABLE).delta
    told = {name: delta.transaction_version(f"{TABLE}/{name}") for name in row_tables(root)}
    found: dict[Key, Standing] = {}
    for name, version in told.items():
        found |= promise(name, version) if version is not None else {}
    return found


def check_positions(root: Path) -> None:
    """Refuse to begin a new table of positions in a lake that holds rows: its own was made before any of them.

    Raises:
        LakeError: It has gone.
    """
    if not is_table(root, POSITIONS_TABLE) and row_tables(root):
        message = (
            f"the lake in {root} holds rows and no table {POSITIONS_TABLE}, which says how far they go: mount or restore "
            f"{root / POSITIONS_TABLE}; packs wait in the log meanwhile"
        )
        raise LakeError(message)


def broken(root: Path) -> Iterator[str]:
    """Say what is wrong, one line for each table that the lake must have and has not."""
    try:
        check_positions(root)
        with reaching(root):
            is_begun = is_table(root, POSITIONS_TABLE)
            stands = standings(open_table(root, POSITIONS_TABLE)) if is_begun else {}
            known = chained(root)
    except LakeError as error:
        yield str(error)
        return
    told: set[str] = set()
    for source in (stands, known):
        for name in _promised(source):
            try:
                _is_kept(root, name, source)
            except LakeError as error:
                if name not in told:
                    yield str(error)
                told.add(name)
