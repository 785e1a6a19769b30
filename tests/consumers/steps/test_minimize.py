"""Minimize: whom the floor may count by name."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from kit.opened import PAGE_VIEW
from kit.walks import make_walk
from remit import visitor
from remit_consumers.batch import Batch
from remit_consumers.epochs import Register, write_register
from remit_consumers.rows import arrow_type
from remit_consumers.vault import Vault
from remit_consumers.visitor_keys import VisitorKeys
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import find_policy

PLAN = compile_plan(PAGE_VIEW, find_policy())
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def counted(folder: Path, *subjects: str | None) -> list[bool]:
    """Whether each of these subjects has a name that the floor counts them by."""
    rows = len(subjects)
    columns = {field.name: pa.nulls(rows, arrow_type(field)) for field in PAGE_VIEW.fields}
    times = pa.array([NOW] * rows, pa.timestamp("ms", "UTC"))
    batch = Batch(
        contract=PAGE_VIEW,
        table=pa.table(columns | {"collected_at": times, "occurred_at": times}),
        subject=pa.array(subjects, pa.string()),
        tenant=pa.array([""] * rows),
        pack=pa.array(["p"] * rows),
        index=pa.array(range(rows), pa.int32()),
    )
    (folder / "keys").mkdir(exist_ok=True)
    write_register(folder / "keys", Register())
    keys = VisitorKeys(folder / "keys", lambda: NOW)
    walk = make_walk(Vault.open(folder / "vault", b"k" * 32), folder, visitors=keys)
    ((part, _),) = walk.authorize(batch, PLAN)
    done = walk.minimize(part, PLAN)
    stored = done.subject.storage.to_pylist()
    assert [name is not None for name in stored] == [subject is not None for subject in subjects]
    names = done.subject if done.visitor is None else done.visitor
    return [name is not None for name in names.storage.to_pylist()]


def test_a_visitor_with_a_new_session_each_time_is_counted_by_network_and_no_crowd(
    tmp_path: Path,
) -> None:
    mixed = counted(tmp_path, "ann", visitor("a" * 22), None, visitor("b" * 22))
    assert mixed == [True, False, False, False]
    assert counted(tmp_path, "ann", None) == [True, False]
