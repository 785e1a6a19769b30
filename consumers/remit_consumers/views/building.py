"""Building: a view is made anew where rows, tagsets or withdrawals changed, or a row's time is up."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import pyarrow.compute as pc

from remit_consumers.lake.columns import RESTRICTIONS_TABLE, WITHDRAWN_TABLE
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.log import versions
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.settings import Settings
from remit_consumers.views.allowed import Allowed, allowed
from remit_consumers.views.names import ViewNames
from remit_consumers.views.rows import stored_rows, view_rows
from remit_consumers.views.store import State, drop, held, put, state_of, views_of
from remit_consumers.views.withdrawals import withdrawn
from remit_schemas.policy import Policy


@dataclass(frozen=True, slots=True)
class Built:
    """What became of one view.

    Attributes:
        purpose: Whose it is.
        contract: What of.
        rows: Rows in it, of all tenants.
        is_new: Whether it was made anew.
    """

    purpose: str
    contract: str
    rows: int
    is_new: bool


def build(settings: Settings, policy: Policy, purpose: str, now: datetime) -> list[Built]:
    """Make the views of a purpose what they must be now; those that are stay.

    Args:
        settings: Where everything lies.
        policy: The policy in force; what it asks of the view holds for rows of older versions, too.
        purpose: One of its purposes.
        now: Rows that are not kept beyond it are out.

    Raises:
        LakeError: Rows or views cannot be read or written; a view that is not whole takes nobody's place.
        KeysOutOfReach: The key of the views cannot be read or made.
    """
    maker = _Maker.of(settings, policy, purpose, now)
    folder = settings.views / purpose
    made: list[Built] = []
    with reaching(settings.data):
        if any(_due(maker)):
            with held(settings.locks, alone=True):
                gone, due = _due(maker)
                for contract in gone:
                    drop(folder / contract)
                made = [_make(maker, one) for one in due]
        others = _as_they_are(folder, {one.contract for one in made})
    return sorted([*made, *others], key=lambda one: one.contract)


def forget(settings: Settings, purposes: Iterable[str]) -> list[str]:
    """Take away the views of all purposes but these: the policy has them no longer."""
    folders = [path for path in settings.views.glob("[!.]*") if path.is_dir()]
    gone = [path for path in folders if path.name not in set(purposes)]
    with reaching(settings.data), held(settings.locks, alone=True):
        for folder in gone:
            if folder.exists():
                drop(folder)
    return sorted(folder.name for folder in gone)


def _as_they_are(folder: Path, made: Collection[str]) -> Iterator[Built]:
    """The views that were not made anew."""
    for contract, view in views_of(folder).items():
        state = state_of(view)
        if state is not None and contract not in made:
            yield Built(folder.name, contract, state.rows, is_new=False)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A view that has to be made."""

    contract: str
    what: Allowed
    sources: State


@dataclass(frozen=True, slots=True)
class _Maker:
    """What the views of one purpose are made with."""

    settings: Settings
    purpose: str
    names: ViewNames
    subjects_min: int | None
    now: datetime

    @classmethod
    def of(cls, settings: Settings, policy: Policy, purpose: str, now: datetime) -> Self:
        """Take what the policy asks of the view."""
        terms = policy.views.get(purpose)
        names = ViewNames(settings.keys, purpose, terms.subject if terms else "stable")
        return cls(settings, purpose, names, terms.subjects_min if terms else None, now)

    @property
    def mark(self) -> str:
        """What a view is made by, beside rows: under another mark it is made anew."""
        return f"{self.names.mark} {self.names.lasting} {self.subjects_min}"

    @property
    def folder(self) -> Path:
        """Where the views lie."""
        return self.settings.views / self.purpose


def _due(maker: _Maker) -> tuple[list[str], list[_Wanted]]:
    """Which views have to go, and which have to be made.

    Versions are read before what they stand for: a view is never older than it says.
    """
    lake, there = maker.settings.lake, views_of(maker.folder)
    tagsets, withdrawals = _newest(lake, "tagsets"), _newest(lake, WITHDRAWN_TABLE)
    restrictions, may = _newest(lake, RESTRICTIONS_TABLE), _allowed(lake, maker.purpose)
    due = []
    for contract, what in may.items():
        events = _newest(lake, f"events/{contract}")
        wanted = State(events, tagsets, withdrawals, maker.mark, restrictions)
        state = state_of(there[contract]) if contract in there else None
        is_same = state is not None and replace(state, due_at="", rows=0) == wanted
        if state is None or not is_same or _is_over(state, maker.now):
            due.append(_Wanted(contract, what, wanted))
    return sorted(there.keys() - may.keys()), due


def _newest(lake: Path, table: str) -> int:
    """The version of a table; -1 where there is none."""
    return max(versions(lake / table), default=-1)


def _is_over(state: State, now: datetime) -> bool:
    """Whether some row in a view must go."""
    return bool(state.due_at) and datetime.fromisoformat(state.due_at) <= now


def _allowed(lake: Path, purpose: str) -> dict[str, Allowed]:
    """What a purpose may see, of contracts that have a table."""
    if not is_table(lake, "tagsets"):
        return {}
    columns = ["tagset", "contract", "fields"]
    catalogue = open_table(lake, "tagsets").delta.to_pyarrow_table(columns=columns).to_pylist()
    return {
        contract: what
        for contract, what in allowed(catalogue, purpose).items()
        if is_table(lake, f"events/{contract}")
    }


def _make(maker: _Maker, wanted: _Wanted) -> Built:
    """Make one view."""
    lake = maker.settings.lake
    gone = withdrawn(lake, maker.purpose)
    rows = stored_rows(lake / "events" / wanted.contract, wanted.what, gone, maker.now)
    first = pc.min(rows.column("keep_until")).as_py()
    due_at = first.isoformat() if first else ""
    state = replace(wanted.sources, due_at=due_at, rows=rows.num_rows)
    view = view_rows(rows, wanted.what, maker.names, maker.subjects_min)
    put(maker.folder / wanted.contract, view, state)
    return Built(maker.purpose, wanted.contract, rows.num_rows, is_new=True)
