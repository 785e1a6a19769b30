"""A recipient that follows gets what is new, once where nothing fails, and under one mark where it comes again."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.crowd import NOW, make_crowd
from kit.policies import IMPROVE, OPERATE, REPORT
from kit.sharing import crowded, people, policy_with, recipient, say
from remit_consumers.lake.durable import sync, write
from remit_consumers.lake.log import entries
from remit_consumers.lake.publish import Append, append
from remit_consumers.lake.tables import open_table
from remit_consumers.sharing.disclosures import history
from remit_consumers.sharing.following import Folders, Follower, Part
from remit_consumers.sharing.making import Making
from remit_consumers.sharing.news import Cursor, news, stands_still
from remit_consumers.sharing.terms import Asked
from remit_schemas.errors import LogError, PolicyError, SettingsError, ShareRefused
from remit_schemas.policy import Policy

ACME = Asked("acme")


@dataclass
class Broken:
    """A door of a test's own, which breaks when it is to let out."""

    made: list[list[str]] = field(default_factory=list)

    def begin(self, making: Making) -> None:
        """There is no folder."""
        del making

    def ready(self, making: Making, parts: Sequence[Part]) -> str:
        """Remember the marks."""
        del making
        self.made.append([one for _, rows in parts for one in rows.column("dedupe").to_pylist()])
        return "0" * 64

    def let_go(self) -> None:
        """Break."""
        raise LogError("the broker went away")


def rows_in(folder: Path) -> pa.Table:
    files = sorted(folder.glob(f"*/page_view.{OPERATE}.parquet"))
    return pa.concat_tables([pq.read_table(file) for file in files])


@pytest.mark.clause("S054a", "S059b")
def test_each_turn_brings_what_is_new_and_nothing_twice(tmp_path: Path) -> None:
    policy = policy_with(acme=recipient(exact=True, role="vendor", case="contract"))
    deployment = crowded(tmp_path, policy, 200, 20)
    follower = Follower(deployment, ACME, Folders(tmp_path / "out"))
    assert follower.turn(NOW) == 200
    assert follower.turn(NOW) == 0
    make_crowd(deployment.settings, policy, frozenset(), 50, 20)
    assert follower.turn(NOW + timedelta(seconds=1)) == 50
    rows = rows_in(tmp_path / "out")
    assert rows.num_rows == 250
    assert not {"pack", "index"} & {*rows.column_names}
    assert history(deployment.settings.lake, NOW).num_rows == 2
    again = Follower(deployment, ACME, Folders(tmp_path / "out"))
    assert again.turn(NOW) == 0  # another process goes on where this one was


def test_what_did_not_get_out_comes_again_under_the_same_marks(tmp_path: Path) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 200, 20)
    broken = Broken()
    follower = Follower(deployment, ACME, broken)
    for _ in range(2):
        with pytest.raises(LogError):
            follower.turn(NOW)
    assert sorted(broken.made[0]) == sorted(broken.made[1])
    assert len(set(broken.made[0])) == 200
    other = Follower(deployment, ACME, Folders(tmp_path / "out"))
    assert other.turn(NOW) == 200
    assert set(rows_in(tmp_path / "out")["dedupe"].to_pylist()) == set(broken.made[0])


def rewritten(lake: Path) -> str:
    """Write the rows of the table anew, as an erasure or a sweep does; give the new file."""
    table = open_table(lake, "events/page_view")
    files = write(table.path, table.delta.to_pyarrow_table())
    sync(files)
    replaced = [one.path for entry in entries(table.path) for one in entry.added]
    append(table.path, table.version, Append(files[:1], {}, replaced=replaced))
    return files[0].path


def test_a_rewrite_brings_only_what_did_not_go_out(tmp_path: Path) -> None:
    deployment = crowded(tmp_path, policy_with(acme=recipient()), 200, 20)
    lake, contracts = deployment.settings.lake, frozenset({"page_view"})
    cursor = Cursor.read(tmp_path / "cursor.json")
    before = news(lake, cursor, contracts)
    assert stands_still(lake, before)
    fresh = rewritten(lake)
    assert not stands_still(lake, before)
    assert news(lake, cursor, contracts).files == {"page_view": {fresh}}
    assert news(lake, cursor.moved(before.versions), contracts).files == {}
    assert Cursor.read(tmp_path / "cursor.json").versions == before.versions


