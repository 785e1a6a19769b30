"""A consumer without a log whose subjects agree, are seen, and take back: packs go in, a lake comes out."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa

from kit.floors import make_floors
from kit.means import MEANS
from kit.opened import CONSENT_CHANGE, PAGE_VIEW, VERSION, make_datums, make_opened
from kit.walks import make_ledger
from remit import ConsentChange, PageView
from remit_consumers.flush import Composer
from remit_consumers.gather import Gathered, Partition
from remit_consumers.lake.commit import Flush, Lake
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import Vacuum
from remit_consumers.pipeline import steps
from remit_consumers.plans import Plans
from remit_consumers.pseudonyms import STORAGE_DOMAIN, Pseudonyms
from remit_consumers.steps.open import Opened
from remit_consumers.vault import Vault
from remit_consumers.visitor_keys import VisitorKeys
from remit_consumers.withdrawal.revoke import Done, revoke
from remit_schemas.contract import builtin
from remit_schemas.policy import Policy, find_policy

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
REPORTING, IMPROVE = "analytics.reporting", "functional.service.improve"
EVENTS = "events/page_view"


class Shop:
    """A lake with one partition, and everything that decides what comes into it.

    Attributes:
        now: What time it is there.
        root: The lake's folder.
    """

    def __init__(self, folder: Path, now: datetime = NOON, policy: Policy | None = None) -> None:
        self.folder = folder
        self.now = now
        keys = folder / "keys"
        keys.mkdir(exist_ok=True, parents=True)
        self.vault = Vault.open(folder / "vault", b"k" * 32)
        self.visitors = VisitorKeys(keys, lambda: self.now)
        self.names = Pseudonyms(self.vault, STORAGE_DOMAIN, self.visitors)
        self.plans = Plans(builtin(), policy or find_policy())
        self.vacuum = Vacuum()
        self.root = folder / "data" / "lake"
        self.sequence = 0
        self.restart()

    def restart(self) -> None:
        """Begin anew with what the lake has."""
        self.ledger = make_ledger(self.vault, self.folder / "data", self.visitors)
        self.walk = steps(
            self.names, MEANS, make_floors(self.folder / "data"), self.ledger, self.plans
        )
        self.lake = Lake(self.root)
        self.claim = self.lake.claim("spool/x", 0)
        position = self.claim.position or 0
        self.partition = Partition(position, position, self.claim.done)
        self.ledger.load()

    def pack(self, *events: PageView | ConsentChange, subject: str | None, tenant: str) -> Opened:
        """A pack of events of one subject."""
        self.sequence += 1
        contract = CONSENT_CHANGE if isinstance(events[0], ConsentChange) else PAGE_VIEW
        datums = make_datums(events, [subject] * len(events))
        return make_opened(
            self.sequence, datums=datums, fingerprint=contract.fingerprint, tenant=tenant
        )

    def store(self, *packs: Opened) -> Flush:
        """Commit packs in one flush."""
        flush = self.decide(*packs)
        self.lake.commit(flush)
        self.partition.committed = self.partition.reached
        return flush

    def decide(self, *packs: Opened) -> Flush:
        """Make the flush of packs."""
        gathered = Gathered()
        for pack in packs:
            gathered.take(pack, self.partition, {})
        composer = Composer("spool/x", self.plans, self.walk, timedelta(hours=72))
        left = self.claim.read, self.claim.recorded
        return composer.flush(gathered, {0: self.partition}, self.now, *left)

    def say(
        self,
        status: str | None,
        at: datetime | None = None,
        *,
        subject: str = "ann",
        tenant: str = "",
        **changes: object,
    ) -> Opened:
        """A pack with one consent change."""
        moment = at or self.now
        change: dict[str, object] = {
            "purpose": REPORTING,
            "status": status,
            "agreed_version": VERSION,
            "method": "api",
            "occurred_at": moment,
            "collected_at": moment,
        }
        return self.pack(ConsentChange.of(change | changes), subject=subject, tenant=tenant)

    def view(
        self,
        at: datetime | None = None,
        subject: str | None = "ann",
        tenant: str = "",
        page: str = "/a",
        method: str | None = None,
    ) -> Opened:
        """A pack with one page view that has an optional field of each purpose."""
        moment = at or self.now
        event = PageView(
            utc_offset="+01:00",
            duration_ms=7,
            status=200,
            page=page,
            method=method,
            occurred_at=moment,
            collected_at=moment,
        )
        return self.pack(event, subject=subject, tenant=tenant)

    def revoke(self) -> Done:
        """Carry out what is pending."""
        done = revoke(self.root, self.plans.plan, self.now, self.vacuum)
        assert done is not None
        return done

    def rows(self, table: str = EVENTS) -> pa.Table:
        """The rows of a table, in an order that no rewrite changes."""
        found = open_table(self.root, table).delta.to_pyarrow_table()
        return found.sort_by([("pack", "ascending"), ("index", "ascending")])

    def kept(self) -> list[tuple[str, bool, bool]]:
        """For each page view: its day, and whether statistics and improvement have theirs."""
        return [
            (str(row["day"]), row["utc_offset"] is not None, row["duration_ms"] is not None)
            for row in self.rows().to_pylist()
        ]

    def agree(self, at: datetime, *subjects: str) -> Sequence[Opened]:
        """Packs in which subjects agree to both purposes."""
        return [
            self.say("given", at, subject=subject, purpose=purpose)
            for subject in subjects
            for purpose in (REPORTING, IMPROVE)
        ]
