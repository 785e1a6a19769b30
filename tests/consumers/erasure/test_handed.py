"""What views and recipients call somebody is searched for, too; what is out of reach stands in the certificate."""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kit.disclosing import RECIPIENT, killed
from kit.erasing import ErasingShop
from kit.policies import OPERATE
from kit.shop import NOON
from remit_consumers.erasure.erase import finish
from remit_consumers.erasure.known_as import RECIPIENT_DOMAIN, every_name
from remit_consumers.erasure.names import named
from remit_consumers.erasure.notices import notices
from remit_consumers.erasure.residue import Needles, found_in
from remit_consumers.erasure.scope import Scope, SubjectRef
from remit_consumers.sharing.formats import Format
from remit_consumers.sharing.share import share
from remit_consumers.sharing.terms import Asked
from remit_consumers.views.building import build
from remit_consumers.views.store import BUILDING


@pytest.fixture
def shop(tmp_path: Path) -> ErasingShop:
    """A shop that two visited."""
    shop = ErasingShop(tmp_path)
    shop.store(shop.view(), shop.view(subject="bob"))
    return shop


def names_of(shop: ErasingShop, domain: str) -> set[str]:
    """Everything that ann is called there."""
    (one,) = named(shop.deployment, [SubjectRef("", "ann")], NOON)
    return every_name(shop.settings.keys, domain, one.stored, [NOON.date()])


def hand_over(shop: ErasingShop, place: Path, form: Format = Format.PARQUET) -> None:
    share(shop.deployment, Asked(RECIPIENT, form=form), place, NOON)


def stands(folder: Path, names: set[str]) -> bool:
    """Whether a name stands in a file, decompressed."""
    texts = [
        str(pq.read_table(file).to_pydict())
        if file.suffix == ".parquet"
        else file.read_text("latin-1")
        for file in folder.rglob("*")
        if file.is_file()
    ]
    return any(name in text for text in texts for name in names)


@pytest.mark.clause("S079a", "S086a")
@pytest.mark.parametrize("form", Format)
def test_a_folder_that_still_lies_below_the_data_folder_goes_if_it_holds_who_is_erased(
    shop: ErasingShop, form: Format
) -> None:
    names = names_of(shop, RECIPIENT_DOMAIN + RECIPIENT)
    place = shop.settings.data / "out" / "first"
    hand_over(shop, place, form)
    assert stands(place, names)
    (place / "notes").mkdir()  # of whoever looks after the folder
    certificate = shop.erase("ann")
    assert not place.exists()
    assert certificate.facts["search"]["found"] == 0
    hand_over(shop, place, form)
    assert not stands(place, names)
    shop.erase("nobody")
    assert (place / "terms.json").exists(), "a folder that holds nobody who is erased stays"


@pytest.mark.clause("S086a")
def test_a_certificate_names_what_is_out_of_reach_and_the_notice_who_it_is(
    shop: ErasingShop, tmp_path: Path
) -> None:
    names = names_of(shop, RECIPIENT_DOMAIN + RECIPIENT)
    hand_over(shop, tmp_path / "elsewhere")
    certificate = shop.erase("ann")
    assert stands(tmp_path / "elsewhere", names)
    exempt = [one["what"] for one in certificate.facts["exempt"]]
    assert len(exempt) == 5
    assert "messages in recipients' topics" in exempt
    (notice,) = notices(shop.root)
    assert {*notice.subjects.split(",")} & names
    told = pq.read_table(next((tmp_path / "elsewhere").glob("*.parquet")))["subject"].to_pylist()
    assert {*notice.subjects.split(",")} & {*told}, "by the name in the file"
    assert len(shop.erase("bob").facts["exempt"]) == 5
    assert len(shop.erase("nobody").facts["exempt"]) == 2


def test_a_view_that_somebody_stands_in_still_goes(shop: ErasingShop) -> None:
    names = names_of(shop, OPERATE)
    views = shop.settings.views
    build(shop.settings, shop.deployment.policy, OPERATE, NOON)
    assert stands(views, names)
    left = views / OPERATE / f"{BUILDING}-page_view"
    left.mkdir()
    (left / "rows.csv").write_text("\n".join(names))
    shop.erase("ann")
    assert not stands(views, names)


@pytest.mark.clause("S079b")
def test_what_came_back_before_an_erasure_was_done_goes_at_the_next_start(
    shop: ErasingShop,
) -> None:
    names = names_of(shop, OPERATE) | names_of(shop, RECIPIENT_DOMAIN + RECIPIENT)
    views, place = shop.settings.views, shop.settings.data / "out"
    hand_over(shop, place, Format.CSV)
    build(shop.settings, shop.deployment.policy, OPERATE, NOON)
    whole = {file: file.read_bytes() for file in views.rglob("*") if file.is_file()}
    killed(shop, "erase", "erase.drop_handed")
    for file, data in whole.items():  # a view that did not follow
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    assert stands(views, names)
    assert stands(place, names)
    (certificate,) = finish(shop.deployment, NOON)
    assert certificate.facts["search"]["found"] == 0
    assert not stands(shop.settings.data, names - {*told_of(shop)})
    assert not place.exists()


def told_of(shop: ErasingShop) -> list[str]:
    """The names in notices, which must bear them."""
    return [name for one in notices(shop.root) for name in one.subjects.split(",")]


def test_such_a_name_is_found_in_whatever_a_file_is(shop: ErasingShop) -> None:
    names = frozenset(names_of(shop, RECIPIENT_DOMAIN + RECIPIENT))
    needles = Needles((), names=names)
    for form in Format:
        place = shop.settings.data / form
        hand_over(shop, place, form)
        found = found_in(shop.settings.data, [place], needles)
        assert sum(found.values()) == 1
        assert not found_in(shop.settings.data, [place], Needles((), names=frozenset({"0" * 32})))


def test_a_part_of_somebody_takes_no_folder_away(shop: ErasingShop) -> None:
    place = shop.settings.data / "out"
    hand_over(shop, place)
    shop.erase("ann", scope=Scope(categories=("user.device",)))
    assert json.loads((place / "terms.json").read_text())["assignee"] == RECIPIENT
    assert isinstance(pq.read_table(next(place.glob("*.parquet"))), pa.Table)
