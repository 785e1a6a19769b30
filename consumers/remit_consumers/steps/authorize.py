"""Authorize: under which version of the policy, and for which purposes, may these events be stored."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from remit_consumers.batch import Batch, Split
from remit_consumers.consent.found import Codes, Found
from remit_consumers.consent.ledger import Ledger
from remit_consumers.consent.standing import WITHOUT_GROUND
from remit_consumers.plans import Plans
from remit_schemas.category import Decision
from remit_schemas.contract import CONSENT_CHANGE
from remit_schemas.decided import Outcome
from remit_schemas.plan import Plan

MINOR_WITHOUT_GROUND = "minor_without_ground"
"""Why an event of a minor is refused whose data may not be collected."""

UNKNOWN_VERSION = "unknown_version"
"""Why an event is refused whose subject accepted a policy version that is not on record."""


def authorize(ledger: Ledger, plans: Plans) -> Split:
    """Make the step that parts a batch by what is on record of the subjects, and decides each part's outcome.

    What somebody says of their consent is heard from everybody, under the version in force. For all else: first who is a
    minor, then which version each accepted, then what they agreed to under it. Events of which nothing
    may be stored are refused.

    Source: policy 2021-11-01, clauses S014, S016, S017, S089, S113, S117.
    """

    def step(batch: Batch, plan: Plan) -> Sequence[tuple[Batch, Plan]]:
        found = ledger.find(batch)
        if plan.contract == CONSENT_CHANGE:
            groups: Iterable[_Group] = [_Group(batch, plan, np.arange(batch.events), None)]
        else:
            groups = _governed(batch, plan, found, found.minors(plan.minors), plans)
        return [part for group in groups for part in group.decided(found, plans)]

    return step


@dataclass(frozen=True, slots=True)
class _Group:
    """Events that one plan governs, or that are refused for one reason.

    Attributes:
        batch: All events that came.
        plan: The plan.
        places: Which of the events.
        minors: What `Found.minors` gave.
        refused: Why they are refused; empty where they are not.
    """

    batch: Batch
    plan: Plan
    places: Codes
    minors: Codes | None
    refused: str = ""

    def decided(self, found: Found, plans: Plans) -> Iterator[tuple[Batch, Plan]]:
        """Part the events by what their subjects granted."""
        if self.refused:
            left_out = self.batch.at(self.places)
            yield left_out.without_rows(self.plan.outcome(), self.refused), self.plan
            return
        purposes = sorted(self.plan.optional_purposes)
        covering = plans.covering(self.plan.policy_version)
        never = frozenset(self.plan.minors.never) if self.plan.minors else frozenset()
        bits = found.granted(purposes, covering, never, self.minors) if purposes else None
        if bits is None or not len(self.places):
            yield _decided(self.batch.at(self.places), self.plan, frozenset()), self.plan
            return
        mine = bits[self.places]
        for mask in np.unique(mine).tolist():
            granted = frozenset(name for n, name in enumerate(purposes) if mask >> n & 1)
            rows = self.batch.at(self.places[mine == mask])
            yield _decided(rows, self.plan, granted), self.plan


def _governed(
    batch: Batch, plan: Plan, found: Found, minors: Codes | None, plans: Plans
) -> Iterator[_Group]:
    """Part a batch by who is refused and by which plan governs the others; without any event it stays one."""
    everybody = np.arange(batch.events)
    refused = np.zeros(batch.events, bool) if minors is None else minors == WITHOUT_GROUND
    if refused.any():
        yield _Group(batch, plan, everybody[refused], minors, MINOR_WITHOUT_GROUND)
        everybody = everybody[~refused]
        if not len(everybody):
            return
    codes, versions = found.accepted()
    if not versions or {plan.policy_version} == set(versions) or not len(everybody):
        yield _Group(batch, plan, everybody, minors)
        return
    by_version: dict[str | None, list[int]] = {}
    for code in np.unique(codes[everybody]).tolist():
        version = (
            plan.policy_version
            if code < 0
            else plans.governing(versions[code], plan.policy_version)
        )
        by_version.setdefault(version, []).append(code)
    for version, mine in by_version.items():
        places = everybody[np.isin(codes[everybody], mine)]
        if version is None:
            yield _Group(batch, plan, places, minors, UNKNOWN_VERSION)
        else:
            governing = (
                plan if version == plan.policy_version else plans.plan(plan.contract, version)
            )
            yield _Group(batch, governing, places, minors)


def _decided(batch: Batch, plan: Plan, granted: frozenset[str]) -> Batch:
    """Decide for one set of granted purposes; refuse the events where nothing of them may be stored."""
    outcome = plan.outcome(granted, batch.spare)
    if _stores(outcome):
        return replace(batch, outcome=outcome, granted=granted)
    reason = "no_consent" if plan.optional_purposes else "no_rule"
    return replace(batch.without_rows(outcome, reason), granted=granted)


def _stores(outcome: Outcome) -> bool:
    """Whether anything of an event is stored."""
    return any(field.decision is not Decision.REFUSE for field in outcome.fields.values())
