"""What was swept is gone for the readers of views: at once through remit, and from their files in the same run."""

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kit.erasing import ErasingShop
from kit.own_versions import put
from kit.shop import NOON, REPORTING
from kit.sweeping import policy_with, sweep
from kit.sweeping_killed import killed
from remit_consumers.lake.holds import Hold, Reach, place
from remit_consumers.metrics import Metrics
from remit_consumers.retention.sweeper import Sweeper
from remit_consumers.views.building import build
from remit_consumers.views.reading import Question, Reader

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LATER = NOON + 31 * DAY


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop whose page views lose their status after ten days, with a view that somebody made."""
    policy = policy_with({}, {"status": "10 days"})
    shop = ErasingShop(tmp_path, policy=put(tmp_path / "policies", policy))
    shop.store(*shop.agree(NOON - MINUTE, "ann"))
    shop.store(shop.view(page="/old"))
    shop.store(shop.view(NOON + 9 * DAY, page="/new"))
    build(shop.settings, shop.deployment.policy, REPORTING, NOON)
    assert in_files(shop) == ["/new", "/old"]
    return shop


def files(shop: ErasingShop) -> list[Path]:
    return sorted(shop.settings.views.glob(f"{REPORTING}/page_view/*/*.parquet"))


def in_files(shop: ErasingShop) -> list[str]:
    """The pages that a reader of the files sees."""
    return sorted(
        page
        for file in files(shop)
        for page in pq.read_table(file, partitioning=None)["page"].to_pylist()
    )


def sweeper(shop: ErasingShop) -> Sweeper:
    """A consumer's, after the first rows are over."""
    return Sweeper(shop.deployment, shop.deployment.plans(), Metrics(), lambda: LATER)


@pytest.mark.clause("S105a")
def test_the_files_of_views_follow_a_sweep_in_the_same_run(shop: ErasingShop) -> None:
    sweeper(shop).work()
    assert in_files(shop) == ["/new"]


@pytest.mark.clause("S105a")
def test_between_a_sweep_and_the_next_build_remit_shows_nothing_that_went(
    shop: ErasingShop,
) -> None:
    sweep(shop, LATER)
    assert in_files(shop) == ["/new", "/old"], "who reads files sees the last build"
    reader = Reader(shop.settings, shop.deployment.policy, lambda: LATER)
    told = reader.ask(Question("SELECT page FROM page_view", REPORTING))
    assert told["page"].to_pylist() == ["/new"]
    assert in_files(shop) == ["/new"], "the read has them made anew"


@pytest.mark.clause("S105a")
def test_a_sweep_that_is_killed_before_the_build_is_followed_by_the_next(shop: ErasingShop) -> None:
    killed(shop.root, shop.deployment.policy, LATER, "vacuumed")
    assert shop.rows().num_rows == 1
    assert in_files(shop) == ["/new", "/old"]
    sweeper(shop).work()
    assert in_files(shop) == ["/new"]


def test_a_view_that_cannot_follow_a_sweep_goes(shop: ErasingShop) -> None:
    worker = sweeper(shop)
    (shop.settings.keys / "views.key").unlink()
    (shop.settings.keys / "views.key").mkdir()
    worker.work()
    assert shop.rows().num_rows == 1
    assert files(shop) == []


@pytest.mark.clause("S091b")
def test_what_a_hold_keeps_from_an_erasure_leaves_the_files_of_views(shop: ErasingShop) -> None:
    everything = Hold("h", "a case", "S091b", "legal", Reach(), NOON - MINUTE)
    place(shop.root, everything)
    certificate = shop.erase("ann")
    assert certificate.facts["kept"]
    assert shop.rows().num_rows == 2
    assert in_files(shop) == []
    build(shop.settings, shop.deployment.policy, REPORTING, NOON)
    assert in_files(shop) == []
