"""The ledger against a reference that has none of its code: whatever is said, sent, lost, sent again and decided.

One step has every subject say something of their own, late or out of order, or do something that an event tells of; a
run of the machine is therefore as many interleavings as there are subjects. Crashes, resends, and consumers that take
over from one another come between the steps.
"""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from kit.opened import CONSENT_CHANGE, PAGE_VIEW, make_datums, make_opened
from kit.reference import YOUNGEST, Fact
from kit.versions import IMPROVE, NEWER, OLDER, REPORTING, WORLD, two_versions
from kit.walks import make_ledger, make_walk
from kit.watching import commits
from remit import ConsentChange, PageView
from remit_consumers.flush import Composer
from remit_consumers.gather import Gathered, Partition
from remit_consumers.lake.commit import Flush, Lake
from remit_consumers.plans import Plans
from remit_consumers.steps.open import Opened
from remit_consumers.vault import Vault
from remit_schemas.contract import builtin
from remit_schemas.event import Event
from remit_schemas.policy import load_policy

SUBJECTS = 64
STEPS = 24
RUNS = (
    320 if os.environ.get("REMIT_PROVE") else 16
)  # times 64 subjects: 20,480 and 1,024 interleavings
NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATE_MS = 90_000
STATUSES = ("given", "given", "renewed", "refused", "withdrawn", "requested", "expired")
GROUNDS = (None, "guardian_consent", "legal_permission")


