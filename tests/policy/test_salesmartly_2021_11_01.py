"""The shipped policy against its text: every sentence is registered, every rule rests on one.

The text is not part of this repository. Where REMIT_POLICY_TEXT names the file, it is checked word by word;
without it, the register is held against its own structure and against a hash of its hashes. The last lines of a run say
which of the two it was.
"""

import hashlib
import os
from datetime import timedelta
from pathlib import Path

import pytest

from kit.parts import RealParts
from remit_schemas.category import Basis, Decision, Necessity
from remit_schemas.clauses import Clauses, Kind
from remit_schemas.contract import builtin
from remit_schemas.plan import (
    Plan,
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import Policy, builtin_clauses, builtin_policy

NAME, VERSION = "salesmartly", "2021-11-01"
SENTENCES = 122
CHARACTERS = 21_714  # of the whole text, each run of white space made one space
HASH_OF_HASHES = "a11ffc58b5b06c315f383222a570b11fffa8f18d8b421b4bc789fdfeee372302"  # SHA-256 over all 122, as hex, a line each
TEXT_VARIABLE = "REMIT_POLICY_TEXT"


def _time(precision: str) -> dict[str, object]:
    """Give the parameters of a time that does not decay and is as fine for every purpose."""
    return {"precision": precision, "by_purpose": (), "decay": ()}


@pytest.fixture(scope="module")
def policy() -> Policy:
    return builtin_policy(NAME, VERSION)


@pytest.fixture(scope="module")
def clauses() -> Clauses:
    found = builtin_clauses(NAME, VERSION)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def plans(policy: Policy) -> list[Plan]:
    return [compile(contract, policy) for contract in builtin()]


def test_every_sentence_of_the_text_is_registered(policy: Policy, clauses: Clauses) -> None:
    assert len(clauses.sentences) == SENTENCES == policy.document.sentences
    lengths = [sentence.characters for sentence in clauses.sentences.values()]
    assert sum(lengths) + SENTENCES - 1 == CHARACTERS
    hashes = "".join(f"{sentence.sha256}\n" for sentence in clauses.sentences.values())
    assert hashlib.sha256(hashes.encode()).hexdigest() == HASH_OF_HASHES


def test_the_register_and_the_policy_are_of_the_text(
    policy: Policy, clauses: Clauses, real_parts: RealParts
) -> None:
    assert clauses.document_sha256 == policy.document.sha256
    name = os.environ.get(TEXT_VARIABLE)
    if name is None:
        how = f"its hashes against a hash of their own; {TEXT_VARIABLE} names no file"
    else:
        how = f"word by word, as {TEXT_VARIABLE} says"
        data = Path(name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == policy.document.sha256
        assert clauses.differing(data.decode()) == []
    real_parts.ran("the policy's sentences", how)


def test_no_two_sentences_are_registered_as_one(clauses: Clauses) -> None:
    assert len({sentence.sha256 for sentence in clauses.sentences.values()}) == SENTENCES
    summaries = [sentence.summary for sentence in clauses.sentences.values()]
    assert len(set(summaries)) == SENTENCES


def test_parts_are_lettered_without_gaps_and_say_different_things(clauses: Clauses) -> None:
    for sentence in clauses.sentences.values():
        letters = "".join(sentence.parts)
        assert letters == "abcdefghijklm"[: len(letters)]
        assert len(letters) != 1
        assert len({part.summary for part in sentence.parts.values()}) == len(letters)
        assert {kind for part in sentence.parts.values() for kind in part.kinds} <= set(
            sentence.kinds
        )


def test_every_cited_sentence_exists(policy: Policy, clauses: Clauses) -> None:
    cited = [
        *(terms.clause for terms in policy.purposes.values()),
        *(prohibition.clause for prohibition in policy.prohibited.values()),
        *(rule.clause for rule in policy.rules),
        *(floor.clause for floor in policy.floors),
        *(signal.clause for signal in policy.signals.values()),
        *(alternatives.clause for alternatives in policy.alternatives),
    ]
    assert all(clauses.has(clause) for clause in cited)
    assert all(Kind.INFORMATION not in clauses.sentences[clause[:4]].kinds for clause in cited)


ABOUT = {
    "consent_change": {Kind.CONSENT, Kind.MINORS, Kind.VERSION},
    "account_change": {Kind.COLLECTION, Kind.NECESSITY},
    "identity_check": {Kind.PURPOSE, Kind.NECESSITY, Kind.CONSENT},
    "campaign_entry": {Kind.COLLECTION, Kind.PURPOSE},
    "store_change": {Kind.COLLECTION, Kind.PURPOSE},
    "support_contact": {Kind.COLLECTION, Kind.PURPOSE},
    "automated_decision": {Kind.PURPOSE, Kind.RIGHT},
    "rights_request": {Kind.RIGHT},
}
"""What the sentences are about that the rules of a contract rest on; where nothing stands, it is collecting."""


def test_every_rule_rests_on_a_sentence_about_what_its_contract_is_for(
    policy: Policy, clauses: Clauses
) -> None:
    for rule in policy.rules:
        kinds = clauses.sentences[rule.clause[:4]].kinds
        about = ABOUT.get(rule.event, {Kind.COLLECTION})
        assert (about | {Kind.RETENTION}) & set(kinds), rule.subject_matter


def test_every_number_of_the_policy_has_its_reason(policy: Policy) -> None:
    for rule in policy.rules:
        if rule.keep_for is None:  # refused: it has no number
            continue
        days = f"{rule.keep_for.days:,}"
        assert days in rule.reason or "As long as the row" in rule.reason, rule.subject_matter


@pytest.mark.clause("S025")
def test_every_field_of_every_contract_has_a_rule(plans: list[Plan]) -> None:
    assert [
        f"{plan.contract}.{f.field}" for plan in plans for f in plan.fields.values() if not f.clause
    ] == []


@pytest.mark.clause("S013")
def test_everything_collected_is_required_by_contract_or_law_or_asked_for(policy: Policy) -> None:
    grounds = {(terms.necessity, terms.basis) for terms in policy.purposes.values()}
    assert grounds == {
        (Necessity.REQUIRED, Basis.CONTRACT),
        (Necessity.REQUIRED, Basis.LEGAL_OBLIGATION),
        (Necessity.OPTIONAL, Basis.CONSENT),
    }


@pytest.mark.clause("S049", "S054a")
def test_nobody_is_given_anything_but_who_is_described_as_a_recipient(
    policy: Policy, plans: list[Plan]
) -> None:
    given = {
        (name, plan.contract, field.field)
        for plan in plans
        for field in plan.fields.values()
        for name in field.recipients
    }
    listed = {
        (name, event, field)
        for name, one in policy.recipients.items()
        for event, fields in one.fields.items()
        for field in fields
    }
    assert given == listed


@pytest.mark.clause("S026a", "S107b")
def test_text_that_people_wrote_is_scrubbed_and_goes_within_a_week(plans: list[Plan]) -> None:
    rows = [plan for plan in plans if any(f.reducer == "free_text" for f in plan.fields.values())]
    assert [plan.contract for plan in rows] == ["service_log", "survey_answer"]
    assert all(plan.outcome().keep_for <= timedelta(days=7) for plan in rows)


@pytest.mark.clause("S105a", "S107b")
def test_no_row_is_kept_beyond_thirty_days_but_what_somebody_can_be_held_to(
    plans: list[Plan],
) -> None:
    kept = {plan.contract: plan.outcome(plan.optional_purposes).keep_for for plan in plans}
    for proof in ("automated_decision", "consent_change", "rights_request"):
        assert kept.pop(proof) == timedelta(days=1095)
    assert max(kept.values()) == timedelta(days=30)


def test_only_the_services_own_figures_are_stored_as_they_came(plans: list[Plan]) -> None:
    kept = {
        f"{p.contract}.{f.field}"
        for p in plans
        for f in p.fields.values()
        if f.decision is Decision.KEEP
    }
    assert kept == {
        "automated_decision.human_review",
        "identity_check.verified",
        "page_view.duration_ms",
        "page_view.status",
        "support_contact.duration_s",
        "support_contact.membership_verified",
        "survey_answer.score",
    }


@pytest.mark.clause("S025a", "S025b", "S025c", "S025d", "S025e", "S025g", "S026a", "S026b", "S105a")
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("page_view.ip", ("ip", {"v4_bits": 24, "v6_bits": 48}, "S025a")),
        ("page_view.user_agent", ("user_agent", {}, "S025b")),
        ("page_view.language", ("language", {}, "S025c")),
        ("page_view.occurred_at", ("timestamp", _time("minute"), "S025d")),
        ("page_view.collected_at", ("timestamp", _time("day"), "S105a")),
        ("page_view.page", ("page", {"allow": (), "routes": ()}, "S025g")),
        ("page_view.referrer", ("referrer", {"own": ()}, "S025g")),
        ("page_view.hardware", ("hardware", {}, "S025e")),
        ("page_view.screen", ("screen", {}, "S025e")),
        ("service_log.occurred_at", ("timestamp", _time("second"), "S025d")),
        ("service_log.message", ("free_text", {"chars_max": 4096}, "S026a")),
        ("service_log.ip", ("ip", {"v4_bits": 24, "v6_bits": 48}, "S025a")),
        ("operational_log.occurred_at", ("timestamp", _time("second"), "S025d")),
        ("operational_log.operation", ("identifier", {}, "S026b")),
        ("operational_log.target", ("page", {"allow": (), "routes": ()}, "S026b")),
        ("operational_log.ip", ("ip", {"v4_bits": 24, "v6_bits": 48}, "S025a")),
    ],
)
def test_what_the_policy_makes_of_a_field(
    policy: Policy, field: str, expected: tuple[str, dict[str, object], str]
) -> None:
    contract, _, name = field.partition(".")
    plan = compile(builtin().by_name(contract), policy).fields[name]
    assert (plan.reducer, dict(plan.parameters), plan.clause) == expected


@pytest.mark.clause("S025h", "S028b", "S038", "S041", "S045a")
@pytest.mark.parametrize(
    "category",
    ["user.biometric", "user.financial.credit_card", "user.content.private", "user.payment", "user.device.device_id"],
)  # fmt: skip
def test_what_must_never_be_collected_is_prohibited(policy: Policy, category: str) -> None:
    assert policy.prohibition_of(category) is not None
    assert policy.prohibition_of(f"{category}.x_anything") is not None
