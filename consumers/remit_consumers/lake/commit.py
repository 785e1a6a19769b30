"""The one commit: a flush becomes rows, receipts and positions, exactly once."""

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from remit_consumers.lake.columns import CONSENTS_TABLE, POSITIONS_TABLE
from remit_consumers.lake.consents import Records, stopped_after_ms
from remit_consumers.lake.consents import counted as counted_consents
from remit_consumers.lake.consents import notices as counted_notices
from remit_consumers.lake.consents import since as consents_since
from remit_consumers.lake.fault import reaching
from remit_consumers.lake.floors import Floor
from remit_consumers.lake.floors import Kind as FloorKind
from remit_consumers.lake.floors import add as add_floor
from remit_consumers.lake.floors import named as floor_named
from remit_consumers.lake.floors import newest as newest_floors
from remit_consumers.lake.flush import Claim, Committed, Flush, TableCommit
from remit_consumers.lake.format import keep_format
from remit_consumers.lake.log import newest_version
from remit_consumers.lake.open_tables import OpenTables
from remit_consumers.lake.positions import (
    NOWHERE,
    Key,
    Marks,
    Standing,
    app_id,
    done_beyond,
    identities,
    outcomes_of,
    standings,
)
from remit_consumers.lake.promises import chained, check_kept, check_positions, is_kept
from remit_consumers.lake.publish import confirm
from remit_consumers.lake.quarantined import REPLAYS, listed, read_by_replays
from remit_consumers.lake.receipt import PackCount, PackOutcome
from remit_consumers.lake.receipts import TABLE as RECEIPTS_TABLE
from remit_consumers.lake.receipts import materialise, read
from remit_consumers.lake.storing import store
from remit_consumers.lake.tables import Table, is_table, open_table, row_tables
from remit_consumers.lake.tagsets import Tagset
from remit_consumers.lake.tagsets import add as add_tagsets
from remit_consumers.lake.tagsets import known as known_tagsets
from remit_schemas.errors import StaleWriter

Replayed = frozenset[tuple[bytes, int, int]]
"""Packs whose events a replay stored: producer, lane, sequence."""

__all__ = ["Claim", "Committed", "Flush", "Lake", "Marks", "TableCommit"]


