"""Data are used for what the text names, and for nothing that a wildcard could let in."""

from pathlib import Path
from typing import Any

import pytest

from kit.copied import copied
from remit import SupportContact
from remit_schemas.category import PURPOSES
from remit_schemas.contract import builtin
from remit_schemas.errors import EncodeError, PolicyError
from remit_schemas.plan import (
    compile,  # noqa: A004 - the design's word for it
)
from remit_schemas.policy import find_policy, load_policy


@pytest.mark.clause("S059a")
@pytest.mark.parametrize("purpose", ["*", "essential.*", "everything", "essential", ""])
def test_a_rule_for_a_purpose_that_the_policy_does_not_name_is_no_policy(
    tmp_path: Path, purpose: str
) -> None:
    def widen(said: dict[str, Any]) -> None:
        said["rules"][0]["purposes"].append(purpose)

    with pytest.raises(PolicyError, match="has no purpose"):
        load_policy(copied(tmp_path, policy=widen))


@pytest.mark.clause("S059a")
@pytest.mark.parametrize("purpose", ["*", "essential.*", "everything"])
def test_no_policy_can_name_a_purpose_beyond_the_closed_list(tmp_path: Path, purpose: str) -> None:
    def widen(said: dict[str, Any]) -> None:
        said["purposes"][purpose] = dict(said["purposes"]["essential.service"])

    with pytest.raises(PolicyError, match="unknown purpose"):
        load_policy(copied(tmp_path, policy=widen))


@pytest.mark.clause("S013", "S059a")
def test_everything_that_is_stored_is_for_a_purpose_of_the_policy() -> None:
    policy = find_policy()
    for contract in builtin():
        for field in compile(contract, policy).fields.values():
            keys = {purpose.key for purpose in field.purposes}
            assert keys <= policy.purposes.keys() <= PURPOSES.keys()
            assert bool(keys) is (field.keep_for is not None), field.field


@pytest.mark.clause("S046")
def test_that_a_question_was_about_an_order_is_kept_for_support_and_for_no_other_purpose() -> None:
    ticket = compile(builtin().by_name("support_contact"), find_policy()).fields["ticket"]
    assert [purpose.key for purpose in ticket.purposes] == ["essential.service.operations.support"]
    assert ticket.reducer == "presence"
    others = {
        f"{contract.name}.{field.field}"
        for contract in builtin()
        for field in compile(contract, find_policy()).fields.values()
        if field.clause == "S046"
    }
    assert others == {"support_contact.ticket"}


@pytest.mark.clause("S045b")
@pytest.mark.parametrize("name", ["address", "email", "account", "evidence"])
def test_what_somebody_hands_in_to_support_is_no_part_of_an_event(name: str) -> None:
    with pytest.raises(EncodeError, match="is no field"):
        SupportContact.of({"channel": "chat", name: "canary"})
