"""Every flow of the policy, from `emit` to the lake: what is stored is what the policy says, and no canary stands anywhere."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from kit.installation import Installation

EMITTING = """
import json, sys
from remit import *
import remit
client = Client("flows")
OPTIONAL = ["analytics.reporting", "functional.service.improve", "personalize", "marketing", "marketing.communications"]
assert client.consent("with", given=OPTIONAL)
assert client.consent("without", refused=OPTIONAL)
for line in sys.stdin:
    name, subject, values = json.loads(line)
    answer = client.emit(getattr(remit, name)(**values), subject=subject)
    print(json.dumps([bool(answer), getattr(answer, "reason", None), getattr(answer, "clause", None)]), flush=True)
sys.exit(0 if client.flush(120) and client.close(10) else 1)
"""

PHONE, MAIL, NAME = "+49 151 23456789", "ada.corben@mail.example.org", "adacorben"
CARD, PROOF, WORDS = "4111111111111111", "L01X00T471", "wrongshadeofturquoise"
STREET, SHOP, TICKET = "Kanarienweg 77", "https://adas-birds.example", "case-20211101-77"
CANARIES = (PHONE, MAIL, NAME, CARD, PROOF, WORDS, STREET, SHOP, TICKET)

Values = Mapping[str, object]
FLOWS: Sequence[tuple[str, Values]] = (
    ("AccountChange", {"change": "created", "outcome": "done", "phone": PHONE, "email": MAIL}),
    ("ProfileChange", {"nickname": NAME, "phone": PHONE, "email": MAIL, "address": STREET}),
    ("IdentityCheck", {"verified": True, "method": "face", "ground": "telecom_fraud"}),
    (
        "CampaignEntry",
        {"campaign": "spring_sale", "step": "entered", "name": NAME, "phone": PHONE, "email": MAIL},
    ),
    (
        "StoreChange",
        {"change": "connected", "kind": "independent_site", "name": NAME, "address": SHOP},
    ),
    ("Payment", {"method": "alipay", "progress": "paid", "source": "provider"}),
    (
        "SupportContact",
        {
            "channel": "chat",
            "duration_s": 301,
            "outcome": "solved",
            "membership_verified": True,
            "ticket": TICKET,
        },
    ),
    (
        "SurveyAnswer",
        {"survey": "after_setup", "question": "ease", "score": 4, "answer": f"mail me: {MAIL}"},
    ),
    (
        "AutomatedDecision",
        {
            "decision": "order.risk",
            "outcome": "denied",
            "fields_used": f"payment.progress, page_view.ip, {MAIL}",
            "human_review": False,
        },
    ),
    (
        "RightsRequest",
        {"right": "delete", "requester": "guardian", "channel": "support", "state": "received"},
    ),
)
PROHIBITED: Sequence[tuple[str, Values, str]] = (
    ("ProfileChange", {"picture": WORDS}, "S028b"),
    ("IdentityCheck", {"verified": True, "face_image": WORDS}, "S028b"),
    ("IdentityCheck", {"verified": True, "document_number": PROOF}, "S028a"),
    ("Payment", {"method": "alipay", "member_name": NAME}, "S038"),
    ("Payment", {"method": "alipay", "account_number": MAIL}, "S038"),
    ("Payment", {"method": "bank_card", "card_number": CARD}, "S041"),
    ("Payment", {"method": "bank_card", "card_expiry": "11/29"}, "S041"),
    ("SupportContact", {"channel": "chat", "content": WORDS}, "S045a"),
    ("SupportContact", {"channel": "phone", "recording": SHOP}, "S045a"),
    ("RightsRequest", {"right": "delete", "proof": PROOF}, "S028a"),
)
INCOMPLETE: Sequence[tuple[str, Values, str]] = (
    ("AccountChange", {"change": "created"}, "S023a"),
    ("AccountChange", {"change": "created", "phone": "", "email": ""}, "S023a"),
    ("IdentityCheck", {"verified": True, "method": "document"}, "S028a"),
)
ALONE = ("AccountChange", {"change": "created", "outcome": "done", "email": MAIL})
OWN = {"pack", "index", "subject", "tenant", "policy_version", "tagset", "keep_until", "day"}


class Flowed:
    """What came of all of it."""

    def __init__(self, installed: Installation) -> None:
        self.installed = installed
        installed.prepare()
        days = ("--from", "2026-01-01", "--until", "2099-12-31")
        installed.remit("campaigns", "open", "spring_sale", *days)
        events: list[tuple[str, str, Values]] = [
            (name, who, values) for who in ("with", "without") for name, values in FLOWS
        ]
        events.append((ALONE[0], "without", ALONE[1]))
        events += [(name, "with", values) for name, values, _ in PROHIBITED]
        events += [(name, "with", values) for name, values, _ in INCOMPLETE]
        process = installed.program(EMITTING)
        said, problems = process.communicate("".join(f"{json.dumps(one)}\n" for one in events), 120)
        assert process.returncode == 0, problems[-2000:]
        answers = [json.loads(line) for line in said.splitlines()]
        self.taken, rest = answers[: 2 * len(FLOWS) + 1], answers[2 * len(FLOWS) + 1 :]
        self.prohibited, self.incomplete = rest[: len(PROHIBITED)], rest[len(PROHIBITED) :]
        installed.settle()

    def rows(self, contract: str) -> list[dict[str, object]]:
        """What the lake holds of a contract, without the columns of every row and the time."""
        found: list[dict[str, object]] = self.installed.rows(contract).to_pylist()
        without = OWN | {"occurred_at"}
        return [{key: value for key, value in row.items() if key not in without} for row in found]

    def reasons(self, contract: str) -> Mapping[str, int]:
        """Why events of a contract were refused, as the report says."""
        reasons = self.installed.facts("report")["reasons"]
        assert isinstance(reasons, dict)
        found: Mapping[str, int] = reasons[contract]
        return found


@pytest.fixture(scope="module")
def flowed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flowed]:
    folder: Path = tmp_path_factory.mktemp("flows")
    installed = Installation(folder)
    yield Flowed(installed)
    installed.end_all()


@pytest.mark.clause("S023a", "S023b", "S024")
def test_of_an_account_that_a_contact_was_given_is_stored_and_a_second_one_only_with_consent(
    flowed: Flowed,
) -> None:
    rows = flowed.rows("account_change")
    both = [row["email_given"] for row in rows if row["phone_given"]]
    assert (len(both), both.count(True), both.count(None)) == (2, 1, 1)
    assert [row for row in rows if row["phone_given"] is None] == [
        {"change": "created", "outcome": "done", "phone_given": None, "email_given": True}
    ]


@pytest.mark.clause("S023a", "S028a")
def test_an_account_without_a_contact_and_a_check_without_a_ground_are_refused_at_the_call(
    flowed: Flowed,
) -> None:
    assert flowed.incomplete == [[False, "incomplete", clause] for *_, clause in INCOMPLETE]
    assert flowed.reasons("account_change") == {"refused.incomplete": 2}
    assert flowed.reasons("identity_check")["refused.incomplete"] == 1


@pytest.mark.clause("S030", "S031", "S033a", "S034a", "S035b", "S036", "S047b")
def test_what_is_optional_is_stored_with_consent_and_refused_without_it_while_all_else_goes_on(
    flowed: Flowed,
) -> None:
    optional = {"ProfileChange", "CampaignEntry", "StoreChange", "SurveyAnswer"}
    names = [name for name, _ in FLOWS]
    answers = zip([*names, *names], flowed.taken[:-1], strict=True)
    told = [(name, is_taken, why) for name, (is_taken, why, _) in answers]
    assert told[: len(names)] == [(name, True, None) for name in names]
    assert told[len(names) :] == [
        (name, name not in optional, "no_consent" if name in optional else None) for name in names
    ]


@pytest.mark.clause("S030", "S033a", "S033b", "S035a", "S035b", "S047b")
def test_of_what_is_optional_no_value_is_left_that_names_anybody(flowed: Flowed) -> None:
    assert flowed.rows("profile_change") == [
        dict.fromkeys(("nickname_given", "phone_given", "email_given", "address_given"), True)
    ]
    assert flowed.rows("campaign_entry") == [
        {
            "campaign": "spring_sale",
            "step": "entered",
            "name_given": True,
            "phone_given": True,
            "email_given": True,
        }
    ]
    assert flowed.rows("store_change") == [
        {
            "change": "connected",
            "kind": "independent_site",
            "name_given": True,
            "address_given": True,
        }
    ]
    assert flowed.rows("survey_answer") == [
        {"survey": "after_setup", "question": "ease", "score": 4, "answer": "mail me: <email>"}
    ]


@pytest.mark.clause("S027", "S028a", "S042", "S044", "S045a", "S045c", "S097", "S100a", "S101")
def test_what_is_required_is_stored_with_and_without_consent_alike(flowed: Flowed) -> None:
    decision = {"decision": "order.risk", "outcome": "denied", "human_review": False}
    expected = {
        "identity_check": {"verified": True, "method": "face", "ground": "telecom_fraud"},
        "payment": {"method": "alipay", "progress": "paid", "source": "provider"},
        "support_contact": {
            "channel": "chat",
            "duration_s": 301,
            "outcome": "solved",
            "membership_verified": True,
            "ticket_given": True,
        },
        "automated_decision": decision | {"fields_used": "page_view.ip payment.progress"},
        "rights_request": {
            "right": "delete",
            "requester": "guardian",
            "channel": "support",
            "state": "received",
            "denial": None,
        },
    }
    assert {name: flowed.rows(name) for name in expected} == {
        name: [row, row] for name, row in expected.items()
    }


@pytest.mark.clause("S028b", "S038", "S039", "S040", "S041", "S045a")
def test_what_is_prohibited_is_refused_at_the_call_with_its_clause_and_counted(
    flowed: Flowed,
) -> None:
    assert flowed.prohibited == [[False, "prohibited", clause] for *_, clause in PROHIBITED]
    counted = {"payment": 4, "support_contact": 2, "rights_request": 1}
    assert {name: flowed.reasons(name) for name in counted} == {
        name: {"refused.prohibited": events} for name, events in counted.items()
    }
    assert flowed.reasons("identity_check")["refused.prohibited"] == 2


@pytest.mark.clause("S045b", "S105b")
def test_no_canary_stands_anywhere_and_every_event_is_accounted_for(flowed: Flowed) -> None:
    found = flowed.installed.checks("--canaries", "-", stdin="\n".join(CANARIES) + "\n")
    assert {name: check["detail"] for name, check in found.items() if not check["holds"]} == {}
