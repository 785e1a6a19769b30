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


def test_an_agreement_to_a_version_that_nothing_has_named_yet_holds_under_a_later_one(
    tmp_path: Path,
) -> None:
    two_versions(tmp_path)
    newer = tmp_path / f"{NEWER}.yaml"
    plans = Plans(builtin(), load_policy(newer), tmp_path)
    assert plans.covering(OLDER) == {OLDER, NEWER}
    later = newer.read_text("utf-8").replace(f'version: "{NEWER}"', 'version: "2026-03-01"')
    later = later.replace(f"version: '{NEWER}'", "version: '2026-03-01'")
    (tmp_path / "2026-03-01.yaml").write_text(later, "utf-8")
    assert plans.covering(NEWER) == {NEWER, "2026-03-01"}
