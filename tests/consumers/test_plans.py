"""Plans of every policy version on record, also of those that no pack has named since the process began."""

from pathlib import Path

import pytest

from kit.versions import NEWER, OLDER, two_versions
from remit_consumers.plans import Plans
from remit_schemas.contract import builtin
from remit_schemas.policy import load_policy


def test_rows_of_an_older_version_have_a_plan_in_a_process_that_began_under_the_newer_one(
    tmp_path: Path,
) -> None:
    two_versions(tmp_path)
    plans = Plans(builtin(), load_policy(tmp_path / f"{NEWER}.yaml"), tmp_path)
    assert plans.plan("page_view", OLDER).policy_version == OLDER
    with pytest.raises(KeyError):
        plans.plan("page_view", "2001-01-01")
