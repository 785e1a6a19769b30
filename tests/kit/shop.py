"""A consumer without a log: packs go in, a lake comes out, and a test says what happens in between."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from kit.opened import CONSENT_CHANGE, PAGE_VIEW, VERSION, make_datums, make_opened
from kit.walks import make_ledger, make_walk
from remit import ConsentChange, PageView
from remit_consumers.consent.ledger import Ledger
from remit_consumers.epochs import Register, write_register
from remit_consumers.flush import Composer
from remit_consumers.gather import Gathered, Partition
from remit_consumers.lake.commit import Flush, Lake
from remit_consumers.plans import Plans
from remit_consumers.steps.open import Opened
from remit_consumers.vault import Vault
from remit_consumers.visitor_keys import VisitorKeys
from remit_schemas.contract import builtin
from remit_schemas.policy import find_policy

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
REPORTING, IMPROVE = "analytics.reporting", "functional.service.improve"
EVENTS = "events/page_view"


class Shop:
    """A consumer without a log: packs go in, a lake comes out."""

    def __init__(self, folder: Path, now: datetime = NOON) -> None:
        self.folder = folder
        self.now = now
        keys = folder / "keys"
        keys.mkdir(exist_ok=True, parents=True)
        write_register(keys, Register())
        self.vault = Vault.open(folder / "vault", b"k" * 32)
        self.visitors = VisitorKeys(keys, lambda: self.now)
        self.lake = Lake(folder / "lake")
        self.sequence = 0
        self.restart()

    def restart(self) -> None:
        """Begin anew with what the lake has."""
        self.ledger: Ledger = make_ledger(self.vault, self.folder, self.visitors)
        self.walk = make_walk(self.vault, self.folder, ledger=self.ledger, visitors=self.visitors)
        self.lake = Lake(self.folder / "lake")
        claim = self.claim = self.lake.claim("spool/x", 0)
        self.partition = Partition(claim.position or 0, claim.position or 0, claim.done)
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
        composer = Composer(
            "spool/x", Plans(builtin(), find_policy()), self.walk, timedelta(hours=72)
        )
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
        self, at: datetime | None = None, subject: str | None = "ann", tenant: str = ""
    ) -> Opened:
        """A pack with one page view that has an optional field of each purpose."""
        moment = at or self.now
        event = PageView(
            utc_offset="+01:00", duration_ms=7, status=200, occurred_at=moment, collected_at=moment
        )
        return self.pack(event, subject=subject, tenant=tenant)

    def kept(self, flush: Flush) -> list[tuple[bool, bool]]:
        """For each page view of a flush, in order, whether statistics and improvement got theirs."""
        (part,) = [part for part in flush.parts if part.table == EVENTS]
        assert part.rows is not None
        rows = sorted(part.rows.to_pylist(), key=lambda row: int(row["pack"].rpartition("-")[2]))
        return [(row["utc_offset"] is not None, row["duration_ms"] is not None) for row in rows]
