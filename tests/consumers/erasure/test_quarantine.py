"""What somebody's events left in quarantine goes with them: their bytes, at once, and nothing of the count."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kit.crafted import Crafter, datums, drain, lay
from kit.dying import assert_killed
from remit_consumers.deployment import Deployment
from remit_consumers.erasure.certificate import Certificate
from remit_consumers.erasure.erase import erase, finish
from remit_consumers.erasure.ledger import ErasureLedger
from remit_consumers.erasure.scope import REQUESTED, Scope, SubjectRef
from remit_consumers.lake import receipts
from remit_consumers.lake.commit import Lake
from remit_consumers.lake.tables import open_table
from remit_consumers.proof.outcomes import outcomes
from remit_consumers.proof.verify import verify
from remit_consumers.settings import Settings

ANN = SubjectRef("", "ann")

ERASING = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kit.dying import die
from remit_consumers.deployment import Deployment
from remit_consumers.erasure import erase, sealed
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.lake import rewrite
from remit_consumers.settings import Settings

folder, where = Path(sys.argv[1]), sys.argv[2]
module, name = where.split(".")
setattr({"erase": erase, "sealed": sealed, "rewrite": rewrite}[module], name, die)
deployment = Deployment.open(Settings(folder / "data", folder / "keys", folder / "vault"))
erase.erase(deployment, [SubjectRef("", "ann")], Scope(), "requested", datetime.now(UTC))
"""
"""Erases, and is killed by the system where it is told."""


def malformed() -> bytes:
    """A page view that does not decode."""
    return datums()[0][:-1]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Where everything lies of an installation in whose quarantine ann and bob are."""
    settings = Settings(tmp_path / "data", tmp_path / "keys", tmp_path / "vault")
    crafter, good = Crafter(settings), datums()[0]
    lay(
        settings,
        [
            crafter.pack([malformed(), good, malformed()], [b"ann", b"bob", b"bob"]),
            crafter.pack([malformed()], [b"bob"]),
            Crafter(settings).pack([good, good], [b"ann", b"bob"], fingerprint=b"unknown!"),
            Crafter(settings).pack([good, good], [b"bob", b"bob"], fingerprint=b"unknown!"),
            Crafter(settings).pack([malformed()], [b"ann"], tenant="other"),
        ],
    )
    problem, _ = drain(settings)
    assert problem is None
    return settings


def lying(settings: Settings) -> list[tuple[str, bool]]:
    """For each row of the quarantine the reason, and whether it has bytes."""
    rows = open_table(settings.lake, "quarantine").delta.to_pyarrow_table()
    rows = rows.sort_by([("offset", "ascending"), ("index", "ascending")])
    return [(row["reason"], row["sealed"] is not None) for row in rows.to_pylist()]


def sealed_in_files(settings: Settings) -> list[bytes]:
    """Every sealed pack that lies in any file of the quarantine, whether or not a commit speaks of it."""
    files = (settings.lake / "quarantine").rglob("*.parquet")
    return [
        data
        for file in files
        if "sealed" in pq.read_schema(file).names
        for data in pq.read_table(file, columns=["sealed"]).column(0).drop_null().to_pylist()
    ]


def quarantined(settings: Settings) -> int:
    contracts, _ = outcomes(receipts.read(settings.lake))
    return sum(one["quarantined"] for one in contracts.values())


def erased(settings: Settings, about: SubjectRef = ANN) -> Certificate:
    return erase(Deployment.open(settings), [about], Scope(), REQUESTED, datetime.now(UTC))


def holds(settings: Settings) -> dict[str, str]:
    """What `remit verify` finds wrong, by check."""
    Lake(settings.lake).materialise()
    checks = verify(settings.data, lag=0).checks
    return {name: one.detail for name, one in checks.items() if not one.holds}


@pytest.mark.clause("S079a")
def test_packs_with_an_event_of_theirs_lose_their_bytes_and_others_keep_them(
    settings: Settings,
) -> None:
    before = quarantined(settings)
    bobs = set(sealed_in_files(settings))
    certificate = erased(settings)
    assert certificate.facts["erased"]["quarantined_packs"] == 2
    assert certificate.facts["search"]["late_events"] == 0
    assert lying(settings) == [
        ("malformed", False),
        ("malformed", False),
        ("malformed", True),
        ("unknown_contract", False),
        ("unknown_contract", True),
        ("malformed", True),
    ]
    left = sealed_in_files(settings)
    assert len(left) == 3
    assert set(left) < bobs
    assert quarantined(settings) == before
    assert holds(settings) == {}


def test_only_the_tenants_own_go(settings: Settings) -> None:
    certificate = erased(settings, SubjectRef("other", "ann"))
    assert certificate.facts["erased"]["quarantined_packs"] == 1
    assert len(sealed_in_files(settings)) == 4


@pytest.mark.parametrize(
    "where",
    ["erase.empty_quarantine", "rewrite.append", "sealed.Vacuum", "erase.drop_views"],
)
def test_a_killed_erasure_empties_the_quarantine_at_the_next_start(
    settings: Settings, tmp_path: Path, where: str
) -> None:
    assert_killed(ERASING, tmp_path, where)
    finish(Deployment.open(settings), datetime.now(UTC))
    assert ErasureLedger.open(settings.keys).pending(settings.lake) == []
    assert sum(has for _, has in lying(settings)) == 3
    assert holds(settings) == {}


def test_what_comes_again_after_the_erasure_is_refused_or_stands_sealed_without_a_way_in(
    settings: Settings,
) -> None:
    late = Crafter(settings).pack(datums(2), [b"ann", b"bob"])
    erased(settings)
    lay(settings, [late])
    assert drain(settings)[0] is None
    _, reasons = outcomes(receipts.read(settings.lake))
    assert reasons["page_view"]["refused.suppressed"] == 1
    assert holds(settings) == {}
