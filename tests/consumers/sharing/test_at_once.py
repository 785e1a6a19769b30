"""A share and an erasure at the same moment: whoever is erased is in nothing that is handed over afterwards."""

import random
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.disclosing import RECIPIENT, begin, killed
from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.erasure.certificate import certificates_in
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN
from remit_consumers.erasure.names import named
from remit_consumers.erasure.notices import notices
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.lake.tables import is_table, open_table
from remit_consumers.sharing.disclosures import MADE, history
from remit_consumers.views.names import ViewNames

LOOK_S = 1.5
"""How long one waits to see that another process does not go on."""


class Ann:
    """Somebody who is erased: her names in the lake, and the one that the recipient knows her by."""

    def __init__(self, shop: ErasingShop) -> None:
        (one,) = named(shop.deployment, [SubjectRef("", "ann")], NOON)
        self.stored = {*one.stored}
        keys = shop.settings.keys
        names = ViewNames(keys, RECIPIENT_DOMAIN + RECIPIENT, "daily")
        days = pa.array([NOON.date()] * len(one.stored), pa.date32())
        found = names.of(pa.array(one.stored, pa.string()), days)
        assert found is not None
        self.told = {*found.to_pylist()}


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop that ann and some others visited."""
    shop = ErasingShop(tmp_path)
    shop.store(*(shop.view(subject=one) for one in ("ann", "bob", "cy", "di")))
    return shop


def handed_over(shop: ErasingShop) -> set[str]:
    """The names in every file that was handed over."""
    files = (shop.folder / "out").rglob("*.parquet")
    return {name for file in files for name in pq.read_table(file)["subject"].to_pylist()}


def disclosed(shop: ErasingShop) -> set[str]:
    """The names of the lake on record as disclosed."""
    if not is_table(shop.root, "disclosed"):
        return set()
    rows = open_table(shop.root, "disclosed").delta.to_pyarrow_table()
    return {*rows["subject"].to_pylist()}


def holds(shop: ErasingShop, ann: Ann) -> None:
    """She is erased, and in a file only if its recipient is told."""
    assert not disclosed(shop) & ann.stored
    (certificate,) = certificates_in(shop.settings.data)
    is_in = bool(handed_over(shop) & ann.told)
    assert certificate.facts["notices"] == len(notices(shop.root)) == int(is_in)
    made = [one["outcome"] for one in history(shop.root, NOON).to_pylist()]
    assert made == [MADE] * len(list((shop.folder / "out").rglob("terms.json")))


@pytest.mark.clause("S079a", "S086a")
@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("share", "making.leaving"),
        ("share", "disclosures._append"),
        ("share", "Parcel.show"),
        ("follow", "following.leaving"),
        ("follow", "Parcel.show"),
    ],
)
def test_an_erasure_waits_for_what_is_being_handed_over_and_tells_who_got_it(
    shop: ErasingShop, what: str, where: str
) -> None:
    ann = Ann(shop)
    sharing = begin(shop, what, where)
    erasing = begin(shop, "erase")
    time.sleep(LOOK_S)
    assert erasing.process.poll() is None
    sharing.go()
    sharing.ended()
    erasing.ended()
    assert handed_over(shop) & ann.told
    holds(shop, ann)


@pytest.mark.clause("S079a", "S086a")
@pytest.mark.parametrize(
    ("what", "where"),
    [
        ("share", "erase._withhold"),
        ("share", "erase.take_rows"),
        ("share", "reach.strike"),
        ("follow", "erase.take_rows"),
    ],
)
def test_a_share_waits_for_an_erasure_and_holds_nothing_of_who_went(
    shop: ErasingShop, what: str, where: str
) -> None:
    ann = Ann(shop)
    erasing = begin(shop, "erase", where)
    sharing = begin(shop, what)
    time.sleep(LOOK_S)
    assert sharing.process.poll() is None
    assert not (shop.folder / "out").exists()
    erasing.go()
    erasing.ended()
    sharing.ended()
    assert len(handed_over(shop)) == 3
    holds(shop, ann)


@pytest.mark.parametrize("seed", range(4))
def test_whoever_comes_first_nobody_who_is_erased_is_left_untold(
    shop: ErasingShop, seed: int
) -> None:
    ann, chance = Ann(shop), random.Random(seed)
    both = chance.sample(["share", "erase"], 2)
    running = []
    for what in both:
        running.append(begin(shop, what))
        time.sleep(chance.random() * 0.2)
    for one in running:
        one.ended()
    holds(shop, ann)


@pytest.mark.clause("S079b")
def test_an_erasure_that_was_interrupted_is_finished_before_anything_leaves(
    shop: ErasingShop,
) -> None:
    ann = Ann(shop)
    killed(shop, "erase", "erase._withhold")
    begin(shop, "share").ended()
    assert len(handed_over(shop)) == 3
    holds(shop, ann)
