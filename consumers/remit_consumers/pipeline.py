"""The flow on one screen: what was gathered from the log becomes one flush of the lake.

open → decode → exclude → entitle → authorize → minimize → suppress → tag → store → count. Opening happens as packs arrive; the lake stores;
here is what lies between. Exclude leaves out whom an erasure suppresses, entitle what a
tenant does not have. Authorize parts a batch by consent; the steps after it take a batch and give one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import pyarrow as pa

from remit_consumers.batch import Batch, Entitle, Split, Step, counted
from remit_consumers.clock import Clock, utc_now
from remit_consumers.consent.ledger import Ledger
from remit_consumers.consent.withdrawals import Withdrawals, ages_stated
from remit_consumers.counting import added
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.floor.floors import Floors
from remit_consumers.lake.columns import CONSENTS, WITHDRAWN
from remit_consumers.lake.receipt import EventCounts, FieldCount, summed, together
from remit_consumers.lake.tagsets import Tagset, tagset_of
from remit_consumers.plans import Plans
from remit_consumers.pseudonyms import Pseudonyms
from remit_consumers.reducers.means import Means
from remit_consumers.rows import arrow_type, stored_schema
from remit_consumers.steps.authorize import authorize
from remit_consumers.steps.complete import complete
from remit_consumers.steps.decode import Decoded, Ints, bodies_of, decode, joined
from remit_consumers.steps.entitle import entitle, refused
from remit_consumers.steps.exclude import exclude
from remit_consumers.steps.minimize import load, minimize
from remit_consumers.steps.open import Datums, Opened
from remit_consumers.steps.suppress import suppress
from remit_consumers.steps.tag import joined_rows, tag
from remit_schemas.contract import CONSENT_CHANGE, Contract, Contracts
from remit_schemas.plan import Plan


@dataclass(frozen=True, slots=True, repr=False)
class Walk:
    """The steps in their order.

    Attributes:
        ledger: Who consented to what.
        withdrawals: Who takes a consent back, under the names that rows bear.
        entitle: Leaves out whom an erasure suppresses, and what a tenant does not have.
        authorize: Parts a batch by that, and by which alternatives are there; what follows is done to each part.
        minimize: Reduces and counts the values.
        rest: What comes after.
    """

    ledger: Ledger
    withdrawals: Withdrawals
    entitle: Entitle
    authorize: Split
    minimize: Step
    rest: Sequence[Step]


def steps(names: Pseudonyms, means: Means, floors: Floors, ledger: Ledger, plans: Plans) -> Walk:
    """Make the steps.

    Args:
        names: The pseudonyms that the lake stores.
        means: What reducers are made with.
        floors: Which traits enough subjects share.
        ledger: Who consented to what.
        plans: The versions of the policy, one of which governs each subject, and who has which function of it.
    """
    return Walk(
        ledger=ledger,
        withdrawals=Withdrawals(ledger, names, plans.epochs),
        entitle=entitle(plans.tenancy),
        authorize=complete(authorize(ledger, plans)),
        minimize=minimize(names, cache(partial(load, means))),
        rest=(suppress(floors), tag),
    )


def excluding(walk: Walk, suppression: Suppression, now: Clock = utc_now) -> Walk:
    """Put before the steps what leaves out whom an erasure suppresses."""
    return replace(walk, entitle=exclude(suppression, walk.entitle, now))


@dataclass(frozen=True, slots=True)
class Refined:
    """What came of the packs of one contract.

    Attributes:
        plan: The plan of the version in force.
        parts: The events, minimized and tagged, one part for each consent outcome under each plan that governs any.
        plans: The plan of each part.
        schema: The schema of the contract's event table.
        malformed: For each pack with datums that are none, their places in it.
        records: What the consent ledger is to learn from them.
        withdrawn: Who takes back in them what the ledger has, under the names that rows bear.
        stated: Of whom an age was stated: tenant and subject, as the app names them.
    """

    plan: Plan
    parts: Sequence[Batch]
    plans: Sequence[Plan]
    schema: pa.Schema
    malformed: Mapping[int, Sequence[int]]
    records: pa.Table
    withdrawn: pa.Table
    stated: Sequence[tuple[str, str]]

    @property
    def rows(self) -> pa.Table:
        """What is stored, the rows of a subject together."""
        return joined_rows([part.table for part in self.parts])

    @property
    def tagsets(self) -> list[Tagset]:
        """What the rows' tagsets stand for."""
        both = zip(self.plans, self.parts, strict=True)
        return [tagset_of(plan, part.outcome) for plan, part in both if part.outcome]

    @property
    def events(self) -> EventCounts:
        """What became of the events, the malformed ones apart."""
        return together(self.tenants.values())

    @property
    def tenants(self) -> Mapping[str, EventCounts]:
        """What became of each tenant's events, the malformed ones apart."""
        stored = summed(counted(part.tenant) for part in self.parts)
        found = {tenant: EventCounts(stored=rows) for tenant, rows in stored.items()}
        for (tenant, reason), events in summed(part.refused for part in self.parts).items():
            refused = EventCounts(refused={reason: events})
            found[tenant] = together((found.get(tenant, EventCounts()), refused))
        return found

    @property
    def counts(self) -> Sequence[FieldCount]:
        """What became of the values, one count for each field, decision and set of purposes."""
        return added(count for part in self.parts for count in part.counts)

    @property
    def versions(self) -> Mapping[str, int]:
        """Events stored, by the policy version that governed them."""
        both = zip(self.plans, self.parts, strict=True)
        counts = summed({plan.policy_version: part.table.num_rows} for plan, part in both)
        return {version: events for version, events in counts.items() if events}

    @property
    def purposes(self) -> Mapping[str, tuple[int, int]]:
        """For each optional purpose, the events whose subject granted it, and all others."""
        came = [(part.granted, part.events + sum(part.refused.values())) for part in self.parts]
        whole = sum(events for _, events in came)
        found: dict[str, tuple[int, int]] = {}
        for purpose in sorted(self.plan.optional_purposes):
            granted = sum(events for names, events in came if purpose in names)
            found[purpose] = granted, whole - granted
        return found

    @property
    def filled(self) -> Mapping[str, int]:
        """Rows that had no value of a field and have `other` now, by field."""
        return summed(part.filled for part in self.parts)

    @property
    def floored(self) -> Mapping[str, int]:
        """Rows whose value became `other`, by column."""
        return summed(part.floored for part in self.parts)


