"""What a replay stored under a running consumer is not stored again, wherever on the log a copy of it comes."""

from pathlib import Path

import pytest

from kit.crafted import Crafter, datums, lay, settings_of
from kit.installation import Installation, each_once
from kit.quarantined import OLD, own_policy, put_on_record
from kit.turned import Running
from remit_consumers.lake.commit import Lake

EVENTS = 3


@pytest.mark.parametrize("is_known", [True, False])
def test_a_copy_that_comes_by_another_slot_behind_a_replay_is_not_stored_again(
    tmp_path: Path, *, is_known: bool
) -> None:
    policy = own_policy(tmp_path)
    installation = Installation(tmp_path, REMIT_POLICY=str(policy))
    settings = settings_of(installation)
    crafter, others = Crafter(settings), Crafter(settings)
    pack = crafter.pack(datums(EVENTS), policy_version=OLD)
    lay(settings, [pack], slot=7)
    stored = 0
    if is_known:  # the table of page views is there before the replay
        lay(settings, [others.pack(datums())], slot=8)
        stored = 1
    running = Running(settings)
    running.drain()
    assert len(Lake(settings.lake).quarantined()) == 1
    put_on_record(policy)
    assert installation.facts("quarantine", "replay")["stored"] == EVENTS
    lay(settings, [pack], slot=8 if is_known else 9)
    running.drain()
    running.stop()
    rows = installation.rows("page_view")
    assert rows.num_rows == EVENTS + stored
    assert each_once(rows)
