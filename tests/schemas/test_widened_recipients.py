"""What a version gives recipients more than the one before, and what less."""

from collections.abc import Mapping

import pytest

from kit.policies import IMPROVE, OPERATE, REPORT
from kit.sharing import policy_with, recipient
from remit_schemas.change import Change, ChangeKind
from remit_schemas.contract import builtin
from remit_schemas.diff import diff
from remit_schemas.recipients import CELL_MIN
from remit_schemas.widened_recipients import is_comparable, looser_recipients

CONTRACTS = builtin()
REACH = {"reach": {"event": "page_view", "by": ["platform"]}}
VENDOR = {"role": "vendor", "case": "contract"}
ADS = {"role": "advertising_analytics", "fields": None}


def changed(old: Mapping[str, object], new: Mapping[str, object]) -> list[Change]:
    """What one version gives more than the other, to one recipient."""
    before = policy_with(acme=recipient(**old), other=recipient())
    after = policy_with("2026-01-01", acme=recipient(**new), other=recipient())
    return list(looser_recipients(before, after))


@pytest.mark.clause("S054c", "S060", "S070", "S113")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ({}, {"purposes": [OPERATE, REPORT]}, f"purposes: uses it for {REPORT}, and did not"),
        (
            {"fields": {"page_view": ["page"]}},
            {"fields": {"page_view": ["page", "status"]}},
            "fields: gets page_view.status, and did not",
        ),
        ({"expires_on": "2026-03-01"}, {"expires_on": "2026-06-01"}, "expires_on: was until"),
        ({"expires_on": "2026-03-01"}, {}, "expires_on: was until 2026-03-01, is without end"),
        ({}, {"sub_recipients": ["other"]}, "sub_recipients: may hand it on to other"),
        ({}, {"subjects_min": 10}, "subjects_min: was in a crowd of 20 subjects, is in one of 10"),
        ({}, {"subject": "stable"}, "subject: names of subjects were daily, are stable"),
        (VENDOR, VENDOR | {"exact": True}, "exact: goes out as it is stored, and did not"),
        ({"consent": IMPROVE}, {}, f"consent: was by consent to {IMPROVE}, is by none"),
        (ADS | {"measures": {}}, ADS | {"measures": REACH}, "measures: gets reach, and did not"),
        (
            ADS | {"measures": {"reach": {"event": "page_view"}}},
            ADS | {"measures": REACH},
            "measures: reach tells more than before",
        ),
        (
            ADS | {"measures": REACH},
            ADS | {"measures": REACH, "subjects_min": CELL_MIN},
            f"subjects_min: was in a crowd of 20 subjects, is in one of {CELL_MIN}",
        ),
    ],
)
def test_what_a_recipient_gets_more_is_wider_and_the_other_way_round_is_not(
    old: Mapping[str, object], new: Mapping[str, object], words: str
) -> None:
    found = changed(old, new)
    assert {one.kind for one in found} == {ChangeKind.SHARED}
    assert any(one.text.startswith(f"recipients.acme.{words}") for one in found)
    assert not changed(new, old)


@pytest.mark.clause("S113")
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (VENDOR, {"role": "processor"}, ["recipients.acme.role: was vendor, is processor"]),
        (
            VENDOR,
            VENDOR | {"case": "entrusted"},
            ["recipients.acme.case: was contract, is entrusted"],
        ),
    ],
)
def test_another_role_or_case_is_wider_either_way(
    old: Mapping[str, object], new: Mapping[str, object], words: list[str]
) -> None:
    found = changed(old, new)
    assert set(words) <= {one.text for one in found}
    assert changed(new, old)
    assert not any(map(is_comparable, (one for one in found if one.text in words)))


def test_who_newly_gets_something_is_named_and_who_gets_nothing_is_no_news() -> None:
    before = policy_with(other=recipient())
    after = policy_with(
        "2026-01-01", acme=recipient(), none=recipient(fields=None), other=recipient()
    )
    found = diff(before, after, CONTRACTS)
    assert found.recipients == ("acme",)
    (new,) = [one for one in found.widened if one.where == "recipients.acme"]
    assert "page_view.user_agent" in new.words
    assert not [one for one in found.widened if "none" in one.where]
    back = diff(after, before, CONTRACTS)
    assert back.recipients_dropped == ("acme",)
    assert not back.widened


def test_more_and_less_stand_apart_and_another_role_is_not_told_for_less() -> None:
    before = policy_with(acme=recipient(purposes=[OPERATE, REPORT], **VENDOR))
    after = policy_with("2026-01-01", acme=recipient(role="processor", subjects_min=10))
    found = diff(before, after, CONTRACTS)
    assert [one.where.rpartition(".")[2] for one in found.widened] == [
        "role",
        "case",
        "subjects_min",
    ]
    assert [one.where.rpartition(".")[2] for one in found.narrowed] == ["purposes"]
    same = policy_with("2026-01-01", acme=recipient(purposes=[OPERATE, REPORT], **VENDOR))
    assert diff(before, same, CONTRACTS).summary == "no difference"