def refine(
    packs: Sequence[Opened], contracts: Contracts, plan: Plan, walk: Walk, now: Clock = utc_now
) -> Refined:
    """Take the packs of one contract and policy version through the steps.

    Args:
        packs: Packs of the plan's contract, of any version of it that is on record.
        contracts: The contracts on record.
        plan: The plan of the newest version under the packs' policy version.
        walk: The steps in their order.
        now: Tells when the ledger took its records.
    """
    newest = contracts.by_name(plan.contract)
    batch, malformed = _batch_of(packs, contracts, newest)
    entitled, reasons = walk.entitle(batch, plan)
    split = [(refused(batch, plan, reasons), plan)] if reasons else []
    if entitled.events or not reasons:
        split += walk.authorize(entitled, plan)
    parts: list[Batch] = []
    governing: list[Plan] = []
    records, withdrawn = CONSENTS.empty_table(), WITHDRAWN.empty_table()
    stated: list[tuple[str, str]] = []
    for came, its_plan in split:
        part = walk.minimize(came, its_plan)
        if plan.contract == CONSENT_CHANGE:
            records = pa.concat_tables([records, walk.ledger.records(came, part, its_plan, now())])
            taken_back = walk.withdrawals.of(came, part, now())
            withdrawn = pa.concat_tables([withdrawn, taken_back])
            stated += ages_stated(came)
        for step in walk.rest:
            part = step(part, its_plan)
        parts.append(part)
        governing.append(its_plan)
    schema = _schema(newest, [plan, *governing])
    return Refined(plan, parts, governing, schema, malformed, records, withdrawn, stated)


def _schema(contract: Contract, plans: Sequence[Plan]) -> pa.Schema:
    """The schema of rows that several plans govern: each column as the first of them that has it says."""
    columns: dict[str, pa.Field] = {}
    for plan in {one.policy_version: one for one in reversed(plans)}.values():
        columns |= {one.name: one for one in stored_schema(contract, plan)}
    return pa.schema([*columns.values()])


def _batch_of(
    packs: Sequence[Opened], contracts: Contracts, newest: Contract
) -> tuple[Batch, dict[int, list[int]]]:
    """Decode the events of several packs into one batch; name what is malformed by pack and place."""
    malformed = {number: pack.datums.malformed.tolist() for number, pack in enumerate(packs)}
    parts = []
    for fingerprint in dict.fromkeys(pack.header.fingerprint for pack in packs):
        numbers = [
            number for number, pack in enumerate(packs) if pack.header.fingerprint == fingerprint
        ]
        part = _decoded(
            [packs[number].datums for number in numbers], contracts.by_fingerprint(fingerprint)
        )
        for row in part.decoded.malformed.tolist():
            malformed[numbers[part.pack[row]]].append(int(part.place[row]))
        parts.append((np.asarray(numbers)[part.pack[part.decoded.rows]], part))
    batch = _columns(packs, newest, parts)
    return batch, {number: sorted(places) for number, places in malformed.items() if places}


@dataclass(frozen=True, slots=True)
class _Part:
    """Events of one version of a contract: for each datum, its pack (by number) and its place there."""

    decoded: Decoded
    pack: Ints
    place: Ints


def _decoded(datums: Sequence[Datums], contract: Contract) -> _Part:
    """Decode what several packs hold, all written with one version of a contract."""
    return _Part(
        decode(
            contract,
            bodies_of([(part.lengths, part.data) for part in datums]),
            joined([(part.subject_lengths, part.subjects) for part in datums]),
        ),
        np.repeat(np.arange(len(datums)), [len(part) for part in datums]),
        np.concatenate([part.index for part in datums]),
    )


def _columns(
    packs: Sequence[Opened], newest: Contract, parts: Sequence[tuple[Ints, _Part]]
) -> Batch:
    """Put the versions below one another; a field that an older version lacks is null."""
    table = pa.concat_tables([part.decoded.table for _, part in parts], promote_options="default")
    missing = [field for field in newest.fields if field.name not in table.column_names]
    for field in missing:
        table = table.append_column(field.name, pa.nulls(table.num_rows, arrow_type(field)))
    number = pa.array(np.concatenate([numbers for numbers, _ in parts]).astype(np.int32))
    place = np.concatenate([part.place[part.decoded.rows] for _, part in parts])
    return Batch(
        contract=newest,
        table=table.combine_chunks(),
        subject=pa.concat_arrays([part.decoded.subjects for _, part in parts]),
        tenant=pa.array([pack.header.tenant for pack in packs], pa.string()).take(number),
        pack=pa.DictionaryArray.from_arrays(
            number, pa.array([pack.header.pack_id for pack in packs], pa.string())
        ),
        index=pa.array(place.astype(np.int32)),
    )