class Ledgers(RuleBasedStateMachine):
    """A consumer without a log, and what the reference says of everything that it stores."""

    @initialize(seed=st.integers(0, 2**32))
    def begin(self, seed: int) -> None:
        """Begin with an empty lake."""
        self.chance = Random(seed)
        self.disk = TemporaryDirectory(prefix="remit-model-")
        self.folder = Path(self.disk.name)
        two_versions(self.folder / "policies")
        self.vault = Vault.open(self.folder / "vault", b"k" * 32)
        self.now_ms = int(NOON.timestamp() * 1000)
        self.in_force = OLDER
        self.sequence = self.offset = 0
        self.pending: list[Opened] = []
        self.done: list[Opened] = []
        self.facts: dict[int, list[Fact]] = {n: [] for n in range(SUBJECTS)}
        self.heard: dict[int, list[tuple[int, Fact]]] = {n: [] for n in range(SUBJECTS)}
        self.views: dict[tuple[str, int], tuple[int, int, str]] = {}
        self.decided = 0
        self._take_over()

    @rule()
    def everybody_says_something(self) -> None:
        """Every subject says one thing, which is on its way and not known yet."""
        said = [self._statement() for _ in range(SUBJECTS)]
        pack = self._pack([change for change, _ in said], CONSENT_CHANGE.fingerprint)
        for subject, (_, fact) in enumerate(said):
            self.heard[subject].append((pack.header.sequence, fact))
        self.now_ms += self.chance.randrange(1, 20_000)

    @rule()
    def everybody_looks_at_a_page(self) -> None:
        """Every subject does something, collected some time ago."""
        at = [self._moment() for _ in range(SUBJECTS)]
        events = [
            PageView(
                utc_offset="+01:00",
                duration_ms=7,
                language="zh",
                status=200,
                occurred_at=ms,
                collected_at=ms,
            )
            for ms in at
        ]
        pack = self._pack(events, PAGE_VIEW.fingerprint)
        for subject, ms in enumerate(at):
            self.views[pack.header.pack_id, subject] = subject, ms, self.in_force
        self.now_ms += self.chance.randrange(1, 20_000)

    @rule()
    def a_flush(self) -> None:
        """What is on its way is decided and committed."""
        self._flush()

    @rule()
    def a_crash_before_the_commit(self) -> None:
        """What was decided is forgotten with the process, and decided again by the next one."""
        self._decide()
        self._take_over()

    @rule()
    def a_crash_between_two_tables(self) -> None:
        """The ledger has what the rows have not."""
        before = {table: commits(self.folder, table) for table in ("events/page_view", "positions")}
        was = list(self.pending)
        self._flush()
        for table, version in before.items():
            newest = commits(self.folder, table)
            if newest > version >= 0:
                (self.folder / "lake" / table / "_delta_log" / f"{newest:020d}.json").unlink()
        self.done = self.done[: len(self.done) - len(was)]
        self.pending = was
        self._take_over()

    @rule()
    def a_pack_comes_again(self) -> None:
        """A producer sends what was stored already."""
        if self.done:
            again = self.chance.choice(self.done)
            self.offset += 1
            self.pending.append(replace(again, sealed=replace(again.sealed, offset=self.offset)))

    @rule()
    def the_newer_version_comes_into_force(self) -> None:
        """From here on packs are sent under the version that widens."""
        self._flush()
        self.in_force = NEWER

    def teardown(self) -> None:
        """Decide what is left, and put the disk away."""
        if hasattr(self, "disk"):
            self._flush()
            self.disk.cleanup()

    def _take_over(self) -> None:
        """A consumer begins with what the lake has."""
        plans = Plans(
            builtin(),
            load_policy(self.folder / "policies" / f"{NEWER}.yaml"),
            self.folder / "policies",
        )
        assert plans.knows(OLDER)
        ledger = make_ledger(self.vault, self.folder)
        walk = make_walk(self.vault, self.folder, ledger=ledger, plans=plans)
        self.composer = Composer("spool/x", plans, walk, timedelta(hours=72))
        self.lake = Lake(self.folder / "lake")
        self.claim = self.lake.claim("spool/x", 0)
        position = self.claim.position or 0
        self.partition = Partition(position, position, self.claim.done)
        self.marks = dict(self.claim.marks)
        ledger.load()

    def _pack(self, events: Sequence[Event], fingerprint: bytes) -> Opened:
        self.sequence += 1
        self.offset += 1
        names = [f"user{n}" for n in range(SUBJECTS)]
        pack = make_opened(
            self.sequence,
            offset=self.offset,
            datums=make_datums(events, names),
            fingerprint=fingerprint,
            policy_version=self.in_force,
        )
        self.pending.append(pack)
        return pack

    def _moment(self) -> int:
        """Some time ago; by the second, so that different things happen at the same time."""
        return (self.now_ms - self.chance.randrange(LATE_MS)) // 1000 * 1000

    def _statement(self) -> tuple[ConsentChange, Fact]:
        """Something about a purpose mostly; else about a version, or an age."""
        chance, ms = self.chance, self._moment()
        version = chance.choice((OLDER, NEWER))
        kind = chance.randrange(10)
        if kind < 6:
            fact = Fact(
                ms,
                chance.choice(STATUSES),
                chance.choice((REPORTING, IMPROVE)),
                version,
                by_guardian=chance.random() < 0.3,
            )
        elif kind < 9:
            fact = Fact(ms, chance.choice(("accepted", "concluded", "notified")), None, version)
        else:
            fact = Fact(
                ms, "stated", age_band=chance.choice([*YOUNGEST]), ground=chance.choice(GROUNDS)
            )
        guardian = "parent" if fact.by_guardian or fact.ground == "guardian_consent" else None
        change = ConsentChange(
            purpose=fact.purpose,
            status=fact.status,
            agreed_version=fact.version,
            actor="guardian" if guardian else None,
            guardian=guardian,
            age_band=fact.age_band,
            minor_basis=fact.ground,
            occurred_at=ms,
            collected_at=self.now_ms,
        )
        return change, fact

    def _decide(self) -> Flush:
        gathered = Gathered()
        for pack in self.pending:
            gathered.take(pack, self.partition, self.marks)
        return self.composer.flush(
            gathered,
            {0: self.partition},
            datetime.fromtimestamp(self.now_ms / 1000, UTC),
            self.claim.read,
            self.claim.recorded,
        )

    def _flush(self) -> None:
        if not self.pending:
            return
        flush = self._decide()
        self.lake.commit(flush)
        self.partition.committed = self.partition.reached
        known = {pack.header.sequence for pack in (*self.done, *self.pending)}
        self._compare(flush, known)
        self.done += self.pending
        self.pending = []

    def _compare(self, flush: Flush, known: set[int]) -> None:
        """Hold every page view of a flush against the reference."""
        parts = [part for part in flush.parts if part.table == "events/page_view"]
        rows = {
            (row["pack"], row["index"]): row
            for part in parts
            if part.rows is not None
            for row in part.rows.to_pylist()
        }
        refused: Counter[str] = Counter()
        packs = {
            f"{pack.producer.hex()}-{pack.lane}-{pack.sequence}"
            for part in parts
            for pack in part.receipt.packs
        }
        for place, (subject, at_ms, in_force) in self.views.items():
            if place[0] not in packs:
                continue
            facts = [fact for sequence, fact in self.heard[subject] if sequence in known]
            verdict = WORLD.decide(facts, at_ms, in_force)
            row = rows.get(place)
            self.decided += 1
            if verdict.refused:
                refused[verdict.refused] += 1
                assert row is None, (facts, at_ms, in_force)
                continue
            assert row is not None, (facts, at_ms, in_force, verdict)
            stored = (
                row["policy_version"],
                row["utc_offset"] is not None,
                row["duration_ms"] is not None,
                row.get("language") is not None,
            )
            wanted = (
                verdict.version,
                REPORTING in verdict.granted,
                IMPROVE in verdict.granted,
                verdict.version == NEWER,
            )
            assert stored == wanted, (facts, at_ms, in_force)
        counted: Counter[str] = Counter()
        for part in parts:
            counted.update(part.receipt.events.refused)
        assert counted == refused


@pytest.mark.slow
@pytest.mark.clause("S009", "S016", "S089", "S092", "S093", "S113", "S116", "S117")
def test_every_interleaving_is_decided_as_the_reference_does() -> None:
    run_state_machine_as_test(
        Ledgers,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[
                Phase.reuse,
                Phase.generate,
            ],  # the subject that differs is found by its facts, not by fewer steps
            suppress_health_check=[*HealthCheck],
        ),
    )
