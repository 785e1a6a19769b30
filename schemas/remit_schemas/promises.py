"""What the engine keeps by itself, whatever a policy says: a closed list, so that sentences can rest on it.

A rule speaks of a field. That a refusal changes nothing else, or that nothing is lost, is said of no field: code keeps
it, tests hold it, and no policy can turn it off. A policy only says which of its sentences rest on it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, ClassVar, Final

from pydantic import Field

from remit_schemas.policy_file import Place, Written, nearest
from remit_schemas.rule import Clause, Text


@dataclass(frozen=True, slots=True)
class Promise:
    """One thing that the engine keeps.

    Attributes:
        meaning: What it is, for a person who is no engineer.
        shown_by: The metrics, and the lines of report and proof, that show it; see `remit_schemas.evidence`.
    """

    meaning: str
    shown_by: tuple[str, ...]


PROMISES: Final[Mapping[str, Promise]] = MappingProxyType(
    {
        "version_in_force": Promise(
            "Each row says under which version of the policy it was collected.",
            ("report: policy_versions",),
        ),
        "widening_asks": Promise(
            "A version that widens anything governs nobody who accepted an older one, until they accept it expressly.",
            ("report: policy_versions",),
        ),
        "notice_recorded": Promise(
            "What a version widens is told to whoever shows notices, and who was told by which channel is on record.",
            ("report: notices",),
        ),
        "profile_decides": Promise(
            "What is collected of a tenant's people follows from its edition, its modules and their consents, and from nothing else.",
            (
                'remit_refused_total{reason="not_subscribed"}',
                'remit_refused_total{reason="unknown_tenant"}',
            ),
        ),
        "function_told": Promise(
            "Whoever does not give what a function needs, or does not have it, is told which one and by which sentence.",
            (
                'remit_refused_total{reason="incomplete"}',
                'remit_refused_total{reason="not_subscribed"}',
            ),
        ),
        "campaign_is_live": Promise(
            "What a campaign asks for is taken of who takes part in it, and while it runs.",
            ('remit_refused_total{reason="no_campaign"}',),
        ),
        "reads_bound": Promise(
            "Who reads for a purpose sees what that purpose may, under names of its own, and each read is on record.",
            ("report: reads",),
        ),
        "minors_erased": Promise(
            "What was stored of somebody who turns out to be a minor without a ground is erased at once.",
            ("remit_minor_erasure_seconds", "report: removals"),
        ),
        "sealed_until_minimized": Promise(
            "Nothing lies in plain anywhere before it is minimized, and what nobody minimized in time becomes unreadable.",
            ("verify: residue", "remit_expired_total"),
        ),
        "platform_stated": Promise(
            "A page view is stored as of web, desktop or mobile; whatever else it says it is of becomes other.",
            ('remit_values_total{category="user.device.x_software"}', "report: categories"),
        ),
        "known_sources": Promise(
            "Who has no write key, or sends from elsewhere than its origins, is not heard.",
            ("remit_edge_requests_total{room,status}",),
        ),
        "purposes_stated": Promise(
            "Each purpose is of the closed list, and either needed or asked for; no value is stored without one.",
            ("report: purposes", "remit_values_total{purposes}"),
        ),
        "held_until_agreed": Promise(
            "What an app holds until somebody agrees lies nowhere but in memory, and goes if nobody does.",
            ('remit_refused_total{reason="held"}', "report: reasons"),
        ),
        "refusal_changes_nothing_else": Promise(
            "Whoever refuses anything optional is collected what is needed exactly as before, and nothing more.",
            ("report: consents", 'remit_events_total{outcome="stored"}'),
        ),
        "undeclared_refused": Promise(
            "What no contract declares and no rule names is refused and counted.",
            ('remit_refused_total{reason="no_rule"}', 'remit_refused_total{reason="does_not_fit"}'),
        ),
        "text_scrubbed": Promise(
            "What people wrote is stored only after contacts, addresses, numbers and secrets in it are replaced.",
            ("report: reducers.free_text", "verify: residue"),
        ),
        "consent_can_be_changed": Promise(
            "Each answer can be given, refused and withdrawn at any time, by the subject or by support for them.",
            ("report: consents",),
        ),
        "required_stays": Promise(
            "What rests on contract or law is not asked for, and cannot be refused like an option.",
            ("report: purposes",),
        ),
        "withdrawal_stops": Promise(
            "From a withdrawal on, nothing that was not committed before is stored for its purpose, whatever its time.",
            ("report: consents", 'remit_values_total{decision="refuse"}'),
        ),
        "backups_end": Promise(
            "A backup of the vault is unreadable everywhere after 14 days; what it has of somebody erased is beyond use till then, and told.",
            ("remit_beyond_use_days",),
        ),
        "erased_stays_erased": Promise(
            "A lake that was put back from before an erasure is read by nobody until the erasure is applied to it.",
            ("verify: erased",),
        ),
        "purpose_ends": Promise(
            "Where a policy names what shows that a purpose is over, that event alone ends what was kept for it.",
            ("report: removals", "remit_retention_overdue_rows{category}"),
        ),
        "swept_in_time": Promise(
            "What is over its time is deleted or made anonymous within hours, with proof; nothing goes before.",
            ("remit_retention_overdue_rows{category}", "report: removals", "verify: rows"),
        ),
        "longer_by_consent": Promise(
            "Longer than the rules say, data is kept only while its subject consents to that; a withdrawal ends it.",
            ("report: consents", "report: removals"),
        ),
        "held_on_order": Promise(
            "What a legal hold lies on stays as it is; the hold has a ground, an owner and an end.",
            ("report: removals", "remit_retention_overdue_rows{category}"),
        ),
        "erased_everywhere": Promise(
            "An erasure takes all of somebody, or what they name of it, from everywhere, and a signed certificate proves it.",
            ("report: removals", "verify: erased", "verify: certificates"),
        ),
        "closed_until_agreed": Promise(
            "Of an account that was closed nothing is taken any more, until its owner agrees anew.",
            ('remit_refused_total{reason="suppressed"}',),
        ),
        "recipients_told": Promise(
            "Whoever got something of somebody who was erased, or may have sent it, is told, again and again, until they answer.",
            (
                "remit_notices{kind,state}",
                "remit_notices_sent_total{outcome}",
                "verify: certificates",
            ),
        ),
        "chained": Promise(
            "Receipts are chained to the rows they speak of, so that no change goes unseen.",
            ("verify: chain", "verify: rows"),
        ),
        "requests_have_grounds": Promise(
            "A deletion is asked for on one of the grounds that the policy names, and which one is counted.",
            ("report: requests.grounds",),
        ),
        "rights_for_all": Promise(
            "Every right that the policy names is open to everybody; under whose law they asked is counted.",
            ("report: requests.jurisdictions",),
        ),
        "requests_are_free": Promise(
            "A request costs nothing; remit marks repeated ones and takes them like any other.",
            ("report: requests.repeats",),
        ),
        "nothing_lost": Promise(
            "What was accepted is stored once, through crashes and outages, or counted as what became of it.",
            (
                "verify: conservation",
                "verify: sequences",
                "remit_conservation_gap",
                "remit_producer_gaps_total",
            ),
        ),
        "listed_recipients_only": Promise(
            "Nobody gets anything who is not named with role, case and purposes, or whose time is up; who asks all the same is counted.",
            ("report: disclosures",),
        ),
        "shared_within_need": Promise(
            "What leaves is the fields that its recipient lists, under names of its own, in no order, each row one of a crowd.",
            ("report: disclosures", "remit_disclosures_total{recipient,category}"),
        ),
        "shared_by_consent": Promise(
            "What waits for a consent leaves only of those whose consent stands then, under a version that named this use.",
            ("report: disclosures",),
        ),
        "shared_by_order": Promise(
            "What a law, a dispute or a danger asks for leaves with the reference of an order and the name of who approved it.",
            ("report: disclosures",),
        ),
        "figures_only": Promise(
            "Partners for advertising and research get figures of ten subjects at least; nothing else can be written for them.",
            ('remit_pii_egress_total{class="advertising_analytics"}',),
        ),
        "transfer_verifiable": Promise(
            "Whoever takes over gets policy, tags, consents and receipts in one bundle that proves itself.",
            ("report: disclosures",),
        ),
    }
)
"""Every promise by its name."""


class PromiseTerms(Written):
    """Which sentences rest on a promise.

    Attributes:
        clauses: Those sentences, or parts of them.
        reason: Why they are read so.
    """

    part: ClassVar[str] = "a promise"

    clauses: Annotated[tuple[Clause, ...], Field(min_length=1)]
    reason: Text

    def _mistakes(self) -> Iterator[tuple[Place, str]]:
        if len(set(self.clauses)) != len(self.clauses):
            yield ("clauses",), '"clauses" names one twice'


def mistakes_of_promises(promises: Mapping[str, PromiseTerms]) -> Iterator[tuple[Place, str]]:
    """Find what the engine does not promise; each with its place in the file."""
    for name in promises:
        if name not in PROMISES:
            yield ("promises", name), f'unknown promise "{name}"{nearest(name, PROMISES)}'


def cited_by_promises(promises: Mapping[str, PromiseTerms]) -> Iterator[tuple[Place, str]]:
    """List every clause that rests on a promise, with the place that says so."""
    for name, terms in promises.items():
        for number, clause in enumerate(terms.clauses):
            yield ("promises", name, "clauses", number), clause
