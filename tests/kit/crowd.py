"""A lake with a crowd in it: thousands of invented subjects who visit a shop for some days, stored as the pipeline stores them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from kit.means import REDUCERS
from kit.opened import PAGE_VIEW
from remit_consumers.batch import Batch
from remit_consumers.lake.columns import POSITIONS_TABLE
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import fitted, open_table
from remit_consumers.lake.tagsets import Tagset, known
from remit_consumers.lake.tagsets import add as add_tagsets
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.rows import arrow_type, stored_schema
from remit_consumers.settings import Settings
from remit_consumers.steps.minimize import minimize
from remit_consumers.steps.tag import tag
from remit_consumers.vault import Vault
from remit_schemas.plan import Plan
from remit_schemas.plan import compile as compile_plan
from remit_schemas.policy import Policy

NOW = datetime(2026, 3, 12, 12, tzinfo=UTC)
DAYS = 3
AGENTS = tuple(
    f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    for major in range(131, 121, -1)
    for system in (
        "Windows NT 10.0; Win64; x64",
        "Macintosh; Intel Mac OS X 10_15_7",
        "X11; Linux x86_64",
    )
)
SCREENS = ("1920x1080", "2560x1440", "1536x864", "390x844", "412x915", "1440x900", "360x800")
PAGES = tuple(f"/shop/{kind}" for kind in "abcdefghijklmnopqrstuvwxyz") + tuple(
    f"/help/{kind}" for kind in "abcdefghijklmnopqrstuvwxyz"
)


def settings_in(folder: Path) -> Settings:
    """The settings of an installation below a folder."""
    return Settings(folder / "data", folder / "keys", folder / "vault")


def make_crowd(
    settings: Settings,
    policy: Policy,
    granted: frozenset[str],
    views: int = 30_000,
    subjects: int = 4_000,
) -> None:
    """Store page views of a crowd: few come often (Zipf), each with an agent and a screen of its own.

    Args:
        settings: Where.
        policy: The policy that governs.
        granted: What every one of them consented to.
        views: How many page views.
        subjects: How many subjects at most.
    """
    vault = Vault.open(settings.vault, b"k" * 32)
    rows, tagset = crowd_rows(vault, policy, granted, views, subjects)
    store_rows(settings.lake, rows, tagset)


def crowd_rows(
    vault: Vault, policy: Policy, granted: frozenset[str], views: int, subjects: int
) -> tuple[pa.Table, Tagset]:
    """Give the rows of a crowd, and what their tagset stands for."""
    return _through_steps(vault, compile_plan(PAGE_VIEW, policy), _came(views, subjects), granted)


def store_rows(lake: Path, rows: pa.Table, tagset: Tagset) -> None:
    """Store rows of page views, as a commit would."""
    catalogue = open_table(lake, "tagsets")
    if tagset.tagset not in known(catalogue):
        add_tagsets(catalogue, [tagset])
    table = open_table(lake, "events/page_view", rows.schema)
    files = write(table.path, fitted(rows, rows.schema))
    sync(files)
    append(table.path, table.version, Append(files, {}))
    open_table(lake, POSITIONS_TABLE)  # which every lake with rows has


@dataclass(frozen=True, slots=True)
class Came:
    """What came: a subject for each event, and columns of the contract."""

    subjects: pa.Array
    columns: Mapping[str, pa.Array]


def _came(views: int, subjects: int) -> Came:
    """Invent page views."""
    chance = np.random.default_rng(7)
    weights = 1 / (np.arange(subjects) + 20)
    who = chance.choice(subjects, views, p=weights / weights.sum())
    agent = _zipf(chance, len(AGENTS), subjects)[who]
    screen = _zipf(chance, len(SCREENS), subjects)[who]
    page = _zipf(chance, len(PAGES), views)
    seconds = np.sort(chance.integers(0, DAYS * 86_400, views))
    begin_ms = int((NOW - timedelta(days=DAYS)).timestamp()) * 1000
    times = pa.array(begin_ms + seconds * 1000, pa.int64()).cast(pa.timestamp("ms", "UTC"))
    return Came(
        pa.array([f"customer-{one}" for one in who]),
        {
            "occurred_at": times,
            "collected_at": times,
            "user_agent": pa.array(AGENTS).take(pa.array(agent)),
            "screen": pa.array(SCREENS).take(pa.array(screen)),
            "page": pa.array(PAGES).take(pa.array(page)),
            "status": pa.array(np.full(views, 200, np.int32)),
            "duration_ms": pa.array(chance.lognormal(4, 0.8, views).astype(np.int32)),
        },
    )


def _zipf(
    chance: np.random.Generator, many: int, count: int
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    weights = 1 / (np.arange(many) + 1)
    return chance.choice(many, count, p=weights / weights.sum()).astype(np.int64)


def _through_steps(
    vault: Vault, plan: Plan, came: Came, granted: frozenset[str]
) -> tuple[pa.Table, Tagset]:
    """Minimize and tag what came, as the pipeline does; no floor has closed yet, which is the attacker's best case."""
    from remit_consumers.lake.tagsets import tagset_of  # noqa: PLC0415 - beside its use

    rows = len(came.subjects)
    none = {field.name: pa.nulls(rows, arrow_type(field)) for field in PAGE_VIEW.fields}
    batch = Batch(
        contract=PAGE_VIEW,
        table=pa.table(none | dict(came.columns)),
        subject=came.subjects,
        tenant=pa.array([""] * rows),
        pack=pa.array(["p"] * rows).dictionary_encode(),
        index=pa.array(range(rows), pa.int32()),
        outcome=plan.outcome(granted),
        granted=granted,
    )
    done = tag(minimize(Pseudonyms(vault, STORAGE_DOMAIN), lambda: REDUCERS)(batch, plan), plan)
    assert done.outcome is not None
    return done.table.select(stored_schema(PAGE_VIEW, plan).names), tagset_of(plan, done.outcome)
