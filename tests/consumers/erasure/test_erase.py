"""An erasure reaches everything that stands of a subject, and says so."""

from datetime import timedelta
from pathlib import Path

import pytest

from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.erasure.names import named
from remit_consumers.erasure.residue import needles_of, rescan
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.proof.report import report
from remit_consumers.proof.verify import verify

MINUTE = timedelta(minutes=1)


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop with rows of two subjects."""
    shop = ErasingShop(tmp_path)
    shop.store(*shop.agree(NOON - MINUTE, "ann.smith@shop", "bob"))
    shop.store(
        shop.view(subject="ann.smith@shop"),
        shop.view(subject="bob"),
        shop.view(NOON - timedelta(days=3), "ann.smith@shop"),
    )
    return shop


def breaches(shop: ErasingShop) -> dict[str, str]:
    """What `verify` finds wrong; sources count nothing in these packs, so their law is left out."""
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    return {
        name: each.detail
        for name, each in checks.items()
        if not each.holds and name != "conservation"
    }


def test_everything_of_a_subject_goes_and_nothing_of_others(shop: ErasingShop) -> None:
    ann = SubjectRef("", "ann.smith@shop")
    names = named(shop.deployment, [ann], shop.now)
    needles = needles_of(names, [ann])
    assert rescan(shop.settings.data, needles).total
    others = [row for row in shop.rows().to_pylist() if row["subject"] not in names[0].stored]
    certificate = shop.erase("ann.smith@shop")
    assert shop.rows().to_pylist() == others
    assert rescan(shop.settings.data, needles).found == {}
    assert shop.vault.known_secret_of("", "ann.smith@shop") is None
    assert certificate.is_signed
    erased = certificate.facts["erased"]
    assert erased["contracts"]["page_view"]["rows"] == 2
    assert erased["consent_records"] == 2
    figures = report(shop.lake).contracts["page_view"]
    assert (figures["stored"], figures["present"], figures["erased"]) == (3, 1, 2)
    assert breaches(shop) == {}
