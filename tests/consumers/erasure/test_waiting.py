"""An erasure that must wait for something takes nothing that a law may keep, and holds up nobody else's."""

import os
import shutil
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kit.erasing import ErasingShop
from kit.own_versions import LOST, lose, put
from kit.shop import EVENTS, NOON, REPORTING
from kit.sweeping import SAID, policy_with
from remit_consumers.backup.guard import check_applied
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import certificates_in, chain_breaches
from remit_consumers.erasure.erase import apply, finish
from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.lake.restrictions import standing
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.vacuum import ORPHAN_AGE_S
from remit_consumers.views.withdrawals import still_read, withdrawn
from remit_schemas.errors import LakeError

YEARS = timedelta(days=3 * 365 + 2)
LAW: dict[str, Any] = {
    "floor": {
        "keep_for": "1095 days",
        "purpose": "essential.legal_obligation",
        "field": "status",
        "values": ["200"],
        **SAID,
    }
}


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop whose policy has a law keep page views, with rows of two subjects."""
    shop = ErasingShop(tmp_path, policy=put(tmp_path / "policies", policy_with(LAW)))
    shop.store(*shop.agree(NOON, "ann", "bob"))
    shop.store(shop.view())
    shop.store(shop.view(subject="bob"))
    return shop


def pages(shop: ErasingShop) -> int:
    return int(open_table(shop.root, EVENTS).delta.to_pyarrow_table().num_rows)


def said(shop: ErasingShop) -> int:
    return int(open_table(shop.root, "events/consent_change").delta.to_pyarrow_table().num_rows)


@pytest.mark.clause("S091b")
def test_where_the_policy_version_of_rows_is_not_on_record_an_erasure_waits_for_it(
    shop: ErasingShop,
) -> None:
    lose(shop.root, "page_view")
    with pytest.raises(LakeError, match=f"page_view.*{LOST}.*put its file back"):
        shop.erase("ann")
    assert pages(shop) == 2, "nobody knows what a law says of them"
    assert said(shop) == 2, "other tables go on"
    assert still_read(shop.rows(), withdrawn(shop.root, REPORTING)).num_rows == 1, (
        "used for nothing"
    )
    assert certificates_in(shop.settings.data) == []
    assert shop.vault.known_secret_of("", "ann") is None
    put(shop.folder / "policies", policy_with(LAW), LOST)
    (certificate,) = finish(Deployment.open(shop.settings), NOON)
    (kept,) = certificate.facts["kept"]
    assert (kept["rows"], kept["by"], kept["code"]) == (1, "floor", "LegalObligationImpaired")
    assert pages(shop) == 2


def test_rows_that_no_law_keeps_go_once_their_policy_version_is_on_record(
    shop: ErasingShop,
) -> None:
    lose(shop.root, "page_view")
    with pytest.raises(LakeError):
        shop.erase("ann")
    put(shop.folder / "policies", policy_with(None), LOST)
    (certificate,) = finish(Deployment.open(shop.settings), NOON)
    assert certificate.facts["kept"] == []
    assert standing(shop.root).num_rows == 0
    assert pages(shop) == 1


def test_an_erasure_that_waits_keeps_its_names_however_long_that_takes(shop: ErasingShop) -> None:
    lose(shop.root, "page_view")
    with pytest.raises(LakeError):
        shop.erase("ann")
    with pytest.raises(LakeError, match=LOST):
        finish(shop.deployment, NOON + YEARS)
    put(shop.folder / "policies", policy_with(LAW), LOST)
    (certificate,) = finish(Deployment.open(shop.settings), NOON + YEARS)
    assert certificate.facts["erased"]["contracts"]["page_view"]["rows"] == 1
    assert pages(shop) == 1


def test_nobody_waits_for_another_ones_erasure(shop: ErasingShop, tmp_path: Path) -> None:
    young = _orphan_of(shop)
    with pytest.raises(LakeError, match="may be about to be committed"):
        shop.erase("ann")
    certificate = shop.erase("bob")
    assert certificate.number == 1
    check_applied(shop.root, shop.settings.keys)
    shutil.copytree(shop.root, tmp_path / "backup")
    _make_old(young)
    (second,) = finish(shop.deployment, NOON)
    assert chain_breaches([certificate, second]) == []
    check_applied(shop.root, shop.settings.keys)
    assert ErasureLedger.open(shop.settings.keys).pending(shop.root) == []
    shutil.rmtree(shop.root)
    shutil.copytree(tmp_path / "backup", shop.root)
    with pytest.raises(LakeError, match="older than 1 erasures"):
        check_applied(shop.root, shop.settings.keys)
    for file in (shop.root / EVENTS).glob("day=*/part-of-a-crash.parquet"):
        _make_old(file)
    (again,) = apply(shop.deployment, NOON)
    assert again.facts["erasure"] == second.facts["erasure"]
    check_applied(shop.root, shop.settings.keys)


def test_asking_anew_for_an_erasure_that_waits_is_no_way_to_have_it_certified(
    shop: ErasingShop,
) -> None:
    lose(shop.root, "page_view")
    for _ in range(2):
        with pytest.raises(LakeError, match=LOST):
            shop.erase("ann")
    assert len(ErasureLedger.open(shop.settings.keys).all()) == 1


def _orphan_of(shop: ErasingShop) -> Path:
    """A file that a crash left a moment ago: ann's, of which no commit speaks."""
    names = shop.names.ever("", "ann", shop.plans.epochs(shop.now))
    for file in (shop.root / EVENTS).glob("day=*/*.parquet"):
        if any(name.encode() in file.read_bytes() for name in names):
            left = file.with_name("part-of-a-crash.parquet")
            shutil.copy(file, left)
            return left
    raise AssertionError("no file holds her")


def _make_old(file: Path) -> None:
    at = time.time() - ORPHAN_AGE_S - 1
    os.utime(file, (at, at))