@pytest.mark.clause("S059c")
def test_who_may_get_nothing_any_more_gets_nothing_more(tmp_path: Path) -> None:
    ends = recipient(expires_on=(NOW + timedelta(days=1)).date().isoformat())
    deployment = crowded(tmp_path, policy_with(acme=ends), 200, 20)
    follower = Follower(deployment, ACME, Folders(tmp_path / "out"))
    assert follower.turn(NOW) == 200
    with pytest.raises(ShareRefused):
        follower.turn(NOW + timedelta(days=1))


def test_figures_do_not_come_as_a_stream(tmp_path: Path) -> None:
    measure = {"reach": {"event": "page_view"}}
    ads = recipient(role="advertising_analytics", fields=None, measures=measure)
    deployment = crowded(tmp_path, policy_with(acme=ads), 100, 10)
    with pytest.raises(SettingsError, match="figures"):
        Follower(deployment, ACME, Folders(tmp_path / "out")).turn(NOW)
    nobody = replace(deployment, policy=policy_with(other=recipient()))
    with pytest.raises(ShareRefused):
        Follower(nobody, ACME, Folders(tmp_path / "out")).turn(NOW)


def goes_on(folder: Path, *versions: Policy) -> tuple[Follower, Path]:
    """One that follows under the first of some versions; gives the folder where others appear."""
    policies = folder / "policies"
    policies.mkdir()
    for policy in versions:
        (policies / f"{policy.version}.yaml").write_bytes(policy.canonical)
    crowd = crowded(folder, versions[0], 200, 20)
    deployment = replace(crowd, policy_folder=policies)
    return Follower(deployment, ACME, Folders(folder / "out")), policies


@pytest.mark.clause("S060", "S112", "S113")
def test_a_version_that_comes_into_force_governs_without_a_new_start(tmp_path: Path) -> None:
    later = (NOW + timedelta(days=1)).date().isoformat()
    before = policy_with(acme=recipient())
    follower, policies = goes_on(tmp_path, before, policy_with(later, other=recipient()))
    assert follower.turn(NOW) == 200  # the newer one is there, and not in force
    with pytest.raises(ShareRefused):
        follower.turn(NOW + timedelta(days=1))
    (policies / f"{later}.yaml").unlink()
    with pytest.raises(ShareRefused):  # what governed once is not followed by an older one
        follower.turn(NOW + timedelta(days=1))


@pytest.mark.clause("S113")
def test_nothing_leaves_while_a_newer_version_cannot_be_read(tmp_path: Path) -> None:
    follower, policies = goes_on(tmp_path, policy_with(acme=recipient()))
    newer = policies / "2026-01-01.yaml"
    whole = policy_with("2026-01-01", acme=recipient()).canonical
    newer.write_bytes(whole[: len(whole) // 2])
    (policies / "compose.yaml").write_text("services: []")
    with pytest.raises(PolicyError, match="cannot be read"):
        follower.turn(NOW)
    assert not (tmp_path / "out").exists()
    newer.write_bytes(whole)
    assert follower.turn(NOW) == 200
    (terms,) = (tmp_path / "out").glob("*/terms.json")
    assert '"policy_version": "2026-01-01"' in terms.read_text()


@pytest.mark.clause("S054c", "S060", "S113")
def test_a_purpose_that_a_new_version_adds_gets_nothing_of_who_agreed_to_the_old_one(
    tmp_path: Path,
) -> None:
    page = {"page_view": ["page"]}
    before = policy_with(acme=recipient(purposes=[IMPROVE], fields=page))
    wider = policy_with("2026-01-01", acme=recipient(purposes=[IMPROVE, REPORT], fields=page))
    follower, policies = goes_on(tmp_path, before)
    for purpose in (IMPROVE, REPORT):  # to this use of ours, not to that of the recipient
        say(follower.deployment, people(20), purpose)
    (policies / "2026-01-01.yaml").write_bytes(wider.canonical)
    assert follower.turn(NOW) == 0
    assert follower.deployment.policy.version == "2026-01-01"
    assert not (tmp_path / "out").exists()
    assert history(follower.deployment.settings.lake, NOW).num_rows == 0
