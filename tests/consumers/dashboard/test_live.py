"""The newest rows of the lake, for as long as they stand there."""

from pathlib import Path

from kit.erasing import ErasingShop
from remit_consumers.dashboard.live import Recent
from remit_consumers.dashboard.moments import Moments


def test_what_is_erased_is_shown_no_more(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    recent = Recent(shop.root, Moments(shop.root))
    shop.store(shop.view())
    assert len(recent.rows()) == 1
    shop.store(shop.view(subject="bob"))
    assert len(recent.rows()) == 2
    shop.erase("ann")
    assert len(recent.rows()) == 1
