"""Data are used for what the text names, and for nothing that a wildcard could let in."""

from pathlib import Path
from typing import Any

import pytest

from kit.copied import copied
from remit_schemas.category import PURPOSES
from remit_schemas.contract import builtin
from remit_schemas.errors import PolicyError
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
