"""The erasure ledger: chained, sealed, and what makes a restored lake forget again."""

import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.backup.guard import check_applied
from remit_consumers.consent.withdrawals import EVIDENCE_KEPT
from remit_consumers.erasure.certificate import certificates_in, chain_breaches
from remit_consumers.erasure.erase import apply, finish
from remit_consumers.erasure.ledger import FILE, FIRST, ErasureLedger
from remit_consumers.erasure.names import named
from remit_consumers.erasure.residue import needles_of, rescan
from remit_consumers.erasure.scope import SubjectRef
from remit_schemas.errors import KeysOutOfReach, LakeError

ANN = SubjectRef("", "ann")


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop with rows and consents of two subjects."""
    shop = ErasingShop(tmp_path)
    shop.store(*shop.agree(NOON, "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"))
    return shop


@pytest.mark.clause("S087b")
def test_a_lake_from_before_an_erasure_is_refused_until_it_is_erased_again(
    shop: ErasingShop, tmp_path: Path
) -> None:
    needles = needles_of(named(shop.deployment, [ANN], NOON))
    shutil.copytree(shop.root, tmp_path / "backup")
    shop.erase("ann")
    shutil.rmtree(shop.root)
    shutil.copytree(tmp_path / "backup", shop.root)
    assert rescan(shop.settings.data, needles).total
    with pytest.raises(LakeError, match="apply-erasures"):
        check_applied(shop.root, shop.settings.keys)
    with pytest.raises(LakeError, match="apply-erasures"):
        shop.erase("bob")
    (certificate,) = apply(shop.deployment, NOON)
    assert certificate.facts["again"]
    assert certificate.facts["erased"]["contracts"]["page_view"]["rows"] == 1
    check_applied(shop.root, shop.settings.keys)
    assert rescan(shop.settings.data, needles).total == 0
    assert chain_breaches(certificates_in(shop.settings.data)) == []
    assert apply(shop.deployment, NOON) == []


def test_the_ledger_names_nobody_and_lets_go_of_what_it_sealed(shop: ErasingShop) -> None:
    (one,) = named(shop.deployment, [ANN], NOON)
    shop.erase("ann")
    file = shop.settings.keys / FILE
    text = file.read_text()
    assert not any(name in text for name in ("ann", *one.stored, *one.ledger))
    ledger = ErasureLedger.open(shop.settings.keys)
    (erasure,) = ledger.since(NOON)
    assert erasure.named[0].stored == one.stored
    assert [row[1] for row in erasure.named[0].evidence] == ["given", "given"]
    assert ledger.lapse(NOON + EVIDENCE_KEPT) == 1
    assert ledger.all()[0].named == ()
    assert ledger.head == erasure.hash != FIRST


def test_a_record_that_was_changed_is_seen(shop: ErasingShop) -> None:
    shop.erase("ann")
    file = shop.settings.keys / FILE
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    lines[0]["reason"] = "minor"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(KeysOutOfReach):
        ErasureLedger.open(shop.settings.keys)


def test_a_lake_that_knows_more_than_the_ledger_is_refused(shop: ErasingShop) -> None:
    shop.erase("ann")
    (shop.settings.keys / FILE).unlink()
    with pytest.raises(LakeError, match="restore the ledger"):
        finish(shop.deployment, NOON)


def test_certificates_follow_on_one_another_and_a_forged_one_is_seen(shop: ErasingShop) -> None:
    shop.erase("ann")
    shop.now = NOON + timedelta(hours=1)
    second = shop.erase("bob")
    found = certificates_in(shop.settings.data)
    assert [one.number for one in found] == [1, 2]
    assert chain_breaches(found) == []
    file = second.file(shop.settings.data)
    form = json.loads(file.read_text())
    form["facts"]["subjects"] = 0
    file.write_text(json.dumps(form))
    assert chain_breaches(certificates_in(shop.settings.data)) == [
        "certificate 2 is not signed by this deployment"
    ]
    file.unlink()
    finish(shop.deployment, shop.now)
    assert chain_breaches(certificates_in(shop.settings.data)) == [], "the ledger has it too"
