"""An erasure that is killed, at every step: the next start finishes it, and nothing is ever half."""

from pathlib import Path

import pytest

from kit.dying import assert_killed
from kit.erasing import ErasingShop
from kit.shop import NOON
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import certificates_in, chain_breaches
from remit_consumers.erasure.erase import finish
from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.erasure.names import named
from remit_consumers.erasure.residue import needles_of, rescan
from remit_consumers.erasure.scope import SubjectRef
from remit_consumers.erasure.suppression import Suppression
from remit_consumers.proof.verify import verify

ANN = SubjectRef("", "ann.smith@shop")

ERASING = """
import sys
from datetime import datetime
from pathlib import Path
from kit.dying import die
from remit_consumers.deployment import Deployment
from remit_consumers.erasure import erase, reach, strike
from remit_consumers.erasure.certificate import Certificate
from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.lake import rewrite
from remit_consumers.settings import Settings

folder, where, now = Path(sys.argv[1]), sys.argv[2], datetime.fromisoformat(sys.argv[3])
module, name = where.split(".")
setattr({"erase": erase, "rewrite": rewrite, "reach": reach, "strike": strike, "ledger": ErasureLedger, "certificate": Certificate}[module], name, die)
deployment = Deployment.open(Settings(folder / "data", folder / "keys", folder / "vault"))
erase.erase(deployment, [SubjectRef("", "ann.smith@shop")], Scope(), "requested", now)
"""
"""Erases, and is killed by the system where it is told."""

STEPS = [
    "erase._withhold",  # on record, and no more
    "erase.forget_in_windows",  # the secret is gone
    "rewrite.append",  # files are written, not committed
    "reach._sweep",  # rows are gone, the old files lie there
    "reach.strike",  # every events table is done
    "strike.append",  # consents are written, not committed
    "erase.drop_views",
    "erase.rescan",
    "ledger.apply_head",  # all is gone
    "erase.certify",  # the lake says so
    "certificate.write",  # the ledger has the certificate
]


@pytest.mark.parametrize("where", STEPS)
def test_what_a_killed_erasure_left_is_finished_by_the_next_start(
    tmp_path: Path, where: str
) -> None:
    shop = ErasingShop(tmp_path)
    shop.store(*shop.agree(NOON, ANN.subject, "bob"))
    shop.store(shop.view(subject=ANN.subject), shop.view(subject="bob"))
    needles = needles_of(named(shop.deployment, [ANN], NOON), [ANN])
    assert_killed(ERASING, tmp_path, where, NOON.isoformat())
    again = Deployment.open(shop.settings)
    finish(again, NOON)
    ledger = ErasureLedger.open(shop.settings.keys)
    assert ledger.pending(shop.root) == []
    assert rescan(shop.settings.data, needles).found == {}
    assert shop.rows().num_rows == 1
    assert again.vault.known_secret_of("", ANN.subject) is None
    assert Suppression.open(shop.settings.keys).holds("", [ANN.subject, "bob"], NOON) == [
        True,
        False,
    ]
    (certificate,) = certificates_in(shop.settings.data)
    assert chain_breaches([certificate]) == []
    assert certificate.facts["erased"]["contracts"]["page_view"]["rows"] == 1
    assert certificate.facts["erased"]["consent_records"] == 2
    assert finish(again, NOON) == []
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    assert all(checks[name].holds for name in ("chain", "rows", "values", "erased", "residue"))
