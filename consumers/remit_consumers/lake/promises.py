"""What the lake must still hold: a table that says nothing where it has gone, as if nobody had said anything.

Without the consent ledger a withdrawal or a minor would pass, and without the table of withdrawals their rows would be
read. So each commit to one of them leaves its version in `positions`, which is written last and read first, as the
position of a partition of no log. A folder that was unmounted, or an older copy of it, is known by that, and refused.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from remit_consumers.lake.columns import CONSENTS_TABLE, POSITIONS_TABLE, WITHDRAWN_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.log import versions
from remit_consumers.lake.positions import NOWHERE, Key, Standing, standings
from remit_consumers.lake.tables import is_table, open_table, row_tables
from remit_schemas.errors import LakeError

PROMISED = (CONSENTS_TABLE, WITHDRAWN_TABLE)
"""The tables whose absence would let something pass."""

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
        LakeError: Something has gone.
    """
    for name in PROMISED:
        _is_kept(root, name, stands)


def _is_kept(root: Path, name: str, stands: Mapping[Key, Standing]) -> bool:
    least = stands.get((f"{LAKE_LOG}{name}", _WHOLE), NOWHERE).position
    newest = max(versions(root / name), default=-1)
    if newest < least:
        is_older = "holds an older copy of" if newest >= 0 else "no longer has"
        message = (
            f"the lake in {root} {is_older} the table {name} that it was written with: mount or restore "
            f"{root / name}; packs wait in the log meanwhile"
        )
        raise LakeError(message)
    return newest >= 0


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
    checks: list[Callable[[], object]] = [partial(check_positions, root)]
    checks += [partial(is_kept, root, name) for name in PROMISED]
    for check in checks:
        try:
            check()
        except LakeError as error:
            yield str(error)