class Lake:
    """The lake of one data folder, as one writer or reader of it."""

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root) if isinstance(root, str) else root
        self._tables = OpenTables(self.root)
        self._standing: dict[Key, Standing] = {}
        self._tagsets: set[str] | None = None
        self._stood: tuple[int, Mapping[Key, Standing]] = (-1, {})
        self._chained: tuple[int, Mapping[Key, Standing]] = (-1, {})

    def claim(self, log_id: str, partition: int) -> Claim:
        """Claim one partition, as `claims`."""
        return self.claims(log_id, [partition])[partition]

    def claims(self, log_id: str, partitions: Iterable[int]) -> dict[int, Claim]:
        """Say where partitions stand, and remember it: only what follows on from it can be committed.

        Call it at start, when partitions are assigned, and after every LakeError of `commit`; drop before what
        was gathered and not committed.

        Raises:
            LakeError: The lake cannot be read.
        """
        with reaching(self.root):
            check_positions(self.root)
            if self.root.is_dir():
                keep_format(self.root)
            positions = self._tables.newest(POSITIONS_TABLE)
            stands = self._standings(positions)
            check_kept(self.root, stands)
            check_kept(self.root, self._known_to_receipts())
            tables = [self._tables.newest(name) for name in row_tables(self.root)]
            at = {number: stands.get((log_id, number), NOWHERE).position for number in partitions}
            done = {table.name: done_beyond(table, log_id, at) for table in tables}
            replayed = read_by_replays(tables)
        begun = [table.path for table in tables if any(done[table.name].values())]
        confirm(begun)  # before anything builds on it
        for table in (positions, *tables):
            seen = (REPLAYS, *(app_id(log_id, number) for number in at))
            table.seen |= dict.fromkeys(seen, table.version)
        return {
            number: self._claim(
                (log_id, number),
                stands.get((log_id, number)),
                {name: packs[number] for name, packs in done.items()},
                replayed,
            )
            for number in at
        }

    def _claim(
        self,
        key: Key,
        standing: Standing | None,
        done: Mapping[str, Mapping[int, PackCount]],
        replayed: Replayed,
    ) -> Claim:
        """One claim of `claims`, from what it read for all of them."""
        self._standing[key] = standing or NOWHERE
        return Claim(
            position=standing.position if standing else None,
            marks=self._standing[key].sequences(),
            done={name: outcomes_of(packs) for name, packs in done.items() if packs},
            read=identities(done, PackOutcome.READ) | replayed,
            recorded=identities(done, PackOutcome.RECORDED),
        )

    def commit(self, flush: Flush) -> Committed:
        """Store a flush: quarantine, consent ledger, events tables, and last the positions; durable on return.

        After any error what was gathered must be dropped and its partitions claimed again.

        Raises:
            StaleWriter: Someone else committed for one of the partitions, or it was never claimed.
            LakeError: The lake cannot be written; nothing of the failing table is visible.
        """
        news = {
            partition: ends[1] for partition, ends in flush.positions.items() if ends[1] > ends[0]
        }
        if not news:
            return Committed((), ())
        self._check(flush, news)
        now_s = int(time.time())
        standing = {
            (flush.log_id, partition): self._standing[flush.log_id, partition].after(
                position, flush.marks.get(partition, {}), now_s
            )
            for partition, position in news.items()
        }
        with reaching(self.root):
            self._know(flush.tagsets)
            committed = store(self._tables, flush, standing)
        self._standing |= standing
        return committed

    def replay(self, flush: Flush) -> Committed:
        """Store what was in quarantine, as `commit` does, for partitions that are claimed; no position moves.

        Raises:
            StaleWriter: Someone else committed for one of the partitions since, or it was never claimed.
            LakeError: The lake cannot be written; nothing of the failing table is visible.
        """
        self._check(flush, dict.fromkeys(flush.positions, 0))
        for table in self._tables.all():
            table.seen[REPLAYS] = table.version
        standing = {
            (flush.log_id, one): self._standing[flush.log_id, one] for one in flush.positions
        }
        with reaching(self.root):
            self._know(flush.tagsets)
            told = {app: self._told(app) for app in (app_id(*key) for key in standing)}
            return store(self._tables, flush, standing, {**told, REPLAYS: int(time.time())})

    def _told(self, app: str) -> int:
        """How far any table says that a partition stands: half a flush that a crash left is known by that (`done_beyond`)."""
        stood = (table.delta.transaction_version(app) for table in self._tables.all())
        return max((version for version in stood if version is not None), default=NOWHERE.position)

    def position(self, log_id: str, partition: int) -> int | None:
        """The next offset to read of a partition; None where nothing was stored yet. Claims nothing."""
        standing = self._read_standing(log_id, partition)
        return standing.position if standing else None

    def marks(self, log_id: str, partition: int) -> Marks:
        """The highest sequence stored for each (producer, lane). Claims nothing."""
        standing = self._read_standing(log_id, partition)
        return standing.sequences() if standing else {}

    def materialise(self) -> int:
        """Append to `receipts` what is not chained there yet; call it every ten seconds or so, and at stop.

        Returns:
            How many commits were chained.
        """
        with reaching(self.root):
            return materialise(self.root)

    def receipts(self) -> pa.Table:
        """All receipts as rows (columns: `tables.RECEIPTS`), those not yet materialised included."""
        with reaching(self.root):
            return read(self.root)

    def consents(self, version: int) -> Records | None:
        """What the consent ledger has after a version of its table; -1: all of it. None where there is no ledger yet."""
        if not is_kept(self.root, CONSENTS_TABLE):
            return None
        with reaching(self.root):
            return consents_since(self._tables.known(CONSENTS_TABLE), version)

    def consents_id(self) -> str | None:
        """The id of the consent ledger's table, which another lake's has not; None where there is none yet."""
        if not is_kept(self.root, CONSENTS_TABLE):
            return None
        with reaching(self.root):
            return str(self._tables.known(CONSENTS_TABLE).delta.metadata().id)

    def consents_version(self) -> int:
        """The newest version of the consent ledger's table; -1 where there is none."""
        with reaching(self.root):
            return newest_version(self.root / CONSENTS_TABLE)

    def consent_counts(
        self, tenant: str | None = None, when: pc.Expression | None = None
    ) -> Mapping[str, Mapping[str, int]]:
        """How many changes of each status the consent ledger holds, by purpose; of one tenant or of all, and of when."""
        if not is_kept(self.root, CONSENTS_TABLE):
            return {}
        with reaching(self.root):
            return counted_consents(self._tables.newest(CONSENTS_TABLE), tenant, when)

    def stopped_after_ms(self, when: pc.Expression | None = None) -> list[int]:
        """How long each denial on record was on its way to the ledger, in milliseconds, the shortest first."""
        if not is_kept(self.root, CONSENTS_TABLE):
            return []
        with reaching(self.root):
            return stopped_after_ms(self._tables.newest(CONSENTS_TABLE), when)

    def notices(self, when: pc.Expression | None = None) -> Mapping[str, Mapping[str, int]]:
        """How many notices are on record, by policy version and channel."""
        if not is_kept(self.root, CONSENTS_TABLE):
            return {}
        with reaching(self.root):
            return counted_notices(self._tables.newest(CONSENTS_TABLE), when)

    def floors(self, now: datetime | None = None) -> dict[FloorKind, list[Floor]]:
        """The newest floors of each kind, one for each number of subjects, the newest first.

        Args:
            now: Leaves out those that end later: a clock that was wrong closed them. None: all.
        """
        if not is_table(self.root, "floors"):
            return {}
        with reaching(self.root):
            return newest_floors(open_table(self.root, "floors"), now)

    def floors_version(self) -> int:
        """The version of the table of floors; -1 where there is none."""
        return newest_version(self.root / "floors")

    def floor(self, name: str) -> Floor | None:
        """The floor of this name: what decided the rows whose tagset names it."""
        if not is_table(self.root, "floors"):
            return None
        with reaching(self.root):
            return floor_named(open_table(self.root, "floors"), name)

    def add_floor(self, floor: Floor) -> None:
        """Store what a closed window decided, durably; one that is there already stays."""
        with reaching(self.root):
            add_floor(open_table(self.root, "floors"), floor)

    def quarantined(self) -> list[dict[str, str | int | None]]:
        """What stands in quarantine, oldest first, without what is sealed in it; times as ISO 8601."""
        with reaching(self.root):
            return listed(self.root)

    def _read_standing(self, log_id: str, partition: int) -> Standing | None:
        """Where a partition stands, if the lake has it."""
        if not is_table(self.root, POSITIONS_TABLE):
            return None
        with reaching(self.root):
            return standings(open_table(self.root, POSITIONS_TABLE)).get((log_id, partition))

    def _known_to_receipts(self) -> Mapping[Key, Standing]:
        """What the chain says that tables have; read once for each version, as `_standings`."""
        newest = newest_version(self.root / RECEIPTS_TABLE)
        if self._chained[0] != newest:
            self._chained = newest, chained(self.root)
        return self._chained[1]

    def _standings(self, positions: Table) -> Mapping[Key, Standing]:
        """Where every partition stands; read once for each version, since many are claimed at a time."""
        if self._stood[0] != positions.version:
            self._stood = positions.version, standings(positions)
        return self._stood[1]

    def _check(self, flush: Flush, news: Mapping[int, int]) -> None:
        """Refuse a flush that does not follow on from what this writer has claimed."""
        for partition in news:
            standing = self._standing.get((flush.log_id, partition))
            if standing is None:
                message = f"partition {partition} was not claimed before the commit"
                raise StaleWriter(message)
            if standing is not NOWHERE and standing.position != flush.positions[partition][0]:
                message = f"the flush of partition {partition} does not begin where the lake stands"
                raise StaleWriter(message)

    def _know(self, tagsets: Sequence[Tagset]) -> None:
        """Put tagsets into the catalogue before any row bears them."""
        if not tagsets:
            return
        if self._tagsets is None:
            self._tagsets = known_tagsets(self._tables.newest("tagsets"))
        fresh = [one for one in tagsets if one.tagset not in self._tagsets]
        if fresh:
            add_tagsets(self._tables.newest("tagsets"), fresh)
            self._tagsets |= {one.tagset for one in fresh}
