"""An erasure by category, purpose or time takes that and leaves the rest; a law keeps what it must."""

import os
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kit.erasing import ErasingShop
from kit.shop import EVENTS, NOON, REPORTING
from remit_consumers.erasure.names import named
from remit_consumers.erasure.residue import needles_of, rescan
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.lake import publish
from remit_consumers.lake.holds import Hold, Holds, Reach, lift, place
from remit_consumers.lake.restrictions import OBLIGED, restrict, standing
from remit_consumers.lake.rewrite import live_files
from remit_consumers.lake.tables import open_table
from remit_consumers.lake.withdrawn import pending
from remit_consumers.proof.verify import verify
from remit_consumers.store import place as place_
from remit_consumers.views.withdrawals import still_read, withdrawn
from remit_schemas.errors import SettingsError

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop with rows of two subjects on two days."""
    shop = ErasingShop(tmp_path)
    shop.store(*shop.agree(NOON - MINUTE - DAY, "ann", "bob"))
    shop.store(shop.view(), shop.view(subject="bob"), shop.view(NOON - DAY, page="/b"))
    return shop


def holds(shop: ErasingShop) -> bool:
    shop.lake.materialise()
    checks = verify(shop.root.parent, lag=0).checks
    return all(checks[name].holds for name in ("chain", "rows", "values", "residue"))


@pytest.mark.clause("S079a")
def test_a_category_goes_from_a_subjects_rows_and_the_rows_stay(shop: ErasingShop) -> None:
    certificate = shop.erase("ann", scope=Scope(categories=("user.behavior.browsing_history",)))
    assert sorted(row["page"] or "" for row in shop.rows().to_pylist()) == ["", "", "/a"]
    contract = certificate.facts["erased"]["contracts"]["page_view"]
    assert (contract["rows"], contract["narrowed"], contract["values"]["page"]) == (0, 2, 2)
    assert shop.vault.known_secret_of("", "ann") is not None
    assert holds(shop)


@pytest.mark.clause("S079a")
def test_a_purpose_loses_a_subjects_rows_and_others_keep_theirs(shop: ErasingShop) -> None:
    shop.erase("ann", scope=Scope(purposes=(REPORTING,)))
    assert sorted(shop.stands()) == [
        ("2026-03-04", False, True),
        ("2026-03-05", False, True),
        ("2026-03-05", True, True),
    ]
    assert holds(shop)


@pytest.mark.clause("S079a")
def test_some_days_of_a_subject_go_and_the_others_stay(shop: ErasingShop) -> None:
    certificate = shop.erase("ann", scope=Scope(to_day=(NOON - DAY).date()))
    assert [row["page"] for row in shop.rows().to_pylist()] == ["/a", "/a"]
    assert certificate.facts["erased"]["contracts"]["page_view"]["rows"] == 1
    assert holds(shop)


@pytest.mark.clause("S079a")
def test_what_goes_leaves_the_disk_at_once_where_its_clock_is_ahead(
    shop: ErasingShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def take_name(drafted: Path, name: Path) -> None:
        ahead = time.time() + 60
        os.utime(drafted, (ahead, ahead))
        place_.take_name(drafted, name)

    monkeypatch.setattr(publish, "take_name", take_name)
    shop.erase("ann", scope=Scope(to_day=NOON.date()))
    table = open_table(shop.root, EVENTS)
    there = {str(file.relative_to(table.path)) for file in table.path.glob("day=*/*.parquet")}
    assert there == set(live_files(table))


def test_a_scope_that_names_what_there_is_not_is_refused() -> None:
    with pytest.raises(SettingsError, match="1 categories"):
        Scope(categories=("user.shoe_size",))
    with pytest.raises(SettingsError, match="1 purposes"):
        Scope(purposes=("marketting",))


@pytest.mark.clause("S091b")
def test_rows_under_a_legal_hold_stay_and_are_named_with_their_clause(shop: ErasingShop) -> None:
    names = named(shop.deployment, [SubjectRef("", "ann")], NOON)
    reach = Reach(contracts=("page_view",), subjects=names[0].stored, to_day=(NOON - DAY).date())
    hold = Hold("h1", "a case", "S091b", "legal", reach, NOON - MINUTE)
    place(shop.root, hold)
    certificate = shop.erase("ann")
    (kept,) = certificate.facts["kept"]
    assert (kept["rows"], kept["by"], kept["code"]) == (1, "hold", "LegalObligationImpaired")
    assert sorted(row["page"] for row in shop.rows().to_pylist()) == ["/a", "/b"]
    assert shop.vault.known_secret_of("", "ann") is None, "what stays ties to nobody"
    places = rescan(shop.settings.data, needles_of(names)).found
    assert places
    there = ("lake/events/page_view/", "lake/holds/", "lake/restrictions/")
    assert all(one.startswith(there) for one in places)
    assert set(standing(shop.root)["code"].to_pylist()) == {OBLIGED}
    theirs = shop.rows().filter(pc.is_in(shop.rows()["subject"], pa.array(names[0].stored)))
    assert theirs.num_rows == 1
    assert still_read(theirs, withdrawn(shop.root, REPORTING)).num_rows == 0, "used for nothing"
    assert holds(shop)


@pytest.mark.clause("S091b", "S117")
def test_what_was_withdrawn_just_before_an_erasure_goes_of_rows_that_a_hold_keeps(
    shop: ErasingShop,
) -> None:
    names = named(shop.deployment, [SubjectRef("", "ann")], NOON)
    place(shop.root, Hold("", "a case", "S091b", "legal", Reach(), NOON - MINUTE))
    shop.store(shop.say("withdrawn", NOON))
    assert pending(shop.root).num_rows
    shop.erase("ann")
    theirs = pc.is_in(shop.rows()["subject"], pa.array(names[0].stored))
    assert shop.rows().filter(theirs)["utc_offset"].to_pylist() == [None, None]
    assert not pending(shop.root).num_rows
    assert holds(shop)


@pytest.mark.clause("S079a", "S091b")
def test_a_hold_that_keeps_no_row_of_theirs_names_nobody_who_was_erased(
    shop: ErasingShop,
) -> None:
    names = named(shop.deployment, [SubjectRef("", "ann")], NOON)
    of_ann, before = Reach(subjects=names[0].stored), (NOON - 9 * DAY).date()
    ended = place(shop.root, Hold("", "a case", "S091b", "legal", of_ann, NOON - MINUTE))
    lift(shop.root, ended.hold, NOON)
    place(shop.root, Hold("", "another", "S091b", "legal", replace(of_ann, to_day=before), NOON))
    assert shop.erase("ann").facts["kept"] == []
    assert not rescan(shop.settings.data, needles_of(names)).total
    found = Holds.of(shop.root, NOON)
    assert [one.ground for one in found.active] == ["another"]
    assert not found.mask("page_view", shop.rows()).any(), "it lies on nobody else"
    assert holds(shop)


@pytest.mark.clause("S079b")
def test_who_asked_for_a_restriction_first_is_erased_with_it(shop: ErasingShop) -> None:
    names = named(shop.deployment, [SubjectRef("", "ann")], NOON)
    restrict(shop.root, "r1", "", list(names[0].stored), NOON)
    shop.erase("ann")
    assert rescan(shop.settings.data, needles_of(names)).found == {}
    assert standing(shop.root).num_rows == 0
    assert holds(shop)


@pytest.mark.clause("S079b")
def test_a_thousand_subjects_go_in_one_run_with_one_certificate(tmp_path: Path) -> None:
    shop = ErasingShop(tmp_path)
    crowd = [f"customer-{n}" for n in range(60)]
    shop.store(*(shop.view(subject=one) for one in crowd))
    certificate = shop.erase(*crowd[:50])
    assert certificate.facts["subjects"] == 50
    assert certificate.facts["erased"]["secrets"] == 50
    assert shop.rows().num_rows == 10
    assert holds(shop)
