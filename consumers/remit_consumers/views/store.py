"""Views as files: a folder for each contract, in it one for each tenant; a new one takes the old one's place at once."""

import ctypes
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FORMAT = 1
"""Of the folders; a view of another format is made anew."""

STATE = "_view.json"
"""What a view was made of. Engines leave files alone whose names begin with an underscore."""

SCHEMA = "_schema.parquet"
"""No rows, but the columns: a tenant without rows has a view, too."""

BUILDING = ".building"
"""What a folder is called while it is made; one that a crash left is taken away by the next."""

ROW_GROUP = 262_144
"""Rows of a group: what a reader skips or reads."""

_AT_FDCWD, _EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h


@dataclass(frozen=True, slots=True)
class State:
    """What a view was made of.

    Attributes:
        events: Version of the events table.
        tagsets: Version of the catalogue of tagsets.
        withdrawn: Version of the table of withdrawals; -1 where there is none.
        mark: Which key its pseudonyms are under.
        restricted: Version of the table of restrictions; -1 where there is none.
        due_at: When the first of its rows must go, ISO 8601; empty where it has none.
        rows: Rows in it.
        format: Of the folder.
    """

    events: int
    tagsets: int
    withdrawn: int
    mark: str
    restricted: int = -1
    due_at: str = ""
    rows: int = 0
    format: int = FORMAT


def state_of(view: Path) -> State | None:
    """What a view was made of; None where there is none that can be used."""
    try:
        return State(**json.loads((view / STATE).read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def put(view: Path, rows: pa.Table, state: State) -> None:
    """Write a view beside the one that is there, and put it in its place.

    Args:
        view: Its folder.
        rows: Its rows; `tenant` parts them and is not written.
        state: What they were made of.
    """
    view.parent.mkdir(parents=True, exist_ok=True)
    fresh = view.parent / f"{BUILDING}-{view.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    tenants = rows.column("tenant")
    bare = rows.drop_columns(["tenant"])
    pq.write_table(bare.slice(0, 0), fresh / SCHEMA, store_schema=False)
    for tenant in pc.unique(tenants).to_pylist():
        _write(tenant_folder(fresh, tenant), bare.filter(pc.equal(tenants, tenant)))
    (fresh / STATE).write_text(json.dumps(asdict(state)), "utf-8")
    _swap(fresh, view)
    shutil.rmtree(fresh, ignore_errors=True)


def tenant_folder(view: Path, tenant: str) -> Path:
    """Where a tenant's rows of a view lie; a single shop's, too, which has no name."""
    return view / f"tenant={quote(tenant, safe='')}"


def views_of(purpose: Path) -> dict[str, Path]:
    """The views of a purpose's folder, by contract."""
    return {state.parent.name: state.parent for state in sorted(purpose.glob(f"[!.]*/{STATE}"))}


def files_of(view: Path, tenant: str) -> list[Path]:
    """The files of one tenant's view, the one without rows first."""
    return [view / SCHEMA, *sorted(tenant_folder(view, tenant).glob("*.parquet"))]


def drop(folder: Path) -> None:
    """Take away a view, or all of a purpose: first its name, then its files."""
    gone = folder.parent / f"{BUILDING}-{folder.name}"
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


@contextmanager
def held(locks: Path, *, alone: bool) -> Iterator[None]:
    """Hold the views as they are, or alone to change them; waits for others."""
    locks.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(locks / "views", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)  # closing lets the lock go


def _write(folder: Path, rows: pa.Table) -> None:
    """Write the rows of a tenant; no minima or maxima, which are values."""
    folder.mkdir()
    pq.write_table(
        rows,
        folder / "rows.parquet",
        compression="zstd",
        row_group_size=ROW_GROUP,
        write_statistics=False,
        store_schema=False,
    )


def _swap(fresh: Path, view: Path) -> None:
    """Let two folders change places in one step; where the system cannot, in two."""
    if not view.exists():
        fresh.rename(view)
        return
    exchange = getattr(ctypes.CDLL(None), "renameat2", None)
    ends = (_AT_FDCWD, os.fsencode(fresh), _AT_FDCWD, os.fsencode(view), _EXCHANGE)
    if exchange is None or exchange(*ends) != 0:
        old = view.parent / f"{BUILDING}-old-{view.name}"
        shutil.rmtree(old, ignore_errors=True)
        view.rename(old)
        fresh.rename(view)
        shutil.rmtree(old, ignore_errors=True)
